"""What every enricher says of the golden posts, as JSON that a person can read and compare: `make golden`.

    python benchmarks/golden.py [--write]

Without --write it prints how the newest answers differ from the file that is checked in. Numbers are left to one
decimal, so that only what a reader would notice shows as a difference.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from schemas.enriched import EnrichedPost
from schemas.raw import RawPost
from streams.intake import to_draft
from streams.settings import load_settings
from streams.wiring import build_chain

FOLDER = Path(__file__).parents[1] / "tests" / "golden"
POSTS = FOLDER / "posts.jsonl"
ANSWERS = FOLDER / "answers.json"


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares what the enrichers say of the golden posts.")
    parser.add_argument("--write", action="store_true", help="take the newest answers as the right ones: read them")
    options = parser.parse_args()
    newest = text(answers())
    old = ANSWERS.read_text(encoding="utf-8") if ANSWERS.exists() else ""
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), newest.splitlines(True), "checked in", "newest"))
    if options.write:
        ANSWERS.write_text(newest, encoding="utf-8")
        return 0
    return int(old != newest)


def answers() -> dict[str, dict[str, Any]]:
    """Of every golden post by its id, in order, by the shipped profile without a topic model."""
    posts = [msgspec.json.decode(line, type=RawPost) for line in POSTS.read_text(encoding="utf-8").splitlines()]
    chain = build_chain(load_settings(environ={"VOCERO_REDACT_SECRET": "golden"}))
    try:
        return {draft.post.id: _said(draft.post) for draft in chain([to_draft(p, received_ms=0) for p in posts])}
    finally:
        chain.close()


def text(found: dict[str, dict[str, Any]]) -> str:
    """One line a field, so that a change shows alone."""
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _said(post: EnrichedPost) -> dict[str, Any]:
    mood = post.sentiment
    translation = post.translation
    return {
        "text": post.clean_text,
        "spans": [
            f"{span.language}: {post.clean_text[span.start : span.end]}"
            + (f" [{span.sentiment.label or 'unscored'}]" if span.sentiment is not None else "")
            for span in post.spans
        ],
        "translation": None if translation is None else f"{translation.status}: {translation.text or ''}",
        "sentiment": mood.label or "unscored",
        "score": None if mood.score is None else round(mood.score, 1),
        "rating_disagrees": post.rating_disagrees,
        "intents": [intent.label for intent in post.intents],
        "flags": [flag.name for flag in post.authenticity.flags],
        "severity": round(post.severity.score, 1) if post.severity is not None else None,
        "failed": post.provenance.failed,
        "notes": post.provenance.notes,
    }


if __name__ == "__main__":
    sys.exit(main())
