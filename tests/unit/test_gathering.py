"""Batches are gathered from a queue while one is worked on, in order, and nothing of the queue is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from streams.delivery.gathering import ahead, batches

pytestmark = [pytest.mark.unit, pytest.mark.timeout(60)]


def queue(*items: int) -> asyncio.Queue[int]:
    made: asyncio.Queue[int] = asyncio.Queue()
    for item in items:
        made.put_nowait(item)
    return made


async def test_a_batch_is_what_is_there_up_to_its_size() -> None:
    async with aclosing(batches(queue(*range(5)), 2, within=0.01)) as gathered:
        assert [await anext(gathered) for _ in range(3)] == [[0, 1], [2, 3], [4]]


async def test_what_comes_a_little_later_belongs_to_the_batch_and_what_comes_late_to_the_next() -> None:
    waiting = queue()
    async with aclosing(batches(waiting, 10, within=0.2)) as gathered:
        first = asyncio.create_task(anext(gathered))
        await asyncio.sleep(0.3)  # nothing is no batch, however long it takes
        assert not first.done()
        waiting.put_nowait(1)
        await asyncio.sleep(0)
        waiting.put_nowait(2)
        assert await first == [1, 2]
        waiting.put_nowait(3)
        assert await anext(gathered) == [3]


async def test_items_that_come_just_when_the_time_is_over_are_not_lost() -> None:
    waiting = queue()
    seen: list[int] = []

    async def put() -> None:
        for number in range(300):
            waiting.put_nowait(number)
            await asyncio.sleep(0.001)

    putting = asyncio.create_task(put())
    async with aclosing(batches(waiting, 1_000, within=0.001)) as gathered:
        while len(seen) < 300:
            seen += await anext(gathered)
    await putting
    assert seen == list(range(300))


@pytest.mark.parametrize("items", [(), (1, 2)])
async def test_a_queue_that_is_stopped_ends_the_batches(items: tuple[int, ...]) -> None:
    """By the queue that Faust's channels have: what was gathered last is left to the next worker."""
    flow = FlowControlEvent(initially_suspended=False)
    stopping: ThrowableQueue[int] = ThrowableQueue(flow_control=flow)
    for item in items:
        stopping.put_nowait(item)
    async with aclosing(ahead(batches(stopping, 2, within=10.0))) as gathered:
        seen = [await anext(gathered)] if items else []
        asyncio.get_running_loop().call_later(0.05, stopping._throw, StopAsyncIteration())
        seen += [batch async for batch in gathered]
    assert seen == ([[1, 2]] if items else [])


async def test_the_next_batch_is_gathered_while_one_is_worked_on() -> None:
    made: list[int] = []

    async def source() -> AsyncIterator[Sequence[int]]:
        for number in range(4):
            made.append(number)
            yield [number]

    seen = []
    async with aclosing(ahead(source())) as gathered:
        async for (number,) in gathered:
            for _ in range(5):
                await asyncio.sleep(0)
            assert made[-1] > number or number == 3  # it does not wait for us
            assert made[-1] <= number + 3  # and does not run away
            seen.append(number)
    assert seen == [0, 1, 2, 3]


async def test_an_error_comes_after_the_batches_before_it() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        raise OSError("the broker")

    async with aclosing(ahead(source())) as gathered:
        assert await anext(gathered) == 1
        with pytest.raises(OSError, match="the broker"):
            await anext(gathered)


async def test_whoever_stops_taking_stops_the_gathering() -> None:
    ended = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.set()

    async with aclosing(ahead(source())) as gathered:
        async for _ in gathered:
            break
    await asyncio.wait_for(ended.wait(), 10)
