"""Doubts about authenticity that one post shows by itself, with evidence. A flag never hides or lowers a post."""

from __future__ import annotations

from collections.abc import Sequence

from enrichers.base import Draft
from enrichers.scoring import incentive
from schemas.enriched import Authenticity as Doubts
from schemas.enriched import EnrichedPost, Flag


class Authenticity:
    """The enricher `authenticity`: declared incentive, incentive told in the words, rating against words.

    Evidence quotes at most six words of the redacted clean text. A company's own posts are not searched for offers.
    """

    name = "authenticity"
    version = "1"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `authenticity`; needs `clean_text`, and makes use of `rating_disagrees` and the translation."""
        return [draft.with_post(authenticity=Doubts(flags=_flags(draft.post))) for draft in drafts]

    def close(self) -> None:
        """Nothing to free."""


def _flags(post: EnrichedPost) -> list[Flag]:
    flags = []
    if post.incentivised:
        flags.append(Flag(name="declared-incentive", evidence="the channel marks the post as incentivised"))
    told = _told(post)
    if told is not None:
        flags.append(Flag(name="detected-incentive", evidence=told))
    if post.rating_disagrees and post.rating is not None:
        mood = post.sentiment
        flags.append(
            Flag(
                name="rating-disagrees",
                evidence=f"rated {post.rating.value:g} of {post.rating.best:g}, but the words are {mood.label}"
                f" (score {mood.score})",
            )
        )
    return flags


def _told(post: EnrichedPost) -> str | None:
    if post.author is not None and post.author.role == "company":
        return None
    for text in (post.clean_text, post.title or ""):
        quoted = incentive.found(text)
        if quoted is not None:
            return f"it says “{quoted}”"
    english = post.translation.text if post.translation is not None else None
    if english and incentive.found(english) is not None:
        return "its English tells of something given for a review"
    return None
