"""Doubts about authenticity that one post shows by itself, with evidence. A flag never hides or lowers a post."""

from __future__ import annotations

from collections.abc import Sequence

from enrichers.base import Draft
from enrichers.scoring import incentive, insiders
from schemas.enriched import Authenticity as Doubts
from schemas.enriched import EnrichedPost, Flag


class Authenticity:
    """The enricher `authenticity`: incentive declared or told in the words, praise by the company's own people, rating
    against words.

    Evidence quotes at most six words of the redacted clean text. A company's own posts are not searched for offers.
    """

    name = "authenticity"
    version = "3"

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
    insider = _insider(post)
    if insider is not None:
        flags.append(Flag(name="own-people", evidence=insider))
    if post.rating_disagrees and post.rating is not None and (told is None or _mood_beside_offer(post)):
        mood = post.sentiment
        flags.append(
            Flag(
                name="rating-disagrees",
                evidence=f"rated {post.rating.value:g} of {post.rating.best:g}, but the words are {mood.label}"
                f" (score {mood.score})",
            )
        )
    return flags


def _insider(post: EnrichedPost) -> str | None:
    """Praise by somebody of the company: as the channel says, or as the words do. An answer to a post is no praise."""
    rated_high = post.rating is not None and post.rating.best > 0 and post.rating.value / post.rating.best >= 0.8
    if post.sentiment.label != "positive" and not rated_high:
        return None
    if post.author is not None and post.author.role == "company":
        return None if post.in_reply_to else "the author is the company itself"
    quoted = insiders.found(post.clean_text)
    return f"it says “{quoted}”" if quoted is not None else None


def _mood_beside_offer(post: EnrichedPost) -> bool:
    """Whether a sentence that tells of no incentive has the post's mood: one that does says nothing of the product."""
    for span in post.spans:
        said = (post.clean_text[span.start : span.end], (span.translation.text if span.translation else None) or "")
        alike = span.sentiment is not None and span.sentiment.label == post.sentiment.label
        if alike and all(incentive.found(text) is None for text in said):
            return True
    return False


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
