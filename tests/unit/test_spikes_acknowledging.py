"""A person's word on an incident: every alert of it tells so, and it wakes nobody until it has doubled."""

from __future__ import annotations

import random

import msgspec
import pytest

from schemas.alerts import Alert, AlertCommand
from schemas.codec import encode
from schemas.errors import RejectedInput, SettingsError
from schemas.signals import Signal
from streams.records import Message, Record
from streams.settings import load_settings
from streams.spikes.baseline import HOUR_MS, Rule
from streams.spikes.routes import Routes
from streams.spikes.watch import BrandState, acknowledge, observe
from streams.stages.alert import AlertStage
from streams.topics import plan, topics_of

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
        "product": "Faro",
        **fields,
    }
    return Signal(**values)  # type: ignore[arg-type]


def story(burst: int) -> list[Signal]:
    """Three weeks of a negative a day, then a burst of twelve hours."""
    dice = random.Random(4)
    hours = sorted(dice.uniform(0, 24 * 21) for _ in range(21))
    hours += [24 * 21 + 12 * n / burst for n in range(burst)]
    return [signal(number, hour) for number, hour in enumerate(hours)]


def told(state: BrandState, signals: list[Signal]) -> list[Alert]:
    return [
        alert for one in signals for alert in observe(state, one, offset=state.applied + 1, rule=RULE, silent=False)
    ]


def word(alert_id: str, name: str = "c1") -> AlertCommand:
    return AlertCommand(
        id=name,
        alert_id=alert_id,
        brand="Lumbre",
        action="acknowledge",
        actor="Inés",
        at="2026-03-24T12:00:00.000Z",
        note="the courier was called",
    )


def split(signals: list[Signal]) -> tuple[BrandState, list[Alert], list[Signal]]:
    """The state, and the alerts told, as soon as there is one; and the signals that follow."""
    state = BrandState()
    for number, one in enumerate(signals):
        alerts = told(state, [one])
        if alerts:
            return state, alerts, signals[number + 1 :]
    raise AssertionError("no alert")


def test_one_record_of_an_incident_wakes() -> None:
    _, alerts, _ = split(story(60))
    assert len(alerts) > 1
    assert [alert.leads for alert in alerts].count(True) == 1
    assert [alert.wakes for alert in alerts] == [alert.leads for alert in alerts]


def test_an_acknowledged_incident_wakes_again_when_it_has_doubled() -> None:
    state, alerts, rest = split(story(80))
    answered = acknowledge(state, word(alerts[0].id), RULE)
    assert {alert.id for alert in answered} >= {alert.id for alert in alerts}
    assert {(alert.acknowledged.by, alert.acknowledged.note) for alert in answered if alert.acknowledged} == {
        ("Inés", "the courier was called")
    }
    assert all(alert.acknowledged and not alert.wakes for alert in answered)
    seen = max(alert.acknowledged.observed for alert in answered if alert.acknowledged)
    versions = {alert.id: alert.version for alert in alerts}
    assert all(alert.version > versions.get(alert.id, 0) for alert in answered)
    after = told(state, rest)
    first = next(alert for alert in after if alert.wakes)
    assert first.observed >= 2 * seen
    assert first.acknowledged is None
    before = after[: after.index(first)]
    assert all(alert.acknowledged or alert.observed >= 2 * seen for alert in before)


def test_a_repeat_changes_nothing_and_an_unknown_alert_is_refused() -> None:
    state, alerts, _ = split(story(60))
    incident = alerts[0].incident or ""
    assert acknowledge(state, word(incident), RULE)
    assert acknowledge(state, word(incident), RULE) == []
    with pytest.raises(RejectedInput, match="no alert that is open"):
        acknowledge(state, word("another", "c2"), RULE)


def test_what_starts_after_the_end_wakes() -> None:
    state, alerts, rest = split(story(60))
    acknowledge(state, word(alerts[0].id), RULE)
    told(state, rest)
    ended = told(state, [signal(500, 24 * 23)])
    assert {alert.state for alert in ended} == {"ended"}
    assert not any(alert.wakes for alert in ended)
    again = told(state, [signal(1000 + n, 24 * 26 + n / 10) for n in range(60)])
    assert any(alert.wakes and alert.state == "started" for alert in again)


class Broker:
    """What was delivered: the newest state by key, and every other message."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        self.settings = load_settings(environ=environ or {})
        self.topics = topics_of(self.settings)
        self.state: dict[bytes, bytes] = {}
        self.messages: list[Message] = []

    async def worker(self, batch: list[Record]) -> list[Alert]:
        """One worker's life: restored from the broker, it takes a batch and is gone."""
        stage = AlertStage(self.topics, lambda _topic, _partition: dict(self.state))
        await stage.assigned(frozenset({0}))
        messages = await stage.process(batch)
        self.state.update({m.key or b"": m.value or b"" for m in messages if m.state})
        self.messages += messages
        return [msgspec.json.decode(m.value or b"", type=Alert) for m in messages if m.topic == self.topics.alerts]


def record(topic: str, offset: int, value: object, at: int = START * HOUR_MS) -> Record:
    return Record(topic, 0, offset, b"Lumbre", encode(value), at)  # type: ignore[arg-type]


async def test_an_acknowledgement_survives_a_restart_and_its_redelivery() -> None:
    broker = Broker({"VOCERO_ALERTS_ROUTES": '{"product=Faro": "alerts.faro", "brand=Other": "alerts.other"}'})
    signals = story(30)
    batch = [record(broker.topics.signals, n, one, one.event_time) for n, one in enumerate(signals)]
    alerts = await broker.worker(batch)
    order = record(broker.topics.alert_commands, 0, word(alerts[-1].id))
    answered = await broker.worker([order])
    assert answered
    assert all(alert.acknowledged for alert in answered)
    assert await broker.worker([order]) == []
    later = await broker.worker([record(broker.topics.signals, len(batch), signal(900, 24 * 23), START * HOUR_MS)])
    assert [alert.acknowledged.by for alert in later if alert.acknowledged] == ["Inés"] * len(later)
    assert later
    own = [message for message in broker.messages if message.topic == "alerts.faro"]
    about = [alert for alert in [*alerts, *answered, *later] if "alerts.faro" in alert.routed_to]
    assert own
    assert len(own) == len(about)
    assert not any(message.topic == "alerts.other" for message in broker.messages)
    kinds = {message.headers["ce_type"] for message in own}
    assert b"vocero.alert.acknowledged" in kinds


async def test_a_command_that_names_nothing_is_a_dead_letter() -> None:
    broker = Broker()
    assert await broker.worker([record(broker.topics.alert_commands, 0, word("none"))]) == []
    assert [message.topic for message in broker.messages] == [broker.topics.dead_letters]


def test_routes_are_by_brand_by_product_and_by_both() -> None:
    routes = Routes({"brand=B": "b", "product=P": "p", "brand=B/product=P": "bp", "brand=C": "c"})

    def alert(brand: str, dimension: str, value: str, leading: str = "") -> Alert:
        return Alert(
            id="1",
            series=f"brand={brand}/{dimension}={value}",
            brand=brand,
            dimension=dimension,
            value=value,
            state="started",
            version=1,
            since="",
            at="",
            window_seconds=1,
            observed=1,
            expected=1,
            score=1,
            leading=leading,
        )

    assert routes.of(alert("B", "product", "P")) == ["b", "p", "bp"]
    assert routes.of(alert("B", "place", "Porto")) == ["b"]
    assert routes.of(alert("B", "channel", "email", leading="brand=B/product=P")) == ["b", "p", "bp"]
    assert routes.of(alert("D", "product", "P")) == ["p"]
    assert routes.of(alert("D", "product", "Q")) == []


@pytest.mark.parametrize(
    "routes",
    ['{"place=Porto": "a.b"}', '{"brand=B": "no topic"}', '{"brand=B": "feedback.alerts.negative-spike"}', "7"],
)
def test_a_route_that_cannot_be_is_refused(routes: str) -> None:
    with pytest.raises(SettingsError):
        load_settings(environ={"VOCERO_ALERTS_ROUTES": routes})


def test_setup_makes_the_topics_of_routes(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("routes") / "vocero.toml"
    file.write_text('[alerts.routes]\n"brand=B" = "alerts.b"\n"product=P" = "alerts.b"\n')
    topics = topics_of(load_settings(file=file, environ={}))
    names = [one.name for one in plan(topics, partitions=3)]
    assert names.count("alerts.b") == 1
    assert topics.alert_commands in names
