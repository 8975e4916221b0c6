"""What a negative post can cost: negativity × reach, with the factors beside the score."""

from __future__ import annotations

from collections.abc import Sequence

from enrichers.base import Draft
from enrichers.scoring.reach import ReachScale, negativity, reach, severity
from schemas.enriched import Severity as Cost


class Severity:
    """The enricher `severity`: None for an unscored post, 0 for one that is not negative. Formula: `scoring/reach`.

    A company's own reply costs it nothing, however sorry it sounds: 0.
    """

    name = "severity"
    version = "1"

    def __init__(self, scale: ReachScale | None = None) -> None:
        self._scale = scale or ReachScale()

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `severity`; needs `sentiment`, and makes use of `intents` and the channel's counts."""
        return [self._apply(draft) for draft in drafts]

    def close(self) -> None:
        """Nothing to free."""

    def _apply(self, draft: Draft) -> Draft:
        post = draft.post
        complaint = max((i.confidence for i in post.intents if i.label == "complaint"), default=0.0)
        negative = negativity(post.sentiment, complaint)
        if negative is not None and post.author is not None and post.author.role == "company":
            negative = 0.0
        reached = reach(post, self._scale)
        for name in reached.clamped:
            draft = draft.noted(f"severity: {name} is out of range and was clamped")
        if negative is None:
            return draft.with_post(severity=None)
        factors = {**reached.factors, "complaint": round(complaint, 4)}
        if post.sentiment.confidence is not None:
            factors["confidence"] = post.sentiment.confidence
        score = severity(negative, reached.score, self._scale)
        return draft.with_post(severity=Cost(score=score, negativity=negative, reach=reached.score, factors=factors))
