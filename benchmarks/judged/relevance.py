"""Are adverts and spam told from feedback? Own-written posts, half of the set near misses: feedback that sounds alike.

The `unseen` part was written after the cues were settled.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.judged.enriched import START_MS, enriched, raw, rows
from enrichers.scoring.promotion import PromotionCues

FEEDBACK = Path(__file__).parents[1] / "feedback"


def main(arguments: list[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", action="store_true", help="print each mistake")
    options = parser.parse_args(arguments)
    told = rows("relevance")
    marked = [
        (row, draft.post.relevance)
        for row, draft in zip(told, enriched([raw(row) for row in told], [START_MS] * len(told)), strict=True)
    ]
    print(f"relevance: {len(told)} posts, {sum(not row['relevant'] for row in told)} of them adverts or spam")
    for part in ("tuned", "unseen"):
        mine = [(row, judged is None or judged.relevant) for row, judged in marked if row["part"] == part]
        score(part, mine)
        for language in sorted({row["language"] for row, _ in mine}):
            score(f"  {language}", [(row, relevant) for row, relevant in mine if row["language"] == language])
    feedback()
    if options.show:
        for row, judged in marked:
            if (judged is None) != row["relevant"]:
                print(json.dumps({**row, "evidence": judged.evidence if judged else None}, ensure_ascii=False))


def feedback() -> None:
    """What the cues alone mark in the posts that other models learn from, which were written without them in view."""
    cues = PromotionCues()
    posts = [json.loads(line) for path in sorted(FEEDBACK.glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    marked = Counter(tuple(post["intents"]) for post in posts if cues.found(post["text"]) is not None)
    told = ", ".join(f"{count} with intent {'+'.join(intents)}" for intents, count in marked.most_common())
    print(f"  of {len(posts)} posts of benchmarks/feedback, the cues mark {marked.total()}: {told}")


def score(name: str, judged: list[tuple[dict[str, Any], bool]]) -> None:
    """Prints precision and recall of what is marked as an advert or spam."""
    counts = Counter((row["relevant"], relevant) for row, relevant in judged)
    right, wrong, missed = counts[False, False], counts[True, False], counts[False, True]
    print(
        f"  {name:<8} precision {right / max(1, right + wrong):.2f}  recall {right / max(1, right + missed):.2f}"
        f"  ({right} right, {wrong} wrong, {missed} missed, {counts[True, True]} left alone)"
    )


if __name__ == "__main__":
    main()
