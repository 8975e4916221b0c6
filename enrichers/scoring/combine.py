"""From the moods of a post's parts to the mood of the post, and a rating beside it. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np

from enrichers.scoring.heads import Scores
from schemas.enriched import UNSCORED, Sentiment, SentimentLabel
from schemas.raw import Rating

LABELS: Final[tuple[SentimentLabel, ...]] = get_args(SentimentLabel)
"""negative, neutral, positive: the order of every probability row."""

_WHOLE_SHARE = 2 / 3
_WHOLE_SHARE_TITLED = 1 / 2
_MIXED_SHARE = 0.25
_MIXED_GAP = 0.2
_MIXED_SURE = 0.6
_CLEAR_SCORE = 0.3
_CLEAR_CONFIDENCE = 0.55
_FAR_FROM_MIDDLE = 0.4
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Part:
    """A title or span that was scored: probabilities (3,) and its length in characters."""

    probabilities: Scores
    length: int


def sentiment(probabilities: Scores) -> Sentiment:
    """Probabilities (3,) as a label, a score (positive minus negative) and the label's probability."""
    best = int(np.argmax(probabilities))
    return Sentiment(
        status="scored",
        label=LABELS[best],
        score=round(float(probabilities[2] - probabilities[0]), _DECIMALS),
        confidence=round(min(1.0, float(probabilities[best])), _DECIMALS),
    )


def combined(parts: Sequence[Part], whole: Scores | None = None, *, titled: bool = False) -> Sentiment:
    """The mood of a post: its parts together, and `whole`, what it says when read at once; unscored without any.

    Each part weighs with the square root of its length (a long story is one mood, not many) and with how far it is
    from saying nothing: a neutral "It came on Tuesday." hardly dilutes what the rest feels. The whole counts twice as
    much as its parts together, which know nothing of what one sentence does to the next; `titled`, where one part is
    a title, which the whole leaves out, it counts as much as they. Where it is not known, some parts surely
    praise and others surely blame, and neither outweighs the other, the post is mixed: its label is neutral and its
    score is near 0.
    """
    if not parts:
        return UNSCORED
    if len(parts) == 1:
        return sentiment(parts[0].probabilities)
    weights = np.array([math.sqrt(max(1, part.length)) * _weight(part.probabilities) for part in parts])
    rows = np.stack([part.probabilities for part in parts])
    mean = (weights[:, None] * rows).sum(axis=0) / weights.sum()
    if whole is not None:
        share = _WHOLE_SHARE_TITLED if titled else _WHOLE_SHARE
        return sentiment((1 - share) * mean + share * whole)
    if _mixed(rows, mean):
        shared = min(mean[0], mean[2])
        mean = mean + np.array([-shared / 2, shared, -shared / 2])  # half of what cancels out
    return sentiment(mean)


def rating_score(rating: Rating | None) -> float | None:
    """The channel's rating mapped to [-1, 1], the lowest to -1: 1 of 5 (or 0) is -1, 3 of 5 is 0. None if unusable."""
    if rating is None or not (math.isfinite(rating.value) and math.isfinite(rating.best)):
        return None
    if rating.best <= 1 or not 0 <= rating.value <= rating.best:
        return None
    return max(-1.0, 2 * (rating.value - 1) / (rating.best - 1) - 1)


def disagrees(rating: Rating | None, words: Sentiment) -> bool | None:
    """Whether a rating and confident words are opposite; None where either is missing."""
    given = rating_score(rating)
    if given is None or words.score is None or words.confidence is None:
        return None
    clear = abs(words.score) >= _CLEAR_SCORE and words.confidence >= _CLEAR_CONFIDENCE and words.label != "neutral"
    return clear and abs(given) >= _FAR_FROM_MIDDLE and given * words.score < 0


def _weight(probabilities: Scores) -> float:
    """From nearly 0, for a part that is surely neutral, to about 1, for one that surely is not."""
    return 0.05 + float(1 - probabilities[1]) ** 2


def _mixed(rows: Scores, mean: Scores) -> bool:
    """Whether some parts surely praise, others surely blame, and neither side outweighs the other."""
    both = rows[:, 0].max() > _MIXED_SURE and rows[:, 2].max() > _MIXED_SURE
    return bool(both and min(mean[0], mean[2]) > _MIXED_SHARE and abs(mean[2] - mean[0]) < _MIXED_GAP)
