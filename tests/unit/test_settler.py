"""A batch that took longer than its lease: nothing of it is sent once another worker owns its partitions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams.delivery.harness import Settler
from streams.delivery.ledger import Ledger
from streams.records import Message, Record

pytestmark = pytest.mark.unit

RECORD = Record(topic="in", partition=0, offset=0, key=None, value=b"x", timestamp_ms=0)
OUTPUT = Message("out", b"k", b"v", cause=RECORD)
STATE = Message("state", b"k", b"v", cause=RECORD, state=True)


class Counting:
    """A stage of one output and one state message; an outbox that keeps what is sent."""

    name = "alert"
    inputs = ("in",)

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        return [OUTPUT, STATE]

    async def send(self, messages: Sequence[Message]) -> list[Message]:
        self.sent.extend(messages)
        return []


@pytest.mark.parametrize(
    ("answers", "sent"), [([True, True], [OUTPUT, STATE]), ([True, False], [OUTPUT]), ([False], [])]
)
async def test_what_is_not_ours_any_more_is_left_alone(answers: list[bool], sent: list[Message]) -> None:
    stage = Counting()
    settler = Settler(stage, stage, "dead", Ledger())  # type: ignore[arg-type]
    left = list(answers)

    async def ours() -> bool:
        return left.pop(0)

    assert await settler.settle([RECORD], ours) is all(answers)
    assert stage.sent == sent
    assert left == []
