"""What a series' own past leads one to expect: an exponentially weighted mean and variance of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Rule:
    """When a window of negatives is a spike.

    `window_hours` is the length of a window, `history_windows` how many earlier ones make the baseline, `decay` the
    weight of the newest of them, `minimum` the fewest negatives that may raise an alert, `start` how many standard
    deviations above the expectation start one, `grow` by which factor it must rise to be told again.
    """

    window_hours: int = 24
    history_windows: int = 28
    decay: float = 0.15
    minimum: int = 6
    start: float = 5.0
    grow: float = 2.0


@dataclass(frozen=True, slots=True)
class Expectation:
    """Mean and variance of the number of negatives in one window."""

    mean: float
    variance: float

    def deviations(self, observed: float) -> float:
        """How many standard deviations `observed` stands above the mean.

        The variance is never taken below that of a Poisson count with one pseudo-event, so that a silent series
        does not make its first complaint a spike.
        """
        return (observed - self.mean) / sqrt(max(self.variance, self.mean) + 1.0)


def window_counts(hours: Mapping[int, int], end_hour: int, rule: Rule, first_hour: int) -> list[int]:
    """Negatives per window, newest first: [0] ends with `end_hour`, the others tile the time before it.

    `hours` maps hours since 1970 to counts. Windows that lie wholly before `first_hour` are unknown, not empty.
    """
    length = rule.window_hours
    known = max(0, min(rule.history_windows, (end_hour - length - first_hour + 1) // length))
    counts = [0] * (known + 1)
    for hour, count in hours.items():
        index = (end_hour - hour) // length
        if 0 <= index <= known:
            counts[index] += count
    return counts


def expectation(past: Sequence[int], rule: Rule) -> Expectation:
    """EWMA mean and variance over earlier windows, given newest first (Roberts 1959; West 1979 for the variance).

    A window that itself stands out is clipped, so that one outbreak does not hide the next.
    """
    mean = variance = 0.0
    for index, raw in enumerate(reversed(past)):
        ceiling = mean + 3.0 * sqrt(max(variance, mean) + 1.0)
        count = min(float(raw), ceiling) if index else float(raw)
        weight = max(rule.decay, 1.0 / (index + 1))  # the plain mean until there is enough to weigh
        delta = count - mean
        mean += weight * delta
        variance = (1.0 - weight) * (variance + weight * delta * delta)
    return Expectation(mean, variance)
