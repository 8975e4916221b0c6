"""Is what a post wants understood? Own-written posts, kept apart from what the intent head was fitted and tuned on."""

from __future__ import annotations

import argparse
from typing import Final

from benchmarks.judged.enriched import START_MS, enriched, raw, rows

LABELS: Final = ("complaint", "suggestion", "question", "praise", "other")


def macro_f1(pairs: list[tuple[set[str], set[str]]]) -> dict[str, float]:
    """F1 of each label in (wanted, found), and their mean under `macro`."""
    scores = {}
    for label in LABELS:
        right = sum(label in wanted and label in found for wanted, found in pairs)
        spoken = sum(label in found for _, found in pairs)
        there = sum(label in wanted for wanted, _ in pairs)
        scores[label] = 2 * right / max(1, spoken + there)
    scores["macro"] = sum(scores.values()) / len(LABELS)
    return scores


def main(arguments: list[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", action="store_true", help="print each mistake")
    options = parser.parse_args(arguments)
    told = rows("intents")
    drafts = enriched([raw(row) for row in told], [START_MS] * len(told))
    pairs = []
    for row, draft in zip(told, drafts, strict=True):
        found: set[str] = {intent.label for intent in draft.post.intents}
        pairs.append((set(row["intents"]), found))
        if options.show and found != set(row["intents"]):
            print(f"  {row['language']} wanted {row['intents']} got {sorted(found)}: {row['text']}")
    print(f"intents: {len(told)} posts in six languages, never used to fit or tune")
    print("            " + "  ".join(f"{label:>10}" for label in (*LABELS, "macro")))
    for language in (None, *sorted({row["language"] for row in told})):
        own = [pair for row, pair in zip(told, pairs, strict=True) if language in (None, row["language"])]
        scores = macro_f1(own)
        print(f"  {language or 'all':<10}" + "  ".join(f"{scores[label]:>10.2f}" for label in (*LABELS, "macro")))


if __name__ == "__main__":
    main()
