"""One look at a series: what its windows hold, what was expected of them, and whether that is over the line."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, log10

from streams.spikes.baseline import Rule
from streams.spikes.tails import deviations, log10_tail
from streams.spikes.track import Track, doubt, expected, standout, variance, window


@dataclass(frozen=True, slots=True)
class Reading:
    """The window that is furthest beyond its expectation. `end` is its last bucket, `length` its buckets."""

    end: int
    length: int
    observed: float
    expected: float
    log10_p: float
    standout: float
    measure: str = "count"

    @property
    def score(self) -> float:
        """Standard deviations above the expectation that are as rare as this."""
        return deviations(self.log10_p)


def warm(track: Track, rule: Rule) -> bool:
    """Enough is known of the series to compare with."""
    return (track.clock - track.first) * rule.bucket_ms >= rule.warm_ms


def look(track: Track, bucket: int, rule: Rule) -> Reading | None:
    """The reading after an event in `bucket`; None where there is too little to judge, or nothing to see.

    A late event is judged by the windows that end as late as they can and still hold it.
    """
    end = min(track.clock, bucket + rule.spans[-1] - 1)
    sums = track.sums if end == track.clock else [window(track, end, span) for span in rule.spans]
    if sums[-1] < rule.minimum or not warm(track, rule):
        return None
    stands = standout(track, sums, rule)
    if stands < rule.stay * rule.start:
        return None
    best: Reading | None = None
    for index, hours in enumerate(rule.hours):
        length = hours * rule.unit
        observed = window(track, end, length)
        if observed < rule.minimum:
            continue
        mean = expected(track, end, hours, rule)
        tail = log10_tail(observed, mean, variance(track, index, mean, rule))
        tail = min(tail, _occasions_tail(track, end, index, mean, rule))
        if best is None or tail < best.log10_p:
            best = Reading(end, length, observed, mean, tail, stands)
    return best


def _occasions_tail(track: Track, end: int, index: int, mean: float, rule: Rule) -> float:
    """The tail of how many separate times complaints came: those within an hour of the one before count once.

    However counts clump, clumps come by themselves: one that lasts a day is many, which no clump explains.
    (Declustering by blocks: Leadbetter, Lindgren and Rootzén 1983.)
    """
    length = rule.hours[index] * rule.unit
    occasions, last = 0, end - length - rule.unit
    for bucket in sorted(one for one in track.recent if end - length < one <= end):
        if bucket - last >= rule.unit:
            occasions, last = occasions + 1, bucket
    # at most one an hour, and never more than there are events
    usual = rule.hours[index] * -expm1(-mean / rule.hours[index])
    return log10_tail(occasions, usual, usual + usual * usual * doubt(track, index, 1.0, rule))


def line_for(rule: Rule, series: int, crossing: int) -> float:
    """The log10 of p that one of `series` needs where `crossing` others are over it already.

    The step-up of Benjamini and Hochberg (1995), taken one event at a time.
    """
    return rule.line - log10(max(1, series)) + log10(1 + min(crossing, series - 1 if series > 1 else 0))


def began(track: Track, reading: Reading) -> int:
    """The bucket in which the window's excess began: what came before it is no more than is expected of the window."""
    allowance = max(1.0, reading.expected + reading.expected**0.5)
    first = reading.end - reading.length + 1
    for bucket in sorted(one for one in track.recent if first <= one <= reading.end):
        allowance -= track.recent[bucket]
        if allowance < 0:
            return bucket
    return reading.end
