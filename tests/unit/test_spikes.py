"""Spike decisions on counts: a burst of negatives alerts once, and praise, history and repeats do not."""

import random

import pytest
from msgspec.structs import replace

from schemas.alerts import Alert
from schemas.signals import Signal
from streams.spikes.baseline import HOUR_MS, Rule
from streams.spikes.watch import BrandState, observe

pytestmark = pytest.mark.unit

START = 480_000  # hours since 1970
RULE = Rule()


def signal(number: int, hour: float, **fields: object) -> Signal:
    values: dict[str, object] = {
        "identity": f"{number:016x}".ljust(64, "0"),
        "version": 1,
        "brand": "Lumbre",
        "event_time": int(hour * HOUR_MS),
        "channel": "review",
        "source": "shop",
        "post_id": str(number),
        "sentiment": "negative",
        "severity": 0.3,
        "place": "Valencia",
        **fields,
    }
    return Signal(**values)  # type: ignore[arg-type]


def told(signals: list[Signal], *, silent: bool = False, state: BrandState | None = None) -> list[Alert]:
    state = state or BrandState()
    return [
        alert
        for offset, one in enumerate(signals, start=state.applied + 1)
        for alert in observe(state, one, offset=offset, rule=RULE, silent=silent)
    ]


def background(days: int, per_day: float, seed: int = 1) -> list[Signal]:
    dice = random.Random(seed)
    hours = sorted(START + dice.uniform(0, 24 * days) for _ in range(int(days * per_day)))
    return [signal(number, hour) for number, hour in enumerate(hours)]


def burst(day: int, count: int, **fields: object) -> list[Signal]:
    return [signal(10_000 + n, START + 24 * day + n * 8 / count, **fields) for n in range(count)]


def test_a_burst_of_negatives_starts_an_alert_in_its_place_and_not_before() -> None:
    calm = background(21, 1.0)
    alerts = told([*calm, *burst(21, 20)])
    started = [alert for alert in alerts if alert.state == "started"]
    assert {alert.dimension for alert in started} >= {"overall", "place"}
    place = next(alert for alert in started if alert.dimension == "place")
    assert place.value == "Valencia"
    assert place.at >= "2024-10-25"
    assert place.observed >= RULE.minimum
    assert place.expected < 3
    assert place.exemplars
    assert told(calm) == []


def test_it_grows_once_per_doubling_and_ends_when_the_window_has_passed() -> None:
    later = [signal(20_000 + n, START + 24 * (23 + n), place="Lyon", channel="social") for n in range(3)]
    alerts = [a for a in told([*background(21, 1.0), *burst(21, 40), *later]) if a.dimension == "place"]
    assert [alert.state for alert in alerts] == ["started", "grown", "grown", "ended"]
    assert len({alert.id for alert in alerts}) == 1
    versions = [alert.version for alert in alerts]
    assert versions == sorted(versions)


@pytest.mark.parametrize("fields", [{"sentiment": "positive"}, {"sentiment": None}, {"role": "company"}])
def test_praise_unscored_posts_and_the_company_raise_nothing(fields: dict[str, object]) -> None:
    assert told([*background(21, 1.0), *burst(21, 40, **fields)]) == []


def test_history_trains_and_never_alerts() -> None:
    state = BrandState()
    assert told([*background(21, 1.0), *burst(21, 40)], silent=True, state=state) == []
    assert len(state.seen) == 61


def test_a_redelivery_and_an_edit_count_once() -> None:
    state = BrandState()
    first = background(5, 2.0)
    told(first, state=state)
    counted = dict(state.series["overall=all"].negatives.recent)
    for offset, one in enumerate(first):  # the same offsets again
        assert observe(state, one, offset=offset, rule=RULE, silent=False) == []
    told([replace(one, version=2) for one in first], state=state)  # edits, at new offsets
    assert state.series["overall=all"].negatives.recent == counted


def test_the_order_within_a_day_does_not_hide_a_burst() -> None:
    shuffled = burst(21, 20)
    random.Random(3).shuffle(shuffled)
    alerts = told([*background(21, 1.0), *shuffled])
    assert any(alert.state == "started" and alert.dimension == "place" for alert in alerts)


def test_steady_noise_raises_almost_nothing() -> None:
    raised = sum(bool(told(background(42, 4.0, seed=seed))) for seed in range(20))
    assert raised <= 1


def test_memory_is_bounded() -> None:
    state = BrandState()
    for offset in range(25_000):
        observe(state, signal(offset, START + offset / 10), offset=offset, rule=RULE, silent=True)
    assert len(state.seen) <= 20_001
