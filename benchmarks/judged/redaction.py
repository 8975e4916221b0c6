"""Are e-mail addresses, phone, card and account numbers marked, and all else left alone? And what does it cost?"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from benchmarks.judged.enriched import rows
from enrichers.redact import redact_text
from enrichers.text.personal import find_personal


def main(arguments: list[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", action="store_true", help="print each mistake")
    options = parser.parse_args(arguments)
    told = rows("redaction")
    total: Counter[str] = Counter()
    found: Counter[str] = Counter()
    touched = clean = 0
    for row in told:
        places = find_personal(row["text"])
        for start, end, kind in row["personal"]:
            total[kind] += 1
            left = set(range(start, end)) - {at for a, b, _ in places for at in range(a, b)}
            hidden = not any(row["text"][at].isalnum() for at in left)
            found[kind] += hidden
            if options.show and not hidden:
                print(f"  missed {kind}: {row['text']}")
        if not row["personal"]:
            clean += 1
            touched += bool(places)
            if options.show and places:
                print(f"  touched: {redact_text(row['text'])[0]}")
    print(f"redaction: {len(told)} sentences in 5 languages, {total.total()} personal items, {clean} clean sentences")
    for kind in sorted(total):
        print(f"  {kind:<8} recall {found[kind] / total[kind]:.3f} ({found[kind]} of {total[kind]})")
    print(f"  all      recall {found.total() / total.total():.3f}; clean sentences touched {touched / clean:.3f}")
    dense = " ".join(f"{n}{n * 7 % 1000:03d} {n * 13 % 997} {n * 31 % 100_000:05d}" for n in range(100, 900))
    for name, text in (("prose", " ".join(row["text"] for row in told)), ("digits only", dense)):
        started = time.process_time()
        redact_text(text)
        print(f"  speed, {name}: {1e6 * (time.process_time() - started) / len(text):.2f} µs a character")


if __name__ == "__main__":
    main()
