"""The life of an alert: started, grown, ended; with hysteresis, so that it does not flicker."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from schemas.alerts import Acknowledgement, Exemplar
from streams.spikes.baseline import Rule
from streams.spikes.look import Reading

Change = Literal["started", "grown", "ended"]


class Peak(Struct, frozen=True, array_like=True):
    """An alert at its highest. `at` is milliseconds of event time."""

    at: int
    window_ms: int
    observed: float
    expected: float
    log10_p: float
    standout: float
    measure: str = "count"


class Episode(Struct, kw_only=True, omit_defaults=True):
    """An alert that has started and not ended. `told` is the count that was told last, `last` the last crossing."""

    since: int
    told: float
    last: int
    peak: Peak
    highest: tuple[float, int] = (0.0, 0)
    """How far the windows have stood out at most, and when."""
    version: int = 0
    change: Change = "started"
    incident: str = ""
    leading: str = ""
    """The series that leads the incident."""
    acknowledged: Acknowledgement | None = None
    """Who has taken the incident on; the same in all its alerts."""
    exemplars: list[Exemplar] = msgspec.field(default_factory=list)
    topics: list[str] = msgspec.field(default_factory=list)
    news: list[str] = msgspec.field(default_factory=list)


def crosses(reading: Reading | None, rule: Rule, line: float) -> bool:
    """Both questions are answered yes."""
    return reading is not None and reading.standout >= rule.start and reading.log10_p <= line


def stays(reading: Reading | None, rule: Rule, line: float) -> bool:
    """Not what starts an alert, yet enough for one to go on."""
    return reading is not None and reading.standout >= rule.stay * rule.start and reading.log10_p <= rule.stay * line


def peak_of(reading: Reading, at: int, rule: Rule) -> Peak:
    """The reading, as it is remembered: at the end of its window, where a late post is what changed it."""
    return Peak(
        max(at, reading.end * rule.bucket_ms),
        reading.length * rule.bucket_ms,
        reading.observed,
        reading.expected,
        reading.log10_p,
        reading.standout,
        reading.measure,
    )


def follow(episode: Episode, reading: Reading | None, at: int, rule: Rule, line: float) -> bool:
    """Takes in what an open alert's series shows now; True where it has grown enough to be told again."""
    if reading is None or not stays(reading, rule, line):
        return False
    episode.last = max(episode.last, at)
    episode.highest = max(episode.highest, (reading.standout, at))
    if reading.observed > episode.peak.observed:
        episode.peak = peak_of(reading, at, rule)
    if not crosses(reading, rule, line) or reading.observed < rule.grow * episode.told:
        return False
    episode.told = reading.observed
    episode.change = "grown"
    return True


def over(episode: Episode, now: int, rule: Rule) -> bool:
    """Nothing has kept the alert open for long enough; `now` is milliseconds of event time."""
    return now - episode.last >= rule.quiet_ms


def next_version(episode: Episode, at: int) -> int:
    """Milliseconds of event time, and always more than before: late posts change alerts too."""
    episode.version = max(at, episode.version + 1)
    return episode.version
