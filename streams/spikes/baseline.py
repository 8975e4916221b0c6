"""The settings of detection: which windows, how much memory, where the line is."""

from __future__ import annotations

from dataclasses import dataclass, replace

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Rule:
    """When counts are a spike. Two questions must both be answered yes.

    - Does it stand out of the last days? `spans` (in buckets) are windows that end now; each one's distance from its
      own running mean, in its own running standard deviations, is divided by its line in `spans_line`; the mean of
      them is the `standout`, which must reach `start`. The variance keeps what bursts did to it: a series that bursts
      often asks for more. The lines are what each window alone needs for one false alarm in four weeks.
    - Is it beyond what its own weeks explain? For windows of `hours`, a negative binomial around a seasonal mean, past
      outbreaks down-weighted: log10 of its tail must be at most `line`, which is lowered by the number of series.

    `stay` is the part of both that keeps an alert open, `quiet_ms` for how long nothing may reach it before the alert
    has ended, `grow` the factor by which a count must rise to be told again, `minimum` the fewest events that may raise
    an alert, `warm_ms` how much of a series must be known first. `recent_days` and `season_days` are the time constants
    of the two memories; `outbreak` the log10 tail from which the past weighs less; `prior` a variance to mean for as
    long as fewer than some `prior_events` and `prior_windows` were seen; `clump` and `prior_clumps` the same for how
    many negatives come at a time; `week_spread` the relative deviation of a week that is like none before;
    `share_ratio` the least rise of the share of negatives, `share_margin` by how much (log10) it must be rarer than a
    number: it has no days of its own to stand out of.
    """

    bucket_ms: int = 300_000
    step: int = 3
    spans: tuple[int, ...] = (3, 12, 72, 288)
    spans_line: tuple[float, ...] = (6.8, 4.2, 2.3, 1.6)
    unit_ms: int = HOUR_MS
    hours: tuple[int, ...] = (1, 6, 24)
    cycle: int = 24
    minimum: float = 6.0
    start: float = 0.8
    line: float = -6.0
    stay: float = 0.5
    grow: float = 2.0
    quiet_ms: int = DAY_MS
    warm_ms: int = 3 * DAY_MS
    recent_days: float = 3.5
    season_days: float = 28.0
    outbreak: float = -5.0
    prior: float = 2.0
    prior_events: float = 10.0
    prior_windows: float = 4.0
    clump: float = 2.5
    prior_clumps: float = 1.0
    week_spread: float = 0.35
    share_ratio: float = 1.5
    share_margin: float = 0.5
    max_series: int = 250

    @property
    def unit(self) -> int:
        """Buckets in one unit of the seasonal baseline (an hour)."""
        return self.unit_ms // self.bucket_ms

    @property
    def reach(self) -> int:
        """Buckets that are kept: the longest window twice over, for what comes late and for the lag of the baseline."""
        return 2 * max(self.spans[-1], self.hours[-1] * self.unit)

    @property
    def recent_decay(self) -> float:
        """Weight of one step in the recent memory."""
        return min(1.0, self.step * self.bucket_ms / (self.recent_days * DAY_MS))

    @property
    def season_decay(self) -> float:
        """Weight of one unit in the long memory."""
        return min(1.0, self.unit_ms / (self.season_days * DAY_MS))


def rule_for(step_ms: int, rule: Rule = Rule()) -> Rule:
    """The rule for counts that come every `step_ms`: the same windows, as far as they can be told apart.

    Counts by the day, or coarser, are looked at over one and seven steps, with the week as their season.
    """
    if step_ms <= rule.bucket_ms:
        return rule
    if step_ms > HOUR_MS:
        day = max(step_ms, 6 * HOUR_MS) if step_ms < DAY_MS else step_ms
        return replace(
            rule,
            bucket_ms=day,
            step=1,
            spans=(1, 7),
            spans_line=(2.3, 1.6),
            unit_ms=day,
            hours=(1, 7),
            cycle=7,
            quiet_ms=3 * day,
            warm_ms=10 * day,
            recent_days=21 * day / DAY_MS,
            season_days=56 * day / DAY_MS,
        )
    lengths: dict[int, float] = {}
    for span, line in zip(rule.spans, rule.spans_line, strict=True):
        lengths[max(1, span * rule.bucket_ms // step_ms)] = line
    # a bucket that does not divide the hour would drift against it
    bucket = next(size for size in (5, 10, 15, 20, 30, 60) if size * 60_000 >= step_ms) * 60_000
    lengths = {
        max(1, span * rule.bucket_ms // bucket): line for span, line in zip(rule.spans, rule.spans_line, strict=True)
    }
    return replace(rule, bucket_ms=bucket, step=1, spans=tuple(lengths), spans_line=tuple(lengths.values()))
