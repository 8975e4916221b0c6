"""What an alert tells, and which alerts are one incident: by their posts, led by the most specific series."""

from __future__ import annotations

import random

import pytest

from schemas.alerts import Alert
from schemas.signals import Signal
from streams.spikes.baseline import HOUR_MS, Rule
from streams.spikes.watch import BrandState, observe

pytestmark = pytest.mark.unit
START = 480_000
RULE = Rule()


class Story:
    """Signals in the order of their time; each is a post of its own."""

    def __init__(self, seed: int = 1) -> None:
        self.dice = random.Random(seed)
        self.signals: list[Signal] = []

    def add(self, count: int, first: float, last: float, **fields: object) -> Story:
        """`count` posts at random hours from `first` to `last`."""
        for _ in range(count):
            values: dict[str, object] = {
                "identity": f"{len(self.signals):016x}".ljust(64, "0"),
                "version": 1,
                "brand": "Lumbre",
                "event_time": int((START + self.dice.uniform(first, last)) * HOUR_MS),
                "channel": self.dice.choice(["review", "social"]),
                "source": "shop",
                "post_id": str(len(self.signals)),
                "sentiment": "negative",
                "severity": 0.3,
                "language": self.dice.choice(["es", "it", "en"]),
                "place": self.dice.choice(["Lyon", "Porto", "Turin", "Valencia"]),
                "excerpt": "x",
                **fields,
            }
            self.signals.append(Signal(**values))  # type: ignore[arg-type]
        return self

    def told(self, *, silent: bool = False) -> list[Alert]:
        """Every alert of it."""
        state = BrandState()
        found: list[Alert] = []
        for offset, signal in enumerate(sorted(self.signals, key=lambda one: one.event_time)):
            found.extend(observe(state, signal, offset=offset, rule=RULE, silent=silent))
        return found


def newest(alerts: list[Alert]) -> dict[str, Alert]:
    """The state in which the store holds each alert."""
    return {alert.id: alert for alert in alerts}


def ordinary() -> Story:
    return Story().add(84, 0, 24 * 28).add(170, 0, 24 * 28, sentiment="positive")


def test_one_cause_is_one_incident_led_by_the_place() -> None:
    alerts = ordinary().add(30, 24 * 21, 24 * 21 + 12, place="Valencia").told()
    last = newest(alerts).values()
    assert {alert.dimension for alert in last} >= {"place", "overall"}
    assert len({alert.incident for alert in last}) == 1
    assert [alert.series for alert in last if alert.leads] == ["brand=Lumbre/place=Valencia"]
    assert {alert.leading for alert in last} == {"brand=Lumbre/place=Valencia"}


def test_two_causes_at_once_are_two_incidents() -> None:
    story = ordinary().add(40, 24 * 21, 24 * 21 + 12, place="Valencia", channel="social", language="es")
    story.add(40, 24 * 21, 24 * 21 + 12, place=None, product="Faro", channel="email", language="fr")
    leading = {alert.leading for alert in newest(story.told()).values()}
    assert leading == {"brand=Lumbre/place=Valencia", "brand=Lumbre/product=Faro"}


def test_a_rise_everywhere_is_led_by_the_brand() -> None:
    alerts = newest(ordinary().add(120, 24 * 21, 24 * 21 + 12).told())
    assert len({alert.incident for alert in alerts.values()}) == 1
    assert [alert.dimension for alert in alerts.values() if alert.leads] == ["overall"]


def test_an_alert_says_what_was_asked_and_its_end_tells_the_peak() -> None:
    topics = [("t1", "courier, postage")]
    story = ordinary().add(30, 24 * 21, 24 * 21 + 12, place="Valencia", translation="never came", topics=topics)
    place = [alert for alert in story.told() if alert.dimension == "place"]
    started, ended = place[0], place[-1]
    assert (started.state, ended.state) == ("started", "ended")
    assert len({alert.id for alert in place}) == 1
    versions = [alert.version for alert in place]
    assert versions == sorted(set(versions))
    assert ended.observed == max(alert.observed for alert in place)
    assert started.since <= started.at <= (ended.peak_at or "") < ended.at
    assert started.expected < 2 < started.observed
    assert started.log10_p is not None
    assert started.log10_p < -6
    assert started.exemplars[0].translation == "never came"
    assert set(started.new_words) == {"courier", "postage"}
    assert ended.topics == ["courier, postage"]


def test_the_share_tells_a_worse_mood_where_the_volume_is_flat() -> None:
    calm = Story().add(28 * 30, 0, 24 * 28, place=None).add(28 * 90, 0, 24 * 28, sentiment="positive", place=None)
    assert calm.told() == []
    worse = Story().add(28 * 30, 0, 24 * 28, place=None).add(28 * 90, 0, 24 * 28, sentiment="positive", place=None)
    worse.add(75, 24 * 28, 24 * 29, place=None).add(45, 24 * 28, 24 * 29, sentiment="positive", place=None)
    assert any(alert.dimension == "overall" for alert in worse.told())


def test_severe_posts_weigh_more() -> None:
    def first(severity: float) -> int:
        story = Story().add(28 * 6, 0, 24 * 28, severity=0.2)
        burst = Story(2).add(40, 24 * 28, 24 * 29, severity=severity).signals
        story.signals += [
            Signal(**{f: getattr(s, f) for f in s.__struct_fields__} | {"identity": f"{n + 9000:016x}".ljust(64, "0")})
            for n, s in enumerate(burst)
        ]
        alerts = [alert for alert in story.told() if alert.dimension == "overall"]
        return sum(one.event_time <= int(story_time(alerts[0].at)) for one in burst) if alerts else 99

    assert first(0.9) < first(0.2)


def story_time(text: str) -> float:
    from schemas.identity import parse_time, to_millis

    moment = parse_time(text)
    assert moment is not None
    return to_millis(moment)


def test_series_are_bounded_and_the_busy_ones_stay() -> None:
    state = BrandState()
    for offset in range(2000):
        signal = Story(offset).add(1, offset / 10, offset / 10).signals[0]
        values = {name: getattr(signal, name) for name in signal.__struct_fields__}
        one = Signal(**values | {"identity": f"{offset:016x}".ljust(64, "0"), "product": f"p{offset}"})
        observe(state, one, offset=offset, rule=RULE, silent=False)
    assert len(state.series) <= RULE.max_series
    assert "overall=all" in state.series
    assert "place=Valencia" in state.series
