"""How far a series' counts scatter, as a belief over values of variance to mean rather than one estimate.

A young or quiet series has shown too little to tell clumps from chance. A tail that averages over what its counts
leave possible stays honest there, and sharpens with every event: single complaints soon rule wide scatter out.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log, log10

from streams.spikes.tails import LOWEST

GRID = tuple(1.02 * 1.5**step for step in range(18))
"""Values of variance to mean: from Poisson to a thousand."""
FALL = 0.2
"""Before anything is seen each value is believed this much as much as the one before."""
KEPT, WIDER, NARROWER = 0.78, 0.2, 0.02
"""How a longer window's scatter follows from a shorter one's: hours that rise together make it wider, rarely less."""
NEGLIGIBLE = 0.003
UNBELIEVED = 1e-11
"""What is believed less adds nothing to a chance that any line could ask for."""
TERMS = 40
_EMPTY = tuple(-log(ratio) / (ratio - 1.0) for ratio in GRID)
_GROWTH = tuple(log((ratio - 1.0) / ratio) for ratio in GRID)
_START = tuple(step * log(FALL) for step in range(len(GRID)))


def unknown() -> list[float]:
    """Log-likelihoods of the grid's values before anything is seen."""
    return [0.0] * len(GRID)


def learn(logs: list[float], observed: float, mean: float, weight: float, fade: float) -> None:
    """Takes in one window's count, in place: the log of its negative binomial probability for each value.

    What was seen before fades by `fade`; windows that overlap have a `weight` below 1. The likeliest value has 0.
    """
    if observed <= 0.0:
        found = [mean * one for one in _EMPTY]
    else:
        found = []
        for ratio, empty, growth in zip(GRID, _EMPTY, _GROWTH, strict=True):
            size = mean / (ratio - 1.0) + 1e-12
            found.append(lgamma(observed + size) - lgamma(size) + mean * empty + observed * growth)
    total = [fade * old + weight * new for old, new in zip(logs, found, strict=True)]
    highest = max(total)
    logs[:] = [one - highest for one in total]


def belief(logs: Sequence[Sequence[float]]) -> list[float]:
    """How much each value is believed of the last window, given what was seen of it and of the shorter ones before."""
    weights = _normal([start + seen for start, seen in zip(_START, logs[0], strict=True)])
    for own in logs[1:]:
        carried = _carried(weights)
        weights = _normal([log(one) + seen for one, seen in zip(carried, own, strict=True)])
    return weights


def mean_spread(weights: Sequence[float]) -> float:
    """The variance to mean that is expected of a belief."""
    return sum(weight * ratio for weight, ratio in zip(weights, GRID, strict=True))


def mixed_tail(
    weights: Sequence[float], observed: float, mean: float, *, events: float, model: float, extra: float = 0.0
) -> float:
    """log10 of P(X >= observed), averaged over the belief.

    The mean itself was estimated from some `events` (as Farrington and others, 1996, allow for), and the season may be
    off by a relative variance of `model`; `extra` is added to the variance to mean.
    """
    total, left = 0.0, 1.0
    for weight, ratio in zip(reversed(weights), reversed(GRID), strict=True):
        left -= weight
        if weight < max(UNBELIEVED, NEGLIGIBLE * total):
            continue
        chance = upper_tail(observed, mean, ratio + extra + mean * (ratio / events + model))
        total += weight * chance
        # the narrower the scatter the rarer the count: what is left cannot add more than this
        if left * chance < NEGLIGIBLE * total:
            break
    return max(LOWEST, log10(total)) if total > 0.0 else LOWEST


def upper_tail(observed: float, mean: float, ratio: float) -> float:
    """P(X >= observed) for a negative binomial of this variance to mean, for counts above the mean.

    The first terms are added up, and the rest is closed as a geometric series between the bounds of its ratios: right
    to a few hundredths of a power of ten, at a tenth of the cost of `log10_tail`.
    """
    if observed <= mean or observed <= 0.0:
        return 1.0
    ratio = max(ratio, GRID[0])
    size = max(mean, 1e-9) / (ratio - 1.0)
    growth = (ratio - 1.0) / ratio
    term = lgamma(observed + size) - lgamma(size) - lgamma(observed + 1.0) - size * log(ratio) + observed * log(growth)
    if term < -690.0:
        return 0.0
    part, total, count = 1.0, 0.0, observed
    for _ in range(TERMS):
        total += part
        part *= (count + size) / (count + 1.0) * growth
        count += 1.0
        if part < 1e-3 * total:
            break
    following = (count + size) / (count + 1.0) * growth
    return min(1.0, exp(term) * (total + part / (1.0 - 0.5 * (min(following, 1.0 - 1e-9) + growth))))


def _carried(weights: Sequence[float]) -> list[float]:
    carried = [1e-12] * len(weights)
    for place, weight in enumerate(weights):
        share = KEPT * weight
        for wider in range(place, len(weights)):
            if share < 1e-15:
                break
            carried[wider] += share
            share *= WIDER
        share = NARROWER * weight
        for narrower in range(place - 1, -1, -1):
            if share < 1e-15:
                break
            carried[narrower] += share
            share *= NARROWER
    return carried


def _normal(logs: Sequence[float]) -> list[float]:
    highest = max(logs)
    weights = [exp(one - highest) for one in logs]
    total = sum(weights)
    return [one / total for one in weights]
