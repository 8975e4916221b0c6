"""What stages tell about their work: one small shape, and the one that listens to nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from streams.records import Message, Record


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


class Observer(Protocol):
    """Called on the event loop, once per batch or less: each method returns at once and never raises."""

    def opened(self, stage: str) -> None:
        """The stage's models are loaded, or its store is open."""
        ...

    def assigned(self, stage: str, partitions: Collection[Partition]) -> None:
        """The partitions that the stage owns from now on; none where it stands by."""
        ...

    def taken(self, stage: str, records: Sequence[Record], ends: Mapping[Partition, int]) -> None:
        """A batch begins. `ends` is the offset after the newest record of each partition, as far as it is known."""
        ...

    def settled(
        self, stage: str, records: Sequence[Record], messages: Sequence[Message], *, work_seconds: float, seconds: float
    ) -> None:
        """A batch is settled, `messages` followed from it. `seconds` in all, `work_seconds` before sending them."""
        ...

    def store_retried(self, stage: str, documents: int) -> None:
        """The store was busy or away for that many documents: they are tried again."""
        ...


class Unobserved:
    """Nobody listens."""

    def opened(self, stage: str) -> None:
        """See Observer."""

    def assigned(self, stage: str, partitions: Collection[Partition]) -> None:
        """See Observer."""

    def taken(self, stage: str, records: Sequence[Record], ends: Mapping[Partition, int]) -> None:
        """See Observer."""

    def settled(
        self, stage: str, records: Sequence[Record], messages: Sequence[Message], *, work_seconds: float, seconds: float
    ) -> None:
        """See Observer."""

    def store_retried(self, stage: str, documents: int) -> None:
        """See Observer."""


UNOBSERVED: Final[Observer] = Unobserved()
