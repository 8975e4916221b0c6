"""What follows from a batch goes out in its order; nothing of it once another worker owns its partitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext

import pytest

from streams.delivery.harness import SAFE_BYTES, Settler
from streams.delivery.lease import LeaseLost, leased
from streams.delivery.ledger import Ledger
from streams.records import Message, Record

pytestmark = pytest.mark.unit

RECORD = Record(topic="in", partition=0, offset=0, key=None, value=b"x", timestamp_ms=0)
OUTPUT = Message("out", b"k", b"v", cause=RECORD)
FOLLOWING = Message("following", b"k", b"v", cause=RECORD, follows=True)
STATE = Message("state", b"k", b"v", cause=RECORD, state=True)


class Counting:
    """A stage of one message of each kind, the last first; an outbox that keeps what is sent, and takes no `large`."""

    name = "alert"
    inputs = ("in",)

    def __init__(self, output: Message = OUTPUT) -> None:
        self.made = [STATE, FOLLOWING, output]
        self.sent: list[list[Message]] = []

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        return self.made

    async def send(self, messages: Sequence[Message]) -> list[Message]:
        if messages:
            self.sent.append(list(messages))
        return [message for message in messages if message.topic == "large"]


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        ([True, True], [[OUTPUT], [FOLLOWING], [STATE]]),
        ([True, False], [[OUTPUT], [FOLLOWING]]),
        ([False], []),
    ],
)
async def test_what_is_not_ours_any_more_is_left_alone(answers: list[bool], sent: list[list[Message]]) -> None:
    stage = Counting()
    settler = Settler(stage, stage, "dead", Ledger())  # type: ignore[arg-type]
    left = list(answers)

    async def lease() -> float:
        if not left.pop(0):
            raise LeaseLost
        return math.inf

    with leased(lease), nullcontext() if all(answers) else pytest.raises(LeaseLost):
        await settler.settle([RECORD])
    assert stage.sent == sent
    assert left == []


async def test_what_answers_to_an_output_is_not_sent_without_it() -> None:
    large = Message("large", b"k", b"v" * (SAFE_BYTES + 1), cause=RECORD)
    stage = Counting(large)
    await Settler(stage, stage, "dead", Ledger()).settle([RECORD])  # type: ignore[arg-type]
    assert stage.sent[:2] == [[large], [STATE]]
    ((letter,),) = stage.sent[2:]
    assert letter.topic == "dead"
