"""Faust's consumer hands a record over without tasks where it can, and as Faust has it where it cannot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from mode.services import WaitResults

from streams.delivery.transport import PromptTransport

pytestmark = [pytest.mark.unit, pytest.mark.timeout(30)]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


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
