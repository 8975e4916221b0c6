"""How far a post reaches and how negative it is, each in [0, 1], with the factors. Pure functions.

    reach_f  = log(1 + value) / log(1 + full_f), clamped to [0, 1], for f in followers, views, shares, likes
    reach    = base + (1 - base) * max over f of weight_f * reach_f
    severity = negativity * (floor + (1 - floor) * reach)

Logarithms, because an audience ten times as large is one step worse, not ten. The maximum, because views, likes and
followers count the same people. `floor`: a complaint that nobody else sees still matters to the one who wrote it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.enriched import EnrichedPost, Sentiment

LARGEST: Final = 10**10
"""More people than there are: what lies above is an error, and is clamped."""

_COMPLAINT_WEIGHT = 0.15


@dataclass(frozen=True, slots=True)
class ReachScale:
    """Per factor, the count at which it is full and its weight; what a post reaches at least; severity's floor."""

    followers: float = 1_000_000
    views: float = 1_000_000
    shares: float = 10_000
    likes: float = 50_000
    followers_weight: float = 0.8
    views_weight: float = 1.0
    shares_weight: float = 1.0
    likes_weight: float = 0.9
    base: float = 0.0
    floor: float = 0.2


@dataclass(frozen=True, slots=True)
class Reach:
    """The reach, each factor's own in [0, 1] (absent where the channel does not tell), and the odd values' names."""

    score: float
    factors: Mapping[str, float]
    clamped: tuple[str, ...] = ()


def reach(post: EnrichedPost, scale: ReachScale = ReachScale()) -> Reach:
    """From what the channel tells of the audience. What it does not tell counts as nothing and is no factor."""
    told = {
        "followers": (post.author.followers if post.author else None, scale.followers, scale.followers_weight),
        "views": (post.views, scale.views, scale.views_weight),
        "shares": (post.shares, scale.shares, scale.shares_weight),
        "likes": (post.likes, scale.likes, scale.likes_weight),
    }
    factors: dict[str, float] = {}
    strongest = 0.0
    clamped: list[str] = []
    for name, (value, full, weight) in told.items():
        if value is None:
            continue
        sane = min(max(value, 0), LARGEST)
        if sane != value:
            clamped.append(name)
        factors[name] = round(min(1.0, math.log1p(sane) / math.log1p(full)), 4)
        strongest = max(strongest, weight * factors[name])
    return Reach(round(scale.base + (1 - scale.base) * strongest, 4), factors, tuple(clamped))


def negativity(sentiment: Sentiment, complaint: float = 0.0) -> float | None:
    """How negative the words are, in [0, 1]; 0 unless the label is negative; None where they are unscored.

    From the score's size, drawn towards what is certain by the confidence; a complaint (its probability) adds up to
    0.15: it asks for something to be done.
    """
    if sentiment.score is None or sentiment.confidence is None:
        return None
    if sentiment.label != "negative" or sentiment.score >= 0:
        return 0.0
    felt = -sentiment.score * (0.5 + 0.5 * sentiment.confidence)
    return round(min(1.0, felt + _COMPLAINT_WEIGHT * min(max(complaint, 0.0), 1.0) * (1 - felt)), 4)


def severity(negative: float, reached: float, scale: ReachScale = ReachScale()) -> float:
    """The product, in [0, 1]: 0 for what is not negative, 1 for pure negativity that everybody sees."""
    return round(min(1.0, max(0.0, negative * (scale.floor + (1 - scale.floor) * reached))), 4)
