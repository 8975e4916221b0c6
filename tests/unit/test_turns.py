"""Batches that are worked on at once end in order; Faust's consumer hands a record over without tasks where it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from mode.services import WaitResults

from streams.delivery.transport import PromptTransport
from streams.delivery.turns import Turn, Turns, ahead

pytestmark = [pytest.mark.unit, pytest.mark.timeout(30)]


class Work:
    """Works on batches until it is told to go on, and says what happened."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.go_on = [asyncio.Event() for _ in range(4)]

    async def __call__(self, number: int, turn: Turn) -> None:
        self.happened.append(f"begun {number}")
        await self.go_on[number].wait()
        await turn()
        self.happened.append(f"sent {number}")

    async def all(self, at_once: int) -> None:
        async with Turns(at_once) as turns:
            for number in range(len(self.go_on)):
                await turns.begin(lambda turn, number=number: self(number, turn))  # type: ignore[misc]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_at_a_time() -> None:
    work = Work()
    running = asyncio.create_task(work.all(1))
    await settled()
    assert work.happened == ["begun 0"]
    for event in work.go_on:
        event.set()
    await running
    assert work.happened == [f"{what} {number}" for number in range(4) for what in ("begun", "sent")]


async def test_the_next_begins_meanwhile_and_ends_after_the_one_before_it() -> None:
    work = Work()
    running = asyncio.create_task(work.all(2))
    work.go_on[1].set()
    await settled()
    assert work.happened == ["begun 0", "begun 1"]  # the second is ready, and waits; a third has no room
    work.go_on[0].set()
    await settled()
    assert work.happened[2:4] == ["sent 0", "sent 1"]
    for event in work.go_on:
        event.set()
    await running
    assert [one for one in work.happened if one.startswith("sent")] == [f"sent {number}" for number in range(4)]


@pytest.mark.parametrize("failing", [0, 1])
async def test_after_an_error_nothing_more_is_sent(failing: int) -> None:
    sent: list[int] = []

    async def work(number: int, turn: Turn) -> None:
        if number == failing:
            await asyncio.sleep(0.01)
            raise LookupError(number)
        await turn()
        sent.append(number)

    async def run() -> None:
        async with Turns(2) as turns:
            for number in range(4):
                await turns.begin(lambda turn, number=number: work(number, turn))  # type: ignore[misc]
            await asyncio.Event().wait()  # no more batches: the error comes all the same

    with pytest.raises(LookupError):
        await run()
    assert sent == list(range(failing))


async def test_a_cancelled_stage_cancels_its_batches() -> None:
    work = Work()
    running = asyncio.create_task(work.all(2))
    await settled()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert work.happened == ["begun 0", "begun 1"]


async def test_an_error_of_the_source_comes_after_what_was_gathered() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        raise LookupError

    batches = ahead(source())
    assert await anext(batches) == 1
    with pytest.raises(LookupError):
        await anext(batches)


class Consumer(PromptTransport.Consumer):
    """The consumer's way of waiting, without a Kafka."""

    def __init__(self) -> None:
        self._stopped, self._crashed = asyncio.Event(), asyncio.Event()  # type: ignore[assignment]
        self.loop = asyncio.get_running_loop()


async def handed(consumer: Consumer, coroutine: Any, other: asyncio.Event) -> WaitResults:
    return await consumer.wait_first(coroutine, other.wait())


async def test_what_need_not_wait_is_done_without_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer, other = Consumer(), asyncio.Event()

    async def value() -> int:
        return 7

    async def broken() -> int:
        raise LookupError

    monkeypatch.setattr(driver.Consumer, "wait_first", None)  # Faust's own is not asked
    assert (await handed(consumer, value(), other)).results == [7]
    with pytest.raises(LookupError):
        await handed(consumer, broken(), other)


async def test_what_has_to_wait_waits_as_faust_has_it() -> None:
    consumer, other, room = Consumer(), asyncio.Event(), asyncio.Event()
    steps: list[str] = []

    async def handing() -> int:
        try:
            await asyncio.sleep(0)
            steps.append("began")
            await room.wait()
            steps.append("room")
        except asyncio.CancelledError:
            steps.append("cancelled")
            raise
        return 7

    waiting = asyncio.create_task(handed(consumer, handing(), other))
    await settled()
    assert steps == ["began"]
    room.set()
    assert (await waiting).results == [7]
    room.clear()
    waiting = asyncio.create_task(handed(consumer, handing(), other))
    await settled()
    other.set()  # the flow is suspended
    await waiting
    await settled()
    assert steps == ["began", "room", "began", "cancelled"]
    other.clear()
    waiting = asyncio.create_task(handed(consumer, handing(), other))
    await settled()
    consumer._stopped.set()
    assert (await waiting).stopped
