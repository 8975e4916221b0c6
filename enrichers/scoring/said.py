"""What a post says, piece by piece, as the heads read it."""

from __future__ import annotations

from enrichers.base import Draft
from enrichers.scoring.features import UNKNOWN, Utterance
from schemas.enriched import EnrichedPost
from schemas.vectors import Vector


def span_said(draft: Draft, index: int) -> Utterance:
    """One span, with its English and the vector of its own words where there are any."""
    post = draft.post
    span = post.spans[index]
    vector: Vector | None = None if draft.own_vectors is None else draft.own_vectors[index]
    english = span.translation.text if span.translation is not None else None
    return Utterance(post.clean_text[span.start : span.end], span.language, english, vector)


def main_language(post: EnrichedPost) -> str:
    """The language that most of a post is in; `und` where that is unknown."""
    return post.languages[0] if post.languages else post.language or UNKNOWN
