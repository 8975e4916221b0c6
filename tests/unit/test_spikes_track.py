"""One series in event time: right tails, silence skipped as if stepped over, lateness counted, memory bounded."""

from __future__ import annotations

import random
from math import exp, lgamma, log, log10

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.spikes.baseline import DAY_MS, HOUR_MS, Rule, rule_for
from streams.spikes.look import line_for, look
from streams.spikes.tails import deviations, log10_tail
from streams.spikes.track import Track, add, advance, clumped, dispersion, expected, new_track, window

pytestmark = pytest.mark.unit
RULE = Rule()
START = 480_000 * 12  # buckets
DAY = 288


def summed(observed: int, mean: float, variance: float) -> float:
    """The tail by adding up probabilities."""
    size = mean * mean / (variance - mean)
    chance = mean / (mean + size)
    terms = (
        exp(lgamma(k + size) - lgamma(size) - lgamma(k + 1) + k * log(chance) + size * log(1 - chance))
        for k in range(observed, observed + 3000)
    )
    return log10(sum(terms))


@settings(deadline=None, max_examples=60)
@given(st.floats(0.05, 60.0), st.floats(1.05, 30.0), st.floats(1.01, 4.0))
def test_the_tail_is_that_of_a_negative_binomial(mean: float, ratio: float, times: float) -> None:
    observed = int(mean * times) + 1
    assert log10_tail(observed, mean, ratio * mean) == pytest.approx(summed(observed, mean, ratio * mean), abs=1e-3)


def test_the_tail_falls_with_the_count_and_is_a_poisson_one_without_overdispersion() -> None:
    tails = [log10_tail(count, 4.0, 8.0) for count in range(60)]
    assert tails == sorted(tails, reverse=True)
    poisson = sum(exp(-4.0) * 4.0**k / exp(lgamma(k + 1)) for k in range(10, 100))
    assert log10_tail(10, 4.0, 4.0) == pytest.approx(log10(poisson), abs=1e-2)
    assert log10_tail(0, 4.0, 8.0) == 0.0
    assert deviations(log10(0.0013499)) == pytest.approx(3.0, abs=1e-3)
    assert deviations(-1000.0) > 30


def fed(events: list[tuple[int, float]]) -> Track:
    track = new_track(START, RULE)
    for bucket, amount in events:
        add(track, bucket, amount, RULE)
    return track


def test_windows_slide_with_the_clock() -> None:
    track = fed([(START + 1, 1.0), (START + 2, 2.0), (START + 100, 4.0)])
    assert track.sums == [4.0, 4.0, 4.0, 7.0]
    advance(track, START + 1 + DAY, RULE)
    assert track.sums == [0.0, 0.0, 0.0, 6.0]
    assert window(track, START + 2, 2) == 3.0


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(10, 6000))
def test_silence_is_skipped_as_if_it_were_stepped_over(seed: int, silence: int) -> None:
    dice = random.Random(seed)
    events = sorted(START + dice.randrange(3 * DAY) for _ in range(30))
    once, stepped = fed([(b, 1.0) for b in events]), fed([(b, 1.0) for b in events])
    end = events[-1] + silence
    advance(once, end, RULE)
    for bucket in range(events[-1] + 1, end + 1):
        advance(stepped, bucket, RULE)
    assert once.sums == stepped.sums
    assert once.steps == stepped.steps
    assert once.means == pytest.approx(stepped.means, rel=1e-6, abs=1e-9)
    assert once.variances == pytest.approx(stepped.variances, rel=1e-6, abs=1e-9)
    assert once.level == pytest.approx(stepped.level, rel=1e-9)


def test_what_comes_out_of_order_is_in_the_same_windows() -> None:
    events = [(START + 10 * n, 1.0) for n in range(20)]
    ordered, shuffled = fed(events), fed([events[-1], *events[:-1]])
    assert shuffled.sums == ordered.sums
    assert shuffled.recent == ordered.recent


def test_what_comes_weeks_late_trains_the_level_and_is_in_no_window() -> None:
    live = [(START + 12 * n, 1.0) for n in range(24 * 28)]
    track = fed(live)
    before, sums = track.level, list(track.sums)
    for bucket, _ in live[: 24 * 21]:
        add(track, bucket, 1.0, RULE)
    assert before * 1.3 < track.level < before * 2.2
    assert track.sums == sums


def test_the_season_and_the_dispersion_are_learned() -> None:
    dice = random.Random(5)
    track = new_track(START, RULE)
    for hour in range(24 * 42):
        count = 20 if hour % 24 in range(9, 12) else 2
        for _ in range(sum(dice.random() < 0.5 for _ in range(2 * count))):
            add(track, START + hour * 12 + dice.randrange(12), 1.0, RULE)
    start_of_day = (track.clock // DAY) * DAY
    quiet, busy = (
        expected(track, start_of_day + 5 * 12 - 1, 1, RULE),
        expected(track, start_of_day + 11 * 12 - 1, 1, RULE),
    )
    assert quiet < 4 < 14 < busy
    assert all(dispersion(track, index, RULE) < 1.6 for index in range(3))


def in_clumps(size: int, days: int = 28) -> list[tuple[int, float]]:
    """Two negatives a day on average, so many in one hour at a time."""
    dice = random.Random(7)
    hours = sorted(dice.sample(range(24 * days), 2 * days // size))
    return [(START + 12 * hour + n, 1.0) for hour in hours for n in range(size)]


def test_how_many_come_in_a_busy_hour_tells_clumps_from_chance() -> None:
    single, clumps = fed(in_clumps(1)), fed(in_clumps(4))
    assert clumped(single, RULE) < 1.5
    assert clumped(clumps, RULE) > 5.0
    assert all(dispersion(clumps, index, RULE) >= clumped(clumps, RULE) for index in range(3))


def test_a_clump_is_no_spike_where_clumps_are_usual_and_as_many_over_a_day_are() -> None:
    tails = []
    for pace in (1, 12):  # twelve within an hour, and one an hour
        track = fed(in_clumps(4))
        for n in range(12):
            add(track, START + 28 * DAY + pace * n, 1.0, RULE)
        reading = look(track, track.clock, RULE)
        assert reading is not None
        tails.append(reading.log10_p)
    assert tails[1] < RULE.line < tails[0]


def test_what_never_came_in_a_few_days_is_not_impossible() -> None:
    track = new_track(START, RULE)
    for n in range(7):
        add(track, START + 5 * DAY + n, 1.0, RULE)
    assert expected(track, track.clock, 24, RULE) > 0.05
    reading = look(track, track.clock, RULE)
    assert reading is not None
    assert reading.log10_p > RULE.line


def test_a_past_outbreak_does_not_hide_the_next() -> None:
    dice = random.Random(6)
    calm = sorted(START + dice.randrange(42 * DAY) for _ in range(42 * 5))
    outbreak = [START + 20 * DAY + 2 * n for n in range(120)]
    usual = fed([(b, 1.0) for b in calm])
    shaken = fed([(b, 1.0) for b in sorted(calm + outbreak)])
    assert shaken.level < 1.5 * usual.level
    burst = [(START + 42 * DAY + 3 * n, 1.0) for n in range(40)]
    for bucket, amount in burst:
        add(shaken, bucket, amount, RULE)
    reading = look(shaken, burst[-1][0], RULE)
    assert reading is not None
    assert reading.log10_p < RULE.line
    assert reading.standout > RULE.start


def test_memory_is_bounded_however_long_the_stream() -> None:
    track = new_track(START, RULE)
    for bucket in range(START, START + 5 * DAY):
        add(track, bucket, 1.0, RULE)
    assert len(track.recent) <= RULE.reach
    add(track, START + 4000 * DAY, 1.0, RULE)
    assert len(track.recent) == 1


def test_many_series_lower_the_line_and_those_that_cross_raise_it() -> None:
    assert line_for(RULE, 1, 0) == RULE.line
    assert line_for(RULE, 100, 0) == pytest.approx(RULE.line - 2)
    assert line_for(RULE, 100, 9) == pytest.approx(RULE.line - 1)


@pytest.mark.parametrize(
    ("step", "spans", "bucket"),
    [
        (60_000, (3, 12, 72, 288), 300_000),
        (300_000, (3, 12, 72, 288), 300_000),
        (900_000, (1, 4, 24, 96), 900_000),
        (HOUR_MS, (1, 6, 24), HOUR_MS),
        (DAY_MS, (1, 7), DAY_MS),
    ],
)
def test_windows_fit_the_distance_of_the_counts(step: int, spans: tuple[int, ...], bucket: int) -> None:
    rule = rule_for(step)
    assert (rule.spans, rule.bucket_ms) == (spans, bucket)
    assert len(rule.spans_line) == len(rule.spans)
    assert rule.unit_ms % rule.bucket_ms == 0
