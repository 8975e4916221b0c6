"""Fills `spans`, `languages` and `language`: one language per sentence, or per part of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from enrichers.base import Draft
from enrichers.text.detector import UNKNOWN, Detector
from enrichers.text.spans import language_spans, shares
from schemas.enriched import EnrichedPost, Span

_CODE = re.compile(r"([a-z]{2})(?:[-_].*)?", re.DOTALL)


class Language:
    """Sentences and their languages, by eldc. `und` where a language cannot be told."""

    name = "language"
    version = "eldc-0.4/1"

    def __init__(self) -> None:
        self._detector = Detector()

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with spans and languages; earlier spans are replaced."""
        return [draft.with_post(**self._fields(draft.post)) for draft in drafts]

    def close(self) -> None:
        """Nothing to free."""

    def _fields(self, post: EnrichedPost) -> dict[str, Any]:
        stated = post.labels.get("language_claimed", post.language)
        claim = stated if isinstance(stated, str) and stated else None
        claimed = claimed_code(claim)
        pieces = language_spans(post.clean_text, self._detector, claimed)
        letters = shares(pieces)
        order = [code for code, count in letters.most_common() if count]
        known = [code for code in order if code != UNKNOWN]
        # a few words beside a text that cannot be told do not speak for it
        language = known[0] if known and letters[UNKNOWN] < 2 * letters[known[0]] else UNKNOWN
        fields: dict[str, Any] = {
            "spans": [
                Span(start=piece.start, end=piece.end, language=piece.language, confidence=round(piece.sure, 3))
                for piece in pieces
            ],
            "languages": order or [UNKNOWN],
            "language": language,
        }
        if claim and claimed != language:
            fields["labels"] = {**post.labels, "language_claimed": claim}
        return fields


def claimed_code(claim: str | None) -> str | None:
    """`es` of a claim such as "es", "ES" or "es-MX"; None for anything else and for `und`."""
    match = _CODE.fullmatch((claim or "").strip().lower())
    return match[1] if match else None
