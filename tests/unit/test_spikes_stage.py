"""The alert stage around a crash: what was counted is not counted again, and what was told keeps its identity."""

from __future__ import annotations

import random

import msgspec
import pytest

from schemas.alerts import Alert
from schemas.codec import encode
from schemas.signals import Signal
from streams.records import Message, Record
from streams.settings import load_settings
from streams.spikes.baseline import Rule
from streams.spikes.watch import BrandState, observe
from streams.stages.alert import AlertStage, pack, unpack
from streams.topics import topics_of

pytestmark = pytest.mark.unit
HOUR = 3_600_000
START = 480_000 * HOUR


def records() -> list[Record]:
    dice = random.Random(4)
    hours = sorted([dice.uniform(0, 24 * 21) for _ in range(40)] + [24 * 21 + dice.uniform(0, 8) for _ in range(40)])
    return [
        Record(
            topic="feedback.signals",
            partition=0,
            offset=offset,
            key=b"Lumbre",
            value=encode(
                Signal(
                    identity=f"{offset:016x}".ljust(64, "0"),
                    version=1,
                    brand="Lumbre",
                    event_time=START + int(hour * HOUR),
                    channel="review",
                    source="shop",
                    post_id=str(offset),
                    sentiment="negative",
                    severity=0.3,
                    place="Valencia",
                )
            ),
            headers={},
            timestamp_ms=START + int(hour * HOUR),
        )
        for offset, hour in enumerate(hours)
    ]


class Broker:
    """What was delivered: the newest state by key, and every alert."""

    def __init__(self) -> None:
        self.state: dict[bytes, bytes] = {}
        self.alerts: list[Alert] = []

    def deliver(self, messages: list[Message], *, state: bool = True) -> None:
        for message in messages:
            if message.state:
                if state:
                    self.state[message.key or b""] = message.value or b""
            else:
                self.alerts.append(msgspec.json.decode(message.value or b"", type=Alert))

    def stage(self) -> AlertStage:
        return AlertStage(topics_of(load_settings(environ={})), lambda _topic, _partition: dict(self.state))


async def run(broker: Broker, batch: list[Record], *, state: bool = True) -> None:
    """One worker's life: it takes a batch and is gone."""
    stage = broker.stage()
    await stage.assigned(frozenset({0}))
    broker.deliver(await stage.process(batch), state=state)


def told(alerts: list[Alert]) -> set[tuple[str, int, str, float]]:
    return {(alert.id, alert.version, alert.state, alert.observed) for alert in alerts}


async def test_batches_of_any_size_tell_the_same() -> None:
    whole, parts = Broker(), Broker()
    await run(whole, records())
    for start in range(0, 80, 7):
        await run(parts, records()[start : start + 7])
    assert whole.alerts
    assert whole.alerts == parts.alerts


async def test_a_redelivery_after_the_state_was_kept_tells_nothing() -> None:
    broker = Broker()
    await run(broker, records())
    before = len(broker.alerts)
    await run(broker, records())
    assert len(broker.alerts) == before


async def test_a_crash_between_alerts_and_state_tells_the_same_alerts_again() -> None:
    steady, broken = Broker(), Broker()
    await run(steady, records())
    await run(broken, records()[:50])
    await run(broken, records()[50:], state=False)
    await run(broken, records()[50:])
    assert len(broken.alerts) > len(steady.alerts)
    assert told(broken.alerts) == told(steady.alerts)


async def test_state_of_another_version_is_left_alone() -> None:
    broker = Broker()
    broker.state = {b"Lumbre": b'{"applied":3}', b"Casa": pack(BrandState(applied=7))}
    await run(broker, records()[:1])
    restored = unpack(broker.state[b"Casa"])
    assert restored is not None
    assert restored.applied == 7
    assert unpack(b'{"applied":3}') is None
    assert unpack(broker.state[b"Lumbre"]) is not None


async def test_the_state_is_small() -> None:
    broker = Broker()
    await run(broker, records())
    assert len(broker.state[b"Lumbre"]) < 12_000


def test_the_largest_state_fits_a_kafka_message() -> None:
    dice = random.Random(9)
    words = ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(3000)]
    state = BrandState()
    for offset in range(24_000):
        text = " ".join(dice.choices(words, k=70)) if offset > 20_000 else "short"
        signal = Signal(
            identity=f"{dice.getrandbits(256):064x}",
            version=1,
            brand="Lumbre",
            event_time=START + int(offset * HOUR / (500 if offset > 20_000 else 40)),
            channel="review",
            source="shop",
            post_id=str(offset),
            sentiment="negative",
            severity=dice.random(),
            product=f"p{offset % 500}",
            excerpt=text,
            translation=text[::-1],
        )
        observe(state, signal, offset=offset, rule=Rule(), silent=True)
    assert len(pack(state)) < 1_000_000
