"""One dimension's value of a brand: its negatives, their severity, all its posts, and the alert that may be open."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from msgspec import Struct

from schemas.alerts import Exemplar
from streams.spikes.baseline import Rule
from streams.spikes.episode import Episode
from streams.spikes.look import Reading, look, warm
from streams.spikes.tails import log10_tail
from streams.spikes.track import Track, add, expected, new_track, variance, window

EXEMPLARS = 5
MEMBERS = 48
SEVERITY_EVENTS = 20.0
CLEARLY = 0.5
"""How much less likely (log10) another measure must be to be told instead of the number."""
SHARE_EVENTS = 20.0


class Series(Struct, kw_only=True, omit_defaults=True):
    """What `alert` remembers of, say, `place=Valencia`. Bounded, whatever comes."""

    negatives: Track
    touched: int
    """Bucket of the newest post: who was silent longest makes room first."""
    posts: dict[int, int] = msgspec.field(default_factory=dict)
    """Posts of any sentiment by unit, as far back as windows reach."""
    mood: tuple[int, float, float] = (0, 0.0, 0.0)
    """Unit of the newest post, and fading numbers of negatives and of posts."""
    severities: dict[int, float] = msgspec.field(default_factory=dict)
    """Sum of severity by bucket, as far back as windows reach."""
    severity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Fading count, sum and sum of squares of the severity of one negative."""
    share: tuple[float, float] = (0.0, 0.0)
    """Fading (negatives - expected given the posts)², and the expected."""
    members: list[tuple[int, int]] = msgspec.field(default_factory=list)
    """(bucket, 32 bits of the identity) of the newest negatives: which series hold the same posts."""
    worst: list[tuple[int, Exemplar]] = msgspec.field(default_factory=list)
    """(bucket, post) of the most severe negatives of the last window."""
    open: Episode | None = None


def new_series(first: int, rule: Rule) -> Series:
    """A series without any post since `first`."""
    return Series(negatives=new_track(first, rule), touched=first)


def count_post(series: Series, bucket: int, rule: Rule, *, negative: bool) -> None:
    """Any customer's post: what the share of negatives is a share of."""
    unit = bucket // rule.unit
    newest, negatives, posts = series.mood
    reach = rule.reach // rule.unit
    if unit > newest:
        _learn_share(series, unit, rule)
        fade = (1.0 - rule.season_decay) ** (unit - newest)
        negatives, posts, newest = negatives * fade, posts * fade, unit
        if len(series.posts) > 2 * reach:
            series.posts = {one: count for one, count in series.posts.items() if one > unit - reach}
    weight = (1.0 - rule.season_decay) ** (newest - unit)
    series.mood = (newest, negatives + weight * negative, posts + weight)
    if unit > newest - reach:
        series.posts[unit] = series.posts.get(unit, 0) + 1
    series.touched = max(series.touched, bucket)


def count_negative(series: Series, bucket: int, severity: float, member: int, post: Exemplar, rule: Rule) -> None:
    """A negative, which `count_post` has counted as a post."""
    track = series.negatives
    add(track, max(series.touched, track.clock), 0.0, rule)  # what is silent until then is known to be
    add(track, bucket, 1.0, rule)
    oldest = track.clock - rule.reach
    series.severities[bucket] = series.severities.get(bucket, 0.0) + severity
    if len(series.severities) > 2 * len(track.recent) + 8:
        series.severities = {one: total for one, total in series.severities.items() if one > oldest}
    count, total, squares = (0.995 * one for one in series.severity)
    series.severity = (count + 1.0, total + severity, squares + severity * severity)
    series.members = [*series.members[-MEMBERS + 1 :], (bucket, member)]
    reach = rule.spans[-1]
    worst = [(one, other) for one, other in series.worst if abs(bucket - one) < reach]
    worst.append((bucket, post))
    series.worst = sorted(worst, key=lambda pair: (-pair[1].severity, pair[0]))[:EXEMPLARS]


def tidy(series: Series, now: int, rule: Rule) -> None:
    """Lets go of what no window that ends with bucket `now`, or later, can hold."""
    oldest = now - rule.reach
    series.worst = [(bucket, post) for bucket, post in series.worst if bucket > oldest]
    series.members = [(bucket, member) for bucket, member in series.members if bucket > oldest]
    series.severities = {bucket: total for bucket, total in series.severities.items() if bucket > oldest}
    series.posts = {unit: count for unit, count in series.posts.items() if unit > oldest // rule.unit}


def read(series: Series, bucket: int, rule: Rule) -> Reading | None:
    """The most telling reading after a negative in `bucket`: by number, by severity, by share of the posts."""
    found = look(series.negatives, bucket, rule)
    for other in (_by_severity(series, found, rule), _by_share(series, bucket, rule)):
        if other is not None and (found is None or other.log10_p < found.log10_p - CLEARLY):
            found = other
    return found


def severity_in(series: Series, end: int, length: int) -> float:
    """Sum of severity in the `length` buckets that end with `end`."""
    return sum(total for bucket, total in series.severities.items() if end - length < bucket <= end)


def usual_severity(series: Series) -> float:
    """Mean severity of one negative."""
    count, total, _ = series.severity
    return total / count if count else 0.0


def posts_in(series: Series, end: int, length: int, rule: Rule) -> int:
    """Posts of any sentiment in the whole units that `length` buckets up to `end` touch."""
    first, last = (end - length + 1) // rule.unit, end // rule.unit
    return sum(series.posts.get(unit, 0) for unit in range(first, last + 1))


def usual_share(series: Series, rule: Rule) -> float:
    """Negatives to posts over weeks, less the last day; while there are few, drawn towards one in three."""
    _, negatives, posts = series.mood
    clock, day = series.negatives.clock, rule.spans[-1]
    negatives -= window(series.negatives, clock, day)
    posts -= posts_in(series, clock, day, rule)
    return min(1.0, (max(negatives, 0.0) + 1.0) / (max(posts, 0.0) + 3.0))


def _by_severity(series: Series, found: Reading | None, rule: Rule) -> Reading | None:
    """The same window, each negative weighed by its severity over the usual one.

    A sum of independent weights: its variance is the count's, and the mean times the weights' own.
    """
    count, total, squares = series.severity
    if found is None or count < SEVERITY_EVENTS or total <= 0.0:
        return None
    usual = total / count
    weights = squares / count / (usual * usual) - 1.0
    observed = severity_in(series, found.end, found.length) / usual
    hours = found.length // rule.unit
    mean = expected(series.negatives, found.end, hours, rule)
    spread = variance(series.negatives, rule.hours.index(hours), mean, rule)
    tail = log10_tail(observed, mean, spread + mean * max(0.0, weights))
    return replace(found, log10_p=tail, measure="severity")


def _by_share(series: Series, bucket: int, rule: Rule) -> Reading | None:
    """Negatives against what so many posts lead one to expect: tells a worse mood from a livelier day."""
    track = series.negatives
    if not warm(track, rule):
        return None
    end = min(track.clock, bucket + rule.spans[-1] - 1)
    best: Reading | None = None
    usual = usual_share(series, rule)
    for hours in rule.hours[1:]:
        length = hours * rule.unit
        observed = window(track, end, length)
        mean = posts_in(series, end, length, rule) * usual
        if observed < rule.minimum or observed < rule.share_ratio * mean:
            continue
        by_count = expected(track, end, hours, rule)
        if observed < rule.share_ratio * by_count:
            continue  # fewer posts, not more negatives
        tail = min(0.0, log10_tail(observed, mean, mean * _share_dispersion(series, rule)) + rule.share_margin)
        if best is None or tail < best.log10_p:
            # the share has no days of its own to stand out of: its tail alone decides
            best = Reading(end, length, observed, by_count, tail, rule.start, "share")
    return best


def _share_dispersion(series: Series, rule: Rule) -> float:
    squares, mass = series.share
    return max(1.0, (squares + rule.prior * SHARE_EVENTS) / (mass + SHARE_EVENTS))


def _learn_share(series: Series, unit: int, rule: Rule) -> None:
    """When an hour is new: how far the negatives of the day before lay from their share of its posts."""
    track = series.negatives
    day = rule.hours[-1]
    if track.units < 3 * rule.cycle:
        return
    posts = sum(series.posts.get(one, 0) for one in range(unit - 2 * day, unit - day))
    if not posts:
        return
    mean = posts * usual_share(series, rule)
    excess = window(track, (unit - day) * rule.unit - 1, day * rule.unit) - mean
    excess = min(excess, 3.0 * (_share_dispersion(series, rule) * mean) ** 0.5 + 1.0)
    fade = 1.0 - rule.season_decay
    part = 1.0 / rule.cycle  # days that overlap: each hour adds a 24th of one
    series.share = (series.share[0] * fade + part * excess * excess, series.share[1] * fade + part * mean)
