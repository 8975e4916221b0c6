"""The one shape of a stage: records in, messages out, nothing acknowledged before all of them are delivered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from schemas.errors import RejectedInput
from streams.delivery.dead_letters import dead_letter
from streams.records import Message, Record

log = logging.getLogger(__name__)


@runtime_checkable
class Stage(Protocol):
    """One step of the flow. `name` is its agent, its consumer group and its word on the command line."""

    name: str
    inputs: tuple[str, ...]

    async def open(self) -> None:
        """Called once before the first batch, on the event loop."""
        ...

    async def assigned(self, partitions: frozenset[int]) -> None:
        """The partitions that this worker now owns: what has left is forgotten, what is new is restored."""
        ...

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        """What follows from a batch. Every record must be settled by it: written, answered or dead-lettered.

        Records of one partition come in offset order. Raising ends the process: nothing is acknowledged then.
        """
        ...

    def close(self) -> None:
        """Frees what the stage holds. Called once, after the last batch."""
        ...


def each(
    batch: Iterable[Record], handle: Callable[[Record], list[Message]], *, stage: str, dead_letters: str
) -> list[Message]:
    """`handle` over every record; one that it cannot use becomes a dead letter with the reason."""
    messages: list[Message] = []
    for record in batch:
        if record.value is None:
            continue  # a tombstone: there is nothing to work on
        try:
            messages.extend(handle(record))
        except RejectedInput as error:
            messages.append(dead_letter(dead_letters, stage, record, error))
        except Exception as error:  # noqa: BLE001 - no input, however odd, stops a worker
            log.warning("%s: a record broke the stage (%s): dead letter", stage, type(error).__name__)
            failure = RejectedInput("failed", f"the record broke the stage ({type(error).__name__})")
            messages.append(dead_letter(dead_letters, stage, record, failure))
    return messages
