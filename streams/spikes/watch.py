"""The series of one brand: each signal is counted in event time, and the alerts that follow are told."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from schemas.alerts import Acknowledgement, Alert, AlertCommand, Exemplar
from schemas.errors import RejectedInput
from schemas.signals import Signal
from streams.spikes.acknowledging import take_on, taken_on, wake_again
from streams.spikes.baseline import Rule
from streams.spikes.episode import Episode, crosses, follow, over, peak_of
from streams.spikes.incidents import WHOLE, current, join, leader, strays
from streams.spikes.look import began, line_for
from streams.spikes.series import EXEMPLARS, Series, count_negative, count_post, new_series, read, tidy
from streams.spikes.telling import alert_id, alert_of
from streams.spikes.words import Heard, hear, shared_topics, standing_out, unhear

KEEP_SEEN = 20_000
KEEP_COMMANDS = 200
EXCERPT = 280
"""Characters of a post, and of its translation, that an alert shows: state must fit one Kafka message."""


class BrandState(Struct, kw_only=True, omit_defaults=True):
    """All that `alert` remembers of a brand. `applied` is the offset of the last signal in it."""

    applied: int = -1
    first: int | None = None
    """Bucket of the oldest post: what was not seen since is known to be none."""
    forgotten: int = 0
    """Bucket of the newest post of a series that made room: what is not here is unknown until then."""
    watermark: int = 0
    """Newest event time, in milliseconds."""
    series: dict[str, Series] = msgspec.field(default_factory=dict)
    opened: list[str] = msgspec.field(default_factory=list)
    seen: dict[int, int] = msgspec.field(default_factory=dict)
    """64 bits of the identities that were counted, and their buckets."""
    unknown: int = -1
    """The newest bucket of which identities were forgotten."""
    heard: Heard = msgspec.field(default_factory=Heard)
    """What its complaints say, so that an alert can tell what is new in them."""
    commands: list[str] = msgspec.field(default_factory=list)
    """The newest commands that were applied: a repeat changes nothing."""


def observe(
    state: BrandState, signal: Signal, *, offset: int, rule: Rule, silent: bool, counted: bool = True
) -> list[Alert]:
    """Counts a signal and returns the alerts whose state it changed; `state` is changed in place.

    A signal whose offset was applied, or whose post was counted before (an edit, a redelivery), changes nothing.
    `silent` (history): it trains the baseline and raises nothing. Not `counted` (an advert): it only moves the clock.
    """
    if offset <= state.applied:
        return []
    state.applied = offset
    bucket = signal.event_time // rule.bucket_ms
    state.first = bucket if state.first is None else min(state.first, bucket)
    if signal.event_time // rule.quiet_ms > state.watermark // rule.quiet_ms:
        for one in state.series.values():
            tidy(one, bucket, rule)
    state.watermark = max(state.watermark, signal.event_time)
    alerts = [] if silent else _ended(state, signal.brand, rule)
    if signal.sentiment is None or signal.role == "company":
        return alerts
    if not counted:
        forget(state, signal.identity)  # words that were counted before an edit or a correction are not shown any more
        return alerts
    if not _first_time(state, signal, bucket, rule):
        return alerts
    negative = signal.sentiment == "negative"
    member = _member(signal.identity)
    if negative:
        hear(state.heard, member, bucket, signal, day=rule.spans[-1])
    changed: list[str] = []
    for dimension, value in dimensions(signal):
        name = f"{dimension}={value}"
        series = state.series.get(name)
        if series is None:
            if not negative:
                continue  # no complaint yet: there is nothing to watch
            series = _admit(state, name, rule)
        count_post(series, bucket, rule, negative=negative)
        if not negative:
            continue
        count_negative(series, bucket, signal.severity, member, _exemplar(signal), rule)
        if not silent and _judge(state, name, signal, bucket, rule):
            changed.append(name)
        if series.open is not None:
            series.open.exemplars = [post for _, post in series.worst[:EXEMPLARS]]
    if not changed:
        return alerts
    return alerts + [_tell(state, name, signal, rule) for name in _led(state, changed, signal.brand, rule)]


def forget(state: BrandState, identity: str) -> bool:
    """Drops the words of a post that is erased; what it counted stays a number. True where there were some."""
    found = unhear(state.heard, _member(identity))
    for series in state.series.values():
        kept = [(bucket, post) for bucket, post in series.worst if post.identity != identity]
        shown = series.open.exemplars if series.open is not None else []
        left = [post for post in shown if post.identity != identity]
        found |= len(kept) < len(series.worst) or len(left) < len(shown)
        series.worst = kept
        if series.open is not None:
            series.open.exemplars = left
    return found


def acknowledge(state: BrandState, command: AlertCommand, rule: Rule) -> list[Alert]:
    """Takes an incident on for a person; returns its alerts, which tell so. A repeat of a command changes nothing.

    Raises RejectedInput where no open alert, and no open incident, has the command's id.
    """
    if command.id in state.commands:
        return []
    opened = {name: state.series[name] for name in state.opened}
    incident = None
    for name, series in opened.items():
        episode = series.open
        named = (episode.incident, alert_id(command.brand, name, episode)) if episode is not None else ()
        if episode is not None and command.alert_id in named:
            incident = episode.incident
    if incident is None:
        raise RejectedInput("bad-value", "the command names no alert that is open in its brand: see `vocero alerts`")
    state.commands = [*state.commands[-KEEP_COMMANDS + 1 :], command.id]
    word = Acknowledgement(by=command.actor, at=command.at, note=command.note, command=command.id)
    names = take_on(incident, opened, word)
    return [alert_of(command.brand, name, state.series[name], state.watermark, rule) for name in names]


def dimensions(signal: Signal) -> list[tuple[str, str]]:
    """The series that a signal counts in: all of its brand, and one per value that it has."""
    pairs = [
        ("overall", "all"),
        ("channel", signal.channel),
        ("language", signal.language),
        ("place", signal.place),
        ("product", signal.product),
        *(("topic", topic) for topic, _ in signal.topics[:EXEMPLARS]),
    ]
    return [(dimension, value[:200]) for dimension, value in pairs if value]


def _judge(state: BrandState, name: str, signal: Signal, bucket: int, rule: Rule) -> bool:
    """True where the series' alert has started or grown."""
    series = state.series[name]
    reading = read(series, bucket, rule)
    if reading is None:
        return False
    line = line_for(rule, len(state.series), len(state.opened))
    if series.open is not None:
        return follow(series.open, reading, signal.event_time, rule, line)
    if not crosses(reading, rule, line):
        return False
    series.open = Episode(
        since=began(series.negatives, reading) * rule.bucket_ms,
        told=reading.observed,
        last=signal.event_time,
        peak=peak_of(reading, signal.event_time, rule),
    )
    state.opened.append(name)
    return True


def _led(state: BrandState, changed: list[str], brand: str, rule: Rule) -> list[str]:
    """The series to be told: those that changed, and those whose part in their incident did."""
    opened = {name: state.series[name] for name in state.opened}
    told = list(changed)
    for name in sorted(changed, key=lambda one: (one == WHOLE, one)):  # the whole joins what its parts have found
        episode = opened[name].open
        if episode is not None and not episode.incident:
            _join(name, episode, opened, rule, brand)
    for incident in dict.fromkeys(one.open.incident for one in opened.values() if one.open is not None):
        for name in strays(incident, opened, rule):
            episode = opened[name].open
            if episode is None:
                continue
            episode.incident = episode.leading = ""
            episode.acknowledged = None
            _join(name, episode, opened, rule, brand)
            if name not in told:
                episode.change = "grown"
                told.append(name)
    for incident in dict.fromkeys(one.open.incident for one in opened.values() if one.open is not None):
        first = leader(incident, opened)
        for name, series in opened.items():
            episode = series.open
            if first is None or episode is None or episode.incident != incident or episode.leading == first:
                continue
            if name in (first, episode.leading) and name not in told:
                episode.change = "grown"
                told.append(name)
            episode.leading = first
        wake_again(incident, opened, rule)
    return told


def _join(name: str, episode: Episode, opened: dict[str, Series], rule: Rule, brand: str) -> None:
    episode.incident = join(name, opened, rule, brand)
    episode.leading = current(episode.incident, opened) or name
    episode.acknowledged = taken_on(episode.incident, opened)


def _tell(state: BrandState, name: str, signal: Signal, rule: Rule) -> Alert:
    series = state.series[name]
    if series.open is not None:
        since = series.open.since // rule.bucket_ms
        own = [member for bucket, member in series.members if bucket >= since]
        series.open.news = standing_out(state.heard, own)
        series.open.topics = shared_topics(state.heard, own)
    return alert_of(signal.brand, name, series, signal.event_time, rule)


def _ended(state: BrandState, brand: str, rule: Rule) -> list[Alert]:
    """Alerts that nothing has kept open for long enough."""
    alerts = []
    for name in list(state.opened):
        series = state.series[name]
        if series.open is not None and over(series.open, state.watermark, rule):
            series.open.change = "ended"
            alerts.append(alert_of(brand, name, series, state.watermark, rule))
    for alert in alerts:
        name = f"{alert.dimension}={alert.value}"
        state.series[name].open = None
        state.opened.remove(name)
    return alerts


def _exemplar(signal: Signal) -> Exemplar:
    translation = signal.translation[:EXCERPT] if signal.translation else None
    return Exemplar(
        identity=signal.identity, excerpt=signal.excerpt[:EXCERPT], translation=translation, severity=signal.severity
    )


def _member(identity: str) -> int:
    """By what series and words know a post: when it is erased it has to be found as it was counted."""
    return _number(identity) & 0xFFFF_FFFF


def _number(identity: str) -> int:
    """The first 64 bits of an identity."""
    try:
        return int(identity[:16], 16)
    except ValueError:
        return 0


def _first_time(state: BrandState, signal: Signal, bucket: int, rule: Rule) -> bool:
    """True once for each post; a version does not make it another.

    What is in no window any more, and as old as what is no longer remembered, is taken for a repeat: a post that is
    missed there does less harm than a file that is sent again and doubles what is usual.
    """
    key = _number(signal.identity)
    oldest = state.watermark // rule.bucket_ms - rule.reach
    if key in state.seen or bucket <= min(state.unknown, oldest):
        return False
    state.seen[key] = bucket
    if len(state.seen) > KEEP_SEEN:
        newest = sorted(state.seen.items(), key=lambda pair: pair[1])
        state.unknown = newest[-KEEP_SEEN // 2 - 1][1]
        state.seen = dict(newest[-KEEP_SEEN // 2 :])
    return True


def _admit(state: BrandState, name: str, rule: Rule) -> Series:
    """A new series; where there are too many, the one that was silent longest makes room."""
    if len(state.series) >= rule.max_series:
        quiet = [one for one in state.series if one not in state.opened and one != WHOLE]
        if quiet:
            gone = min(quiet, key=lambda one: (state.series[one].touched, one))
            state.forgotten = max(state.forgotten, state.series.pop(gone).touched)
    series = new_series(max(state.first or 0, state.forgotten), rule)
    state.series[name] = series
    return series
