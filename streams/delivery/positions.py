"""Which record comes next in each partition, and how far everything is settled. Pure: decisions without a broker.

Faust's own bookkeeping is not relied upon: after a rebalance it can skip the first records of a partition that was
never committed, or take a hole in what it was given for one that compaction made, and commit past it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from streams.delivery.observer import Partition


class Step(Enum):
    """What to do with a record that arrived."""

    TAKE = "take"
    REPEAT = "repeat"  # taken before
    HOLE = "hole"  # records before it have not arrived
    FOREIGN = "foreign"  # the partition is not ours, or not known yet


@dataclass(slots=True, eq=False)
class Held:
    """One owned partition: `next` is the offset that has to arrive next, `settled` the one to commit."""

    next: int
    settled: int
    committed: int
    holes: dict[int, int] = field(default_factory=dict)
    """Offsets that are known to be empty: first one to the first that is not."""


class Positions:
    """The partitions that a stage owns. Not thread-safe: for the event loop."""

    def __init__(self) -> None:
        self._held: dict[Partition, Held | None] = {}

    def assigned(self, owned: Iterable[Partition], *, afresh: bool) -> None:
        """Forgets what left; keeps what stayed, or, `afresh`, nothing: another worker may have had it in between."""
        kept = {} if afresh else self._held
        self._held = {one: kept.get(one) for one in owned}

    def all(self) -> set[Partition]:
        """Every owned partition."""
        return set(self._held)

    def unknown(self) -> list[Partition]:
        """Owned partitions whose beginning is not known yet."""
        return [one for one, held in self._held.items() if held is None]

    def begin(self, partition: Partition, offset: int) -> None:
        """The partition is read from `offset` on: all before it is settled."""
        if partition in self._held and self._held[partition] is None:
            self._held[partition] = Held(next=offset, settled=offset, committed=offset)

    def held(self, partition: Partition) -> Held | None:
        """The partition's place, where it is owned and known."""
        return self._held.get(partition)

    def owned(self) -> list[tuple[Partition, Held]]:
        """Every owned partition whose beginning is known."""
        return [(one, held) for one, held in self._held.items() if held is not None]

    def step(self, partition: Partition, offset: int) -> Step:
        """Whether this record is the next one; if so, the one after it is expected from now on."""
        held = self._held.get(partition)
        if held is None:
            return Step.FOREIGN
        expected = held.holes.get(held.next, held.next)
        if offset < expected:
            return Step.REPEAT
        if offset > expected:
            return Step.HOLE
        held.holes.pop(held.next, None)
        held.next = offset + 1
        return Step.TAKE

    def learned(self, partition: Partition, held: Held, offsets: Sequence[int], end: int | None) -> None:
        """The records from `next` on stand at `offsets`, ascending; `end`: there are no others below it."""
        if self._held.get(partition) is not held:
            return
        expected = held.next
        for offset in [*offsets, *([end] if end is not None else [])]:
            if offset > expected:
                held.holes[expected] = offset
            expected = max(expected, offset + 1)
        if end is not None and held.holes.get(held.next, held.next) >= end > held.next:
            # nothing is left to come: a transaction's marker or a compacted end
            if held.settled == held.next:
                held.settled = end
            held.holes.clear()
            held.next = end

    def settle(self, taken: Iterable[tuple[Partition, Held, int]]) -> None:
        """Records up to these offsets are settled. What left meanwhile is ignored: its new owner reads it again."""
        for partition, held, offset in taken:
            if self._held.get(partition) is held:
                held.settled = max(held.settled, offset + 1)

    def committable(self) -> dict[Partition, int]:
        """Offsets to commit, where they have moved."""
        return {one: held.settled for one, held in self.owned() if held.settled > held.committed}

    def committed(self, offsets: dict[Partition, int]) -> None:
        """The broker has these offsets."""
        for partition, offset in offsets.items():
            if (held := self._held.get(partition)) is not None:
                held.committed = max(held.committed, offset)
