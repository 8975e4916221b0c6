"""The series of one brand: counts of negatives in event time, and the alerts that follow from each post."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from math import sqrt

import msgspec
from msgspec import Struct

from schemas.alerts import Alert, Exemplar
from schemas.identity import from_millis
from schemas.signals import Signal
from streams.spikes.baseline import HOUR_MS, Rule, expectation, window_counts

EXEMPLARS = 5
KEEP_SEEN = 20_000


class Open(Struct, kw_only=True, omit_defaults=True):
    """An alert that has started and not ended."""

    since_hour: int
    told: int
    last_hour: int
    peak: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Observed, expected and score at its highest: what an ended alert is remembered by."""
    exemplars: list[Exemplar] = msgspec.field(default_factory=list)
    topics: list[str] = msgspec.field(default_factory=list)


class Series(Struct, kw_only=True, omit_defaults=True):
    """One dimension's value: negatives by hour since 1970, and the open alert if there is one."""

    hours: dict[int, int] = msgspec.field(default_factory=dict)
    open: Open | None = None
    recent: list[tuple[int, Exemplar]] = msgspec.field(default_factory=list)


class BrandState(Struct, kw_only=True, omit_defaults=True):
    """All that `alert` remembers of a brand. `applied` is the offset of the last signal in it."""

    applied: int = -1
    first_hour: int | None = None
    watermark: int = 0
    series: dict[str, Series] = msgspec.field(default_factory=dict)
    seen: dict[str, int] = msgspec.field(default_factory=dict)


def observe(state: BrandState, signal: Signal, *, offset: int, rule: Rule, silent: bool) -> list[Alert]:
    """Counts a signal and returns the alerts whose state it changed; `state` is changed in place.

    A signal whose offset was applied, or whose post was counted before (an edit, a redelivery), changes nothing.
    `silent` (history): it trains the baseline and raises nothing.
    """
    if offset <= state.applied:
        return []
    state.applied = offset
    hour = signal.event_time // HOUR_MS
    state.first_hour = hour if state.first_hour is None else min(state.first_hour, hour)
    state.watermark = max(state.watermark, hour)
    alerts = [] if silent else _ended(state, signal.brand, rule)
    if signal.sentiment != "negative" or signal.role == "company":
        return alerts
    key = signal.identity[:16]
    if key in state.seen:
        return alerts
    state.seen[key] = hour
    if len(state.seen) > KEEP_SEEN:
        _forget(state, rule)
    exemplar = Exemplar(
        identity=signal.identity, excerpt=signal.excerpt, translation=signal.translation, severity=signal.severity
    )
    labels = [label for _, label in signal.topics]
    for dimension, value in dimensions(signal):
        series = state.series.setdefault(f"{dimension}={value}", Series())
        series.hours[hour] = series.hours.get(hour, 0) + 1
        series.recent = _recent(series.recent, hour, exemplar, rule)
        if not silent and (alert := _judge(state, series, signal.brand, dimension, value, hour, labels, rule)):
            alerts.append(alert)
    return alerts


def dimensions(signal: Signal) -> list[tuple[str, str]]:
    """The series that a signal counts in: all of its brand, and one per value that it has."""
    pairs = [
        ("overall", "all"),
        ("channel", signal.channel),
        ("language", signal.language),
        ("place", signal.place),
        ("product", signal.product),
        *(("topic", topic) for topic, _ in signal.topics),
    ]
    return [(dimension, value[:200]) for dimension, value in pairs if value]


def _judge(
    state: BrandState, series: Series, brand: str, dimension: str, value: str, hour: int, labels: list[str], rule: Rule
) -> Alert | None:
    end = max(hour, min(state.watermark, hour + rule.window_hours - 1))
    counts = window_counts(series.hours, end, rule, state.first_hour or hour)
    observed = counts[0]
    if len(counts) < 4 or observed < rule.minimum:  # three earlier windows are the least to compare with
        return None
    expected = expectation(counts[1:], rule)
    score = expected.deviations(observed)
    if series.open is None:
        if score < rule.start:
            return None
        since = rise(series.hours, end, rule, expected.mean)
        series.open = Open(since_hour=since, told=observed, last_hour=hour)
        change = "started"
    elif observed >= rule.grow * series.open.told and score >= rule.start:
        series.open.told = observed
        change = "grown"
    else:
        if score >= rule.start:
            series.open.last_hour = max(series.open.last_hour, hour)
        change = None
    opened = series.open
    opened.peak = max(opened.peak, (float(observed), expected.mean, score))
    opened.exemplars = [e for _, e in sorted(series.recent, key=lambda pair: -pair[1].severity)][:EXEMPLARS]
    opened.topics = list(dict.fromkeys([*opened.topics, *labels]))[:EXEMPLARS]
    if change is None:
        return None
    opened.last_hour = max(opened.last_hour, hour)
    return _alert(brand, dimension, value, opened, change, hour, (observed, expected.mean, score), rule)


def rise(hours: Mapping[int, int], end: int, rule: Rule, expected: float) -> int:
    """The hour when the window's excess began: what came before it is no more than is expected of a whole window."""
    window = sorted(hour for hour in hours if end - rule.window_hours < hour <= end)
    allowance = max(1.0, expected + 2.0 * sqrt(expected))
    for hour in window:
        allowance -= hours[hour]
        if allowance < 0:
            return hour
    return end


def _ended(state: BrandState, brand: str, rule: Rule) -> list[Alert]:
    """Alerts whose window has passed without a new crossing."""
    alerts = []
    for name, series in state.series.items():
        opened = series.open
        if opened is None or state.watermark - opened.last_hour < rule.window_hours:
            continue
        dimension, _, value = name.partition("=")
        alerts.append(_alert(brand, dimension, value, opened, "ended", state.watermark, opened.peak, rule))
        series.open = None
    return alerts


def _alert(
    brand: str,
    dimension: str,
    value: str,
    opened: Open,
    change: str,
    hour: int,
    measured: tuple[float, float, float],
    rule: Rule,
) -> Alert:
    """The alert's record; `measured` is observed, expected and score."""
    observed, expected, score = measured
    series = f"brand={brand}/{dimension}={value}"
    seed = f"{series}@{opened.since_hour}"
    step = {"started": 0, "grown": 1, "ended": 2}[change]
    return Alert(
        id=hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:32],
        series=series,
        brand=brand,
        dimension=dimension,
        value=value,
        state=change,  # type: ignore[arg-type]
        version=hour * HOUR_MS + step,
        since=from_millis(opened.since_hour * HOUR_MS),
        at=from_millis(hour * HOUR_MS),
        window_seconds=rule.window_hours * 3600,
        observed=float(observed),
        expected=round(expected, 3),
        score=round(score, 2),
        exemplars=opened.exemplars,
        topics=opened.topics,
    )


def _recent(
    recent: list[tuple[int, Exemplar]], hour: int, exemplar: Exemplar, rule: Rule
) -> list[tuple[int, Exemplar]]:
    """The most severe posts of the last window."""
    kept = [(h, e) for h, e in recent if abs(hour - h) < rule.window_hours]
    kept.append((hour, exemplar))
    kept.sort(key=lambda pair: -pair[1].severity)
    return kept[: 2 * EXEMPLARS]


def _forget(state: BrandState, rule: Rule) -> None:
    """Drops what no window can reach any more."""
    horizon = state.watermark - rule.window_hours * (rule.history_windows + 1)
    state.seen = dict(sorted(state.seen.items(), key=lambda pair: pair[1])[-KEEP_SEEN // 2 :])
    for name in list(state.series):
        series = state.series[name]
        series.hours = {hour: count for hour, count in series.hours.items() if hour >= horizon}
        if not series.hours and series.open is None:
            del state.series[name]
