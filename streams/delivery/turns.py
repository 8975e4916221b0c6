"""The next batch while one is worked on: gathered, or begun. Each ends after the one before it, as commits must."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

Turn = Callable[[], Awaitable[None]]
"""Returns when every batch before this one has ended well."""


class Turns:
    """`begin` starts the work on a batch. An error in one ends all, and is raised by `begin` or at the end.

    Used by `async with`, in one task.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._group = asyncio.TaskGroup()
        self._room = asyncio.Event()
        self._open = 0
        self._last: asyncio.Event | None = None

    async def begin(self, work: Callable[[Turn], Awaitable[None]]) -> None:
        """Starts it, and returns as soon as another one may begin."""
        before, self._last = self._last, asyncio.Event()
        self._open += 1
        self._group.create_task(self._run(work, before, self._last))
        while self._open >= self._at_once:
            self._room.clear()
            await self._room.wait()

    async def _run(
        self, work: Callable[[Turn], Awaitable[None]], before: asyncio.Event | None, ended: asyncio.Event
    ) -> None:
        async def turn() -> None:
            if before is not None:
                await before.wait()

        await work(turn)
        await turn()
        self._open -= 1
        ended.set()
        self._room.set()

    async def __aenter__(self) -> Turns:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None  # who supervises the agent knows single errors


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
