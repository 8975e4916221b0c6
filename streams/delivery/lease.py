"""Until when a batch is surely this worker's: known before anything of it becomes visible to others.

A worker that was frozen, or waited long for the store, may have lost its partitions meanwhile: what it sends or stores
then would undo what their new owner has made of the same records.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from streams.records import Message


class LeaseLost(Exception):
    """Another worker has the partitions of the batch under way. `amends` are to be sent for what was done too late."""

    def __init__(self, amends: Sequence[Message] = ()) -> None:
        super().__init__()
        self.amends = amends


Lease = Callable[[], Awaitable[float]]
"""Gives seconds by `time.monotonic`; raises LeaseLost."""


async def _for_ever() -> float:
    return math.inf


_lease: ContextVar[Lease] = ContextVar("lease", default=_for_ever)


@contextmanager
def leased(lease: Lease) -> Iterator[None]:
    """Inside, `lease` says until when the batch under way is surely ours."""
    token = _lease.set(lease)
    try:
        yield
    finally:
        _lease.reset(token)


async def require_lease() -> float:
    """Until when the batch under way is surely ours, by `time.monotonic`. Raises LeaseLost where it is not any more."""
    return await _lease.get()()
