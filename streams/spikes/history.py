"""Detection over anyone's own counts, as they would have come: the same windows and lines as the stage has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise
from statistics import median

from streams.spikes.baseline import DAY_MS, Rule, rule_for
from streams.spikes.episode import Episode, Peak, crosses, follow, over, peak_of
from streams.spikes.look import began, look
from streams.spikes.track import add, new_track

SAMPLE = 200
"""Rows that tell how far apart rows are."""

ONE_SERIES = Rule(start=0.7, line=-1.0, quiet_ms=DAY_MS // 4)
"""For a single series that a person looks at: about one false alarm a week, where the stage, which watches thousands
of series, asks for less than one in a thousand weeks. The score then tells the strong from the weak."""


@dataclass(frozen=True, slots=True)
class Count:
    """A count at a time, in milliseconds since 1970."""

    at: int
    value: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """One rise, from its first crossing of the line to its end. Times are milliseconds since 1970.

    `at` is when it was told, `since` when the excess began, `last` when it was last kept open. `score` is how far the
    windows stood out of the days before at most, which was at `highest`; 1 is the windows' own line. `peak` is the
    fullest window; `open` where the counts end before the alarm has.
    """

    at: int
    since: int
    last: int
    score: float
    highest: int
    peak: Peak
    open: bool


def step_of(counts: Iterable[Count]) -> int:
    """Milliseconds between rows: the median distance of times that differ; five minutes where there is none."""
    times = sorted({count.at for count in counts})
    return round(median(later - one for one, later in pairwise(times))) if len(times) > 1 else 300_000


def alarms(counts: Iterable[Count], rule: Rule = ONE_SERIES, *, step_ms: int | None = None) -> Iterator[Alarm]:
    """Alarms in the order of their counts, each when it is over; memory does not grow with the file.

    `step_ms` is the distance of rows; by default the first rows tell it. Which counts raise an alarm is decided as each
    is read, by what was read before it.
    """
    source = iter(counts)
    head = list(islice(source, SAMPLE))
    fitted = rule_for(step_of(head) if step_ms is None else step_ms, rule)
    track = None
    episode: Episode | None = None
    told = 0
    for count in chain(head, source):
        bucket = count.at // fitted.bucket_ms
        if track is None:
            track = new_track(bucket, fitted)
        add(track, bucket, count.value, fitted)
        if episode is not None and over(episode, count.at, fitted):
            yield _alarm(episode, told, open_=False)
            episode = None
        reading = look(track, bucket, fitted)
        if reading is None:
            continue
        if episode is not None:
            follow(episode, reading, count.at, fitted, fitted.line)
        elif crosses(reading, fitted, fitted.line):
            told = count.at
            since = min(began(track, reading) * fitted.bucket_ms, count.at)
            peak = peak_of(reading, count.at, fitted)
            episode = Episode(since=since, told=reading.observed, last=count.at, peak=peak)
            episode.highest = (reading.standout, count.at)
    if episode is not None:
        yield _alarm(episode, told, open_=True)


def _alarm(episode: Episode, told: int, *, open_: bool) -> Alarm:
    score, highest = episode.highest
    return Alarm(told, episode.since, episode.last, score, highest, episode.peak, open_)


def strict(rule: Rule = ONE_SERIES) -> Rule:
    """The lines of the stage, which watches many series."""
    stage = Rule()
    return replace(rule, start=stage.start, line=stage.line, quiet_ms=stage.quiet_ms)
