"""One series in event time: sums over sliding windows, and two memories of what is usual. Bounded state, no clock."""

from __future__ import annotations

from math import expm1, log, log1p, sqrt

import msgspec
from msgspec import Struct

from streams.spikes.baseline import Rule
from streams.spikes.tails import log10_tail

WEEK = 7
GAP_UNITS = 60 * 24
"""A silence longer than this many units says no more than this many."""
CLUMP_STEPS = 30
SHRINK = 8.0
"""Events that a season's slot must show before it is believed as much as the mean of all slots."""


class Track(Struct, array_like=True):
    """What is known of a series. Times are buckets (of `Rule.bucket_ms` since 1970) and units (hours)."""

    clock: int
    """The newest bucket that was seen."""
    first: int
    recent: dict[int, float] = msgspec.field(default_factory=dict)
    """Amounts by bucket, as far back as `Rule.reach`."""
    sums: list[float] = msgspec.field(default_factory=list)
    """Amounts in the windows that end with `clock`, the shortest first."""
    means: list[float] = msgspec.field(default_factory=list)
    variances: list[float] = msgspec.field(default_factory=list)
    steps: int = 0
    level: float = 0.0
    """Long mean per unit, outbreaks clipped."""
    squares: list[float] = msgspec.field(default_factory=list)
    """Fading means of (amount - expected)² of each window; over `masses` they are its variance to mean."""
    masses: list[float] = msgspec.field(default_factory=list)
    units: int = 0
    slots: list[float] = msgspec.field(default_factory=list)
    """Fading amounts by hour of the day."""
    days: list[float] = msgspec.field(default_factory=list)
    """Fading amounts by day of the week."""
    active: float = 0.0
    """Long mean of the units in which there was anything."""


def new_track(bucket: int, rule: Rule) -> Track:
    """A series of which nothing was seen before `bucket`."""
    count = len(rule.spans)
    return Track(
        clock=bucket,
        first=bucket,
        sums=[0.0] * count,
        means=[0.0] * count,
        variances=[0.0] * count,
        squares=[0.0] * len(rule.hours),
        masses=[0.0] * len(rule.hours),
        slots=[0.0] * rule.cycle,
        days=[0.0] * WEEK,
    )


def add(track: Track, bucket: int, amount: float, rule: Rule) -> None:
    """Counts `amount`; moves the clock where `bucket` is newer. What is too late for any window still trains."""
    if bucket > track.clock:
        advance(track, bucket, rule)
    if amount == 0.0:
        return
    age = track.clock - bucket
    if age >= rule.reach:
        _train_late(track, bucket, amount, rule)
        return
    track.recent[bucket] = track.recent.get(bucket, 0.0) + amount
    for index, span in enumerate(rule.spans):
        if age < span:
            track.sums[index] += amount
    if age >= rule.hours[-1] * rule.unit:  # the long memory has passed it by
        _train_late(track, bucket, amount, rule, recent=False)


def advance(track: Track, bucket: int, rule: Rule) -> None:
    """Moves the clock to `bucket`: windows slide, and what they held becomes part of what is usual."""
    if not track.recent:
        _skip(track, bucket, rule)
        return
    recent, sums, spans = track.recent, track.sums, rule.spans
    reach, step, unit = rule.reach, rule.step, rule.unit
    for now in range(track.clock + 1, bucket + 1):
        if now % step == 0:
            _remember(track, rule)
            if now % unit == 0:
                _learn(track, now // unit - 1 - rule.hours[-1], rule)
        if not recent:
            continue
        for index, span in enumerate(spans):
            gone = recent.get(now - span)
            if gone is not None:
                sums[index] -= gone
        if recent.pop(now - reach, None) is not None and not recent:
            track.sums = [0.0] * len(spans)  # no rounding is carried along
            track.clock = now
            _skip(track, bucket, rule)
            return
    track.clock = bucket


def window(track: Track, end: int, length: int) -> float:
    """The amount in the `length` buckets that end with `end`."""
    if length > 2 * len(track.recent):
        return sum(amount for bucket, amount in track.recent.items() if end - length < bucket <= end)
    return sum(track.recent.get(bucket, 0.0) for bucket in range(end - length + 1, end + 1))


def standout(track: Track, sums: list[float], rule: Rule) -> float:
    """The mean over the windows of (sum - mean) / deviation, each in units of its own line; what is low counts as 0."""
    total = 0.0
    for value, mean, variance, line in zip(sums, track.means, track.variances, rule.spans_line, strict=True):
        if value > mean:
            total += (value - mean) / sqrt(max(variance, mean) + 1.0) / line
    return total / len(sums)


def expected(track: Track, end: int, length: int, rule: Rule) -> float:
    """What the season leads one to expect in the `length` units that end with bucket `end`."""
    return _expected(track, _season(track, rule), end, length, rule)


Season = tuple[list[float], list[float]]
"""How much busier than the mean each unit of the day, and each day of the week, is."""


def _season(track: Track, rule: Rule) -> Season:
    """1 where nothing is known: a slot is believed as far as events were seen (a Gamma prior on Poisson rates)."""
    slots, days = track.slots, track.days
    mean = sum(slots) / rule.cycle + SHRINK
    week = [1.0] * WEEK
    if rule.cycle != WEEK and track.units >= 2 * WEEK * rule.cycle:
        usual = sum(days) / WEEK + 4.0 * SHRINK
        week = [(day + 4.0 * SHRINK) / usual for day in days]
    return [(slot + SHRINK) / mean for slot in slots], week


def _expected(track: Track, season: Season, end: int, length: int, rule: Rule) -> float:
    slots, week = season
    cycle = rule.cycle
    last, filled = divmod(end + 1, rule.unit)
    part = filled / rule.unit
    total = 0.0
    for unit in range(last - length, last + 1):
        weight = part if unit == last else 1.0 - part if unit == last - length else 1.0
        if weight:
            total += weight * slots[unit % cycle] * week[unit // cycle % WEEK]
    # half an event more than was seen (Jeffreys' prior of a Poisson rate): what never came is not impossible
    return (track.level + 0.5 * max(rule.season_decay, 1.0 / max(track.units, 1))) * total


def _remember(track: Track, rule: Rule) -> None:
    """The recent memory: exponentially weighted mean and variance of every window (West 1979)."""
    track.steps += 1
    weight = max(rule.recent_decay, 1.0 / track.steps)
    for index, value in enumerate(track.sums):
        delta = value - track.means[index]
        track.means[index] += weight * delta
        track.variances[index] = (1.0 - weight) * (track.variances[index] + weight * delta * delta)


def dispersion(track: Track, index: int, rule: Rule) -> float:
    """Variance to mean of window `index`, at least 1; drawn towards `Rule.prior` while few events or windows were seen.

    The prior is worth `Rule.prior_events` events and `Rule.prior_windows` windows: many events of few days say little
    about how days differ.
    """
    # a mean over windows is a mean over the events of so many cycles as the memory holds
    held = min(track.units, 1.0 / rule.season_decay) / rule.hours[index]
    weight = rule.prior_events + rule.prior_windows * track.masses[index]
    ratio = (track.squares[index] * held + rule.prior * weight) / (track.masses[index] * held + weight)
    return max(1.0, ratio, clumped(track, rule))


def clumped(track: Track, rule: Rule) -> float:
    """Variance to mean of a unit's count, by how large its clumps are: units without any event tell how many there are.

    A negative binomial is a Poisson number of clumps of logarithmic size (Quenouille 1949), whose mean is
    (ratio - 1) / log(ratio). Where few events come at a time this knows clumps from chance long before squares do.
    Some `Rule.prior_clumps` of `Rule.clump` events are added to what was seen.
    """
    if track.active > 0.5:
        return 1.0  # hardly a unit is empty: squares know more
    units = min(track.units, 1.0 / rule.season_decay)
    clumps = -log1p(-track.active) * units
    size = (track.level * units + rule.prior_clumps * rule.clump) / (clumps + rule.prior_clumps)
    ratio = max(1.0, 2.0 * size - 1.0)
    for _ in range(CLUMP_STEPS):
        ratio = 1.0 + size * log(ratio)
    return ratio


def week_doubt(track: Track, rule: Rule) -> float:
    """The relative variance of what a week may be like that none before was; it fades as weeks are seen."""
    return rule.week_spread**2 / max(1.0, min(track.units, 1.0 / rule.season_decay) / (WEEK * rule.cycle))


def doubt(track: Track, index: int, ratio: float, rule: Rule) -> float:
    """How little is known of the mean of window `index`: its relative variance.

    What so few events leave open (a Gamma posterior on the rates of the slots in the window), and `week_doubt`.
    """
    events = track.level * min(track.units, 1.0 / rule.season_decay) * min(1.0, rule.hours[index] / rule.cycle)
    return ratio / (events + SHRINK) + week_doubt(track, rule)


def variance(track: Track, index: int, mean: float, rule: Rule) -> float:
    """Of the count of window `index` around `mean`: how counts scatter, and how little their mean is known."""
    ratio = dispersion(track, index, rule)
    return mean * ratio + mean * mean * doubt(track, index, ratio, rule)


def _learn(track: Track, unit: int, rule: Rule) -> None:
    """The long memory takes in one unit, a longest window behind, so that a rise does not explain itself.

    What the past itself would call an outbreak weighs less (after Noufaily et al. 2013).
    """
    size = rule.unit
    if (unit + 1) * size <= track.first:
        return
    track.units += 1
    end = (unit + 1) * size - 1
    season = _season(track, rule)
    believed = 1.0
    for index in reversed(range(len(rule.hours))):
        length = rule.hours[index]
        if track.units <= max(length, rule.cycle):
            continue
        mean = _expected(track, season, end, length, rule)
        value = window(track, end, length * size)
        if index:  # what fills one unit alone may be the way in which these counts clump
            believed = min(believed, _believed(track, index, value, mean, rule))
        share = max(rule.season_decay, 1.0 / (track.units - max(length, rule.cycle)))
        track.squares[index] += share * ((believed * (value - mean)) ** 2 - track.squares[index])
        track.masses[index] += share * (mean - track.masses[index])
    amount = window(track, end, size)
    if amount and believed < 1.0:
        usual = _expected(track, season, end, 1, rule)
        amount = usual + believed * max(0.0, amount - usual)
    fade = 1.0 - rule.season_decay
    if not track.active and track.level:
        track.active = -expm1(-track.level)  # a state of before this was kept
    share = max(rule.season_decay, 1.0 / track.units)
    track.level += share * (amount - track.level)
    track.active += share * (float(amount > 0.0) - track.active)
    slot, day = unit % rule.cycle, unit // rule.cycle % WEEK
    # a slot comes once a cycle, a day once a week: it fades by as much as has passed since
    track.slots[slot] = track.slots[slot] * fade**rule.cycle + amount
    if slot == 0:
        track.days[day] *= fade ** (rule.cycle * WEEK)
    track.days[day] += amount


def _believed(track: Track, index: int, value: float, mean: float, rule: Rule) -> float:
    """The weight of a window's excess: less than 1 the further it lies beyond `Rule.outbreak`."""
    spread = dispersion(track, index, rule) * max(mean, 1e-6)
    usual = 3.0 * sqrt(spread) + 1.0
    if value <= mean + usual:
        return 1.0
    tail = log10_tail(value, mean, spread)
    return 1.0 if tail >= rule.outbreak else min((rule.outbreak / tail) ** 2, usual / (value - mean))


def _skip(track: Track, bucket: int, rule: Rule) -> None:
    """Moves over silence: all windows are empty from the clock to `bucket`."""
    steps = bucket // rule.step - track.clock // rule.step
    for _ in range(max(0, min(steps, int(1.0 / rule.recent_decay) - track.steps))):
        _remember(track, rule)
        steps -= 1
    if steps > 0:
        kept = (1.0 - rule.recent_decay) ** steps
        for index, mean in enumerate(track.means):
            track.variances[index] = kept * (track.variances[index] + mean * mean * (1.0 - kept))
            track.means[index] = mean * kept
        track.steps += steps
    first, last = track.clock // rule.unit, bucket // rule.unit
    for unit in range(max(first, last - GAP_UNITS), last):
        _learn(track, unit - rule.hours[-1], rule)
    track.clock = bucket


def _train_late(track: Track, bucket: int, amount: float, rule: Rule, *, recent: bool = True) -> None:
    """What came too late adds to the means what it would have left in them by now."""
    age = track.clock - bucket
    track.first = min(track.first, bucket)
    units = age // rule.unit
    weight = max(rule.season_decay, 1.0 / max(track.units, 1))
    fade = (1.0 - rule.season_decay) ** units
    track.level += weight * fade * amount
    track.active += weight * fade * (1.0 - track.active)
    unit = bucket // rule.unit
    track.slots[unit % rule.cycle] += amount * fade
    track.days[unit // rule.cycle % WEEK] += amount * fade
    if recent:
        kept = (1.0 - rule.recent_decay) ** (age // rule.step)
        for index, span in enumerate(rule.spans):
            track.means[index] += rule.recent_decay * kept * amount * max(1.0, span / rule.step)
