"""Whether a batch is still this worker's, asked before anything of it becomes visible to others.

A worker that was frozen, or waited long for the store, may have lost its partitions meanwhile: what it sends or stores
then would undo what their new owner has made of the same records.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class LeaseLost(Exception):
    """Another worker has the partitions of the batch under way."""


async def _certainly() -> bool:
    return True


_ours: ContextVar[Callable[[], Awaitable[bool]]] = ContextVar("ours", default=_certainly)


@contextmanager
def leased(ours: Callable[[], Awaitable[bool]] = _certainly) -> Iterator[None]:
    """Inside, `ours` says whether the batch is still this worker's."""
    token = _ours.set(ours)
    try:
        yield
    finally:
        _ours.reset(token)


async def require_lease() -> None:
    """Raises LeaseLost where the batch under way is not ours any more."""
    if not await _ours.get()():
        raise LeaseLost
