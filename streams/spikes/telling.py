"""An alert's record out of what a series remembers."""

from __future__ import annotations

import hashlib

from schemas.alerts import Alert
from schemas.identity import from_millis
from streams.spikes.baseline import Rule
from streams.spikes.episode import Episode, next_version
from streams.spikes.series import Series, posts_in, severity_in, usual_severity, usual_share
from streams.spikes.tails import deviations


def alert_id(brand: str, name: str, episode: Episode) -> str:
    """The identity of a series' alert: of the series and when its excess began."""
    return hashlib.sha256(f"brand={brand}/{name}@{episode.since}".encode("utf-8", "replace")).hexdigest()[:32]


def alert_of(brand: str, name: str, series: Series, at: int, rule: Rule) -> Alert:
    """The record of an open alert after a change; once ended, it tells the peak.

    `at` is milliseconds of event time. Counts a version up.
    """
    episode = series.open
    if episode is None:
        raise ValueError("only an open alert can be told")
    peak = episode.peak
    dimension, _, value = name.partition("=")
    key = f"brand={brand}/{name}"
    end, length = peak.at // rule.bucket_ms, peak.window_ms // rule.bucket_ms
    ended = episode.change == "ended"
    weight = severity_in(series, end, length)
    posts = posts_in(series, end, length, rule)
    return Alert(
        id=alert_id(brand, name, episode),
        series=key,
        brand=brand,
        dimension=dimension,
        value=value,
        state=episode.change,
        version=next_version(episode, at),
        since=from_millis(episode.since),
        at=from_millis(at),
        window_seconds=peak.window_ms // 1000,
        observed=peak.observed,
        expected=round(peak.expected, 3),
        score=round(deviations(peak.log10_p), 2),
        exemplars=episode.exemplars,
        topics=episode.topics,
        new_words=episode.news,
        measure=peak.measure,  # type: ignore[arg-type]
        log10_p=round(peak.log10_p, 1),
        incident=episode.incident,
        leads=episode.leading == name,
        wakes=episode.leading == name and not ended and episode.acknowledged is None,
        acknowledged=episode.acknowledged,
        leading=f"brand={brand}/{episode.leading}",
        peak_at=from_millis(peak.at),
        posts=None if ended else posts,
        usual_share=round(usual_share(series, rule), 3),
        severity=None if ended else round(weight, 3),
        expected_severity=round(peak.expected * usual_severity(series), 3),
    )
