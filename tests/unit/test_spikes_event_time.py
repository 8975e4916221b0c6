"""Event time as it comes: clocks that run ahead, zones, files sent twice, and alerts that do not flicker."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from schemas.alerts import Alert
from schemas.identity import parse_time, to_millis
from schemas.signals import Signal
from streams.spikes import watch
from streams.spikes.baseline import DAY_MS, HOUR_MS, Rule
from streams.spikes.watch import BrandState, observe

pytestmark = pytest.mark.unit
START = 480_000
RULE = Rule()


def signal(number: int, hour: float, **fields: object) -> Signal:
    values: dict[str, object] = {
        "identity": f"{number:016x}".ljust(64, "0"),
        "version": 1,
        "brand": "Lumbre",
        "event_time": int((START + hour) * HOUR_MS),
        "channel": "review",
        "source": "shop",
        "post_id": str(number),
        "sentiment": "negative",
        "severity": 0.3,
        **fields,
    }
    return Signal(**values)  # type: ignore[arg-type]


def calm(days: int, per_day: float, seed: int = 1) -> list[Signal]:
    dice = random.Random(seed)
    hours = sorted(dice.uniform(0, 24 * days) for _ in range(int(days * per_day)))
    return [signal(number, hour) for number, hour in enumerate(hours)]


def told(state: BrandState, signals: list[Signal]) -> list[Alert]:
    return [
        alert for one in signals for alert in observe(state, one, offset=state.applied + 1, rule=RULE, silent=False)
    ]


def test_a_clock_that_runs_a_day_ahead_hides_no_burst() -> None:
    state = BrandState()
    told(state, calm(21, 1.0))
    told(state, [signal(5000, 24 * 21 + 23.0)])  # written now, by a clock a day ahead
    burst = [signal(6000 + n, 24 * 21 + n / 4) for n in range(40)]
    started = [alert for alert in told(state, burst) if alert.state == "started" and alert.dimension == "overall"]
    assert len(started) == 1
    assert started[0].observed <= 40


def test_a_time_with_an_offset_is_the_instant_that_it_names() -> None:
    moments = [parse_time(text) for text in ("2026-03-24T09:00:00+09:00", "2026-03-24T00:00:00Z")]
    assert None not in moments
    assert len({to_millis(moment) for moment in moments if moment is not None}) == 1


def test_a_file_that_is_sent_again_does_not_double_what_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "KEEP_SEEN", 100)
    state = BrandState()
    posts = calm(60, 5.0)
    told(state, posts)
    level = state.series["overall=all"].negatives.level
    told(state, posts)
    assert state.series["overall=all"].negatives.level == level
    assert len(state.seen) <= 101


def test_posts_of_one_moment_are_all_counted_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "KEEP_SEEN", 100)
    state = BrandState()
    told(state, [signal(number, 1.0) for number in range(500)])
    assert state.series["overall=all"].negatives.sums[-1] == 500


def test_one_rise_with_pauses_is_one_alert() -> None:
    state = BrandState()
    told(state, calm(21, 1.0))
    waves = [signal(7000 + 100 * wave + n, 24 * 21 + 8 * wave + n / 10) for wave in range(6) for n in range(20)]
    alerts = [alert for alert in told(state, waves) if alert.dimension == "overall"]
    assert [alert.state for alert in alerts].count("started") == 1
    assert "ended" not in {alert.state for alert in alerts}
    after = [a for a in told(state, [signal(9000, 24 * 21 + 48 + 30.0)]) if a.dimension == "overall"]
    assert [alert.state for alert in after] == ["ended"]


def test_what_is_too_old_for_any_window_never_alerts_and_a_day_late_still_does() -> None:
    fresh, old = BrandState(), BrandState()
    for state in (fresh, old):
        told(state, [one for one in calm(28, 1.0) if one.event_time < (START + 24 * 21) * HOUR_MS or state is old])
    late = [signal(8000 + n, 24 * 20.5 + n / 10) for n in range(40)]
    assert any(alert.state == "started" for alert in told(fresh, late))
    assert told(old, [replace(one, event_time=one.event_time - DAY_MS) for one in late]) == []
