"""Are doubts raised where a person would raise them? Own-written posts with the flags they ought to get.

The `unseen` part was written after the rules were settled, and nothing was changed for it.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.judged.enriched import START_MS, enriched, raw, rows
from schemas.enriched import Flag
from schemas.signals import Signal
from streams.links.memory import Memory
from streams.signals import signal_of

HOUR_MS = 3_600_000


def found(cache: Path | None) -> list[list[Flag]]:
    """Per row of the set, the flags of its own words and those that comparing raises, in order of event time."""
    told = rows("authenticity")
    if cache is not None and cache.exists():
        made = msgspec.json.decode(cache.read_bytes(), type=list[tuple[Signal, list[Flag]]])
    else:
        times = [START_MS + row["hour"] * HOUR_MS for row in told]
        drafts = enriched([raw(row) for row in told], times)
        made = [(signal_of(draft), list(draft.post.authenticity.flags)) for draft in drafts]
        if cache is not None:
            cache.write_bytes(msgspec.json.encode(made))
    memory = Memory()
    for signal, _ in sorted(made, key=lambda one: one[0].event_time):
        memory.observe(signal)
    compared = {}
    for signal, _ in made:
        telling = memory.get(signal.brand, signal.identity)
        compared[signal.identity] = telling.flags if telling is not None else []
    return [[*own, *compared[signal.identity]] for signal, own in made]


def main(arguments: list[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", action="store_true", help="print each mistake")
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args(arguments)
    told = rows("authenticity")
    flagged = list(zip(told, found(options.cache), strict=True))
    print(f"authenticity: {len(told)} posts, {sum(bool(row['flags']) for row in told)} with a doubt")
    for part in ("tuned", "unseen"):
        print(f" {part}")
        score([(row, flags) for row, flags in flagged if row["part"] == part], show=options.show)


def score(flagged: list[tuple[dict[str, Any], list[Flag]]], *, show: bool) -> None:
    """Prints precision and recall by flag."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for row, flags in flagged:
        names, wanted = {flag.name for flag in flags}, set(row["flags"])
        right.update(names & wanted)
        wrong.update(names - wanted)
        missed.update(wanted - names)
        if show and names != wanted:
            print(f"  {row['id']} got {sorted(names)} wanted {sorted(wanted)}: {json.dumps(row, ensure_ascii=False)}")
    for name in sorted({*right, *wrong, *missed}):
        _line(name, right[name], wrong[name], missed[name])
    _line("all", right.total(), wrong.total(), missed.total())


def _line(name: str, right: int, wrong: int, missed: int) -> None:
    precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
    print(
        f"  {name:<20} precision {precision:.2f}  recall {recall:.2f}  ({right} right, {wrong} wrong, {missed} missed)"
    )


if __name__ == "__main__":
    main()
