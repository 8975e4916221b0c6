"""Adverts and spam are marked, with the reason as evidence. A mark hides nothing; it keeps a post out of alerts."""

from __future__ import annotations

from collections.abc import Sequence

from enrichers.base import Draft
from enrichers.scoring.promotion import SURE, PromotionCues
from schemas.enriched import EnrichedPost
from schemas.enriched import Relevance as Judged

COMPLAINS = 0.5
"""Confidence in a complaint from which a negative post is no advert, unless its cues leave no doubt."""


class Relevance:
    """The enricher `relevance`: null where nothing speaks against a post, else that it is an advert or spam, and why.

    Precision comes first: a complaint is never an advert, whatever links, prices and offers it quotes.
    """

    name = "relevance"
    version = "1"

    def __init__(self) -> None:
        self._cues = PromotionCues()

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `relevance`; needs `clean_text`, and makes use of `sentiment` and `intents`."""
        return [draft.with_post(relevance=self._judged(draft.post)) for draft in drafts]

    def close(self) -> None:
        """Nothing to free."""

    def _judged(self, post: EnrichedPost) -> Judged | None:
        if post.author is not None and post.author.role == "company":
            return None
        found = self._cues.found(f"{post.title}\n{post.clean_text}" if post.title else post.clean_text)
        if found is None or (found.weight < SURE and _complains(post)):
            return None
        return Judged(relevant=False, kind=found.kind, evidence=found.evidence)


def _complains(post: EnrichedPost) -> bool:
    complaint = max((one.confidence for one in post.intents if one.label == "complaint"), default=0.0)
    return post.sentiment.label == "negative" and complaint >= COMPLAINS
