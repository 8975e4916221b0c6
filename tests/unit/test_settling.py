"""What a batch's settling does with messages that the broker finds too large."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import msgspec
import pytest

from schemas.dead_letters import DeadLetter
from streams.broker.outbox import Outbox
from streams.delivery.harness import SAFE_BYTES, Settler
from streams.delivery.ledger import Ledger
from streams.headers import FOR
from streams.records import Message, Record

pytestmark = pytest.mark.unit


class Narrow:
    """An outbox to a broker that takes no more than so many bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sent: list[Message] = []

    async def send(self, messages: Sequence[Message]) -> list[Message]:
        self.sent += [message for message in messages if message.size <= self.limit]
        return [message for message in messages if message.size > self.limit]


class Forwarding:
    """A stage that sends for each record a message of the size that its value says, and a small one; then its state."""

    name = "forwarding"
    inputs = ("in",)

    async def open(self) -> None: ...

    async def assigned(self, partitions: frozenset[int]) -> None: ...

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        self.batch = list(batch)
        messages = [
            message
            for record in batch
            for message in (
                Message("signals", None, b"small", cause=record),
                Message("enriched", None, bytes(int(record.value or b"0")), cause=record),
            )
        ]
        return [Message("state", b"k", b"v", cause=batch[-1], state=True), *messages]

    def close(self) -> None: ...


def settled(limit: int, *values: bytes, **headers: bytes) -> tuple[Narrow, Forwarding, Ledger]:
    outbox, stage, ledger = Narrow(limit), Forwarding(), Ledger()
    settler = Settler(stage, cast("Outbox", outbox), "letters", ledger)
    records = [Record("in", 0, offset, b"k", value, 1_000, headers) for offset, value in enumerate(values)]
    asyncio.run(settler.settle(records))
    return outbox, stage, ledger


def test_of_a_record_whose_output_is_too_large_nothing_goes_out_but_its_dead_letter() -> None:
    large = b"%d" % (2 * SAFE_BYTES)
    outbox, _, ledger = settled(SAFE_BYTES + 1, b"10", large, b"20")
    assert [message.topic for message in outbox.sent] == [
        "signals",
        "enriched",
        "signals",
        "enriched",
        "state",
        "letters",
    ]
    assert {message.cause.offset for message in outbox.sent[:4] if message.cause} == {0, 2}
    letter = msgspec.json.decode(outbox.sent[-1].value or b"", type=DeadLetter)
    assert (letter.reason, letter.offset) == ("too-large", 1)
    assert {topic: ledger.produced(topic) for topic in ("signals", "enriched", "state", "letters")} == {
        "signals": 2,
        "enriched": 2,
        "state": 1,
        "letters": 1,
    }


def test_a_large_output_that_the_broker_takes_goes_out_with_the_rest() -> None:
    outbox, _, _ = settled(8 * SAFE_BYTES, b"%d" % (2 * SAFE_BYTES))
    assert sorted(message.topic for message in outbox.sent) == ["enriched", "signals", "state"]


def test_a_record_that_is_driven_again_for_another_stage_is_settled_without_work() -> None:
    outbox, stage, _ = settled(SAFE_BYTES, b"10", **{FOR: b"alert"})
    assert outbox.sent == []
    assert not hasattr(stage, "batch")
    outbox, _, _ = settled(SAFE_BYTES, b"10", **{FOR: b"no stage of ours"})
    assert len(outbox.sent) == 3
