"""State per partition: restored from the broker when a partition comes, forgotten when it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

S = TypeVar("S")


class PartitionStates(Generic[S]):
    """The state of every partition that this worker owns. `restore` blocks and runs in a thread."""

    def __init__(self, restore: Callable[[int], S]) -> None:
        self._restore = restore
        self._states: dict[int, S] = {}
        self._owned: frozenset[int] = frozenset()

    def __len__(self) -> int:
        """Partitions that this worker owns."""
        return len(self._owned)

    def assigned(self, partitions: frozenset[int]) -> None:
        """Keeps only what stayed ours throughout: another worker may have written the state of the rest."""
        stayed = self._owned & partitions
        self._states = {number: state for number, state in self._states.items() if number in stayed}
        self._owned = partitions

    async def of(self, partition: int) -> S:
        """The state of one partition, restored if it is not here."""
        if partition not in self._states:
            self._states[partition] = await asyncio.to_thread(self._restore, partition)
        return self._states[partition]
