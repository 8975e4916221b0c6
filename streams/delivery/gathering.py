"""Batches of what a queue gives: the first item is waited for, the others only a little.

Faust's own `noack_take` does the same through its stream, which lets the event loop turn once for each record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def batches(queue: asyncio.Queue[T], most: int, *, within: float) -> AsyncGenerator[list[T], None]:
    """At most `most` items at a time, all that come within `within` seconds after the first.

    Ends where the queue raises StopAsyncIteration, as Faust's do when their agent is to stop.
    """
    with suppress(StopAsyncIteration):
        while True:
            batch = [await queue.get()]
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    while len(batch) < most:
                        batch.append(await queue.get())
            yield batch


async def ahead(batches: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The same batches; the next one is gathered while the caller works on the one before it. Errors come in order."""
    gathered: asyncio.Queue[T | Exception | None] = asyncio.Queue(1)

    async def gather() -> None:
        try:
            async for batch in batches:
                await gathered.put(batch)
            await gathered.put(None)
        except Exception as error:  # noqa: BLE001 - raised where the batches are taken
            await gathered.put(error)

    task = asyncio.create_task(gather())
    try:
        while (batch := await gathered.get()) is not None:
            if isinstance(batch, Exception):
                raise batch
            yield batch
    finally:
        task.cancel()
