"""`link`: signals in; what comparing a post with a brand's other posts shows goes to its document.

Links to the same complaint told elsewhere, doubts that only other posts show, and how often author and topic recur.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from schemas.codec import encode
from schemas.errors import RejectedInput
from schemas.identity import from_millis
from schemas.links import LinkCommand
from schemas.signals import Signal
from streams.erase.forgetting import to_forget
from streams.headers import cloud_event
from streams.links.memory import Memory, compared
from streams.links.telling import Telling
from streams.records import Message, Record
from streams.stages.base import each
from streams.stages.partition_state import PartitionStates
from streams.topics import Topics

log = logging.getLogger(__name__)

ReadState = Callable[[str, int], Mapping[bytes, bytes]]


class LinkStage:
    """Compares each post with those of its brand that are remembered, in bounded time."""

    name = "link"

    def __init__(self, topics: Topics, read_state: ReadState, *, posts: int) -> None:
        """`posts` are remembered at most, over all partitions that come to this worker."""
        self.inputs: tuple[str, ...] = (topics.signals, topics.link_commands)
        self._topics = topics
        self._posts = posts
        self._states = PartitionStates(lambda partition: self._restore(read_state, partition))
        self._decode_signal = msgspec.json.Decoder(Signal).decode
        self._decode_command = msgspec.json.Decoder(LinkCommand).decode

    async def open(self) -> None:
        """Nothing to open: the memory comes with the partitions."""

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Forgets what went to another worker."""
        self._states.assigned(partitions)

    def _restore(self, read_state: ReadState, partition: int) -> Memory:
        tellings = []
        for value in read_state(self._topics.link_state, partition).values():
            try:
                tellings.append(msgspec.msgpack.decode(value, type=Telling))
            except msgspec.MsgspecError:
                log.warning("link: a post's state was written by another version: it is not compared any more")
        return Memory(sorted(tellings, key=lambda one: (one.time, one.identity)))

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        """What the posts' documents shall say, and the memory that knows of it."""
        memories = {number: await self._states.of(number) for number in {record.partition for record in batch}}
        return await asyncio.to_thread(self._compared, batch, memories)

    def _compared(self, batch: Sequence[Record], memories: Mapping[int, Memory]) -> list[Message]:
        def take(record: Record) -> list[Message]:
            self._one(record, memories[record.partition])
            return []

        messages = each(batch, take, stage=self.name, dead_letters=self._topics.dead_letters)
        last = {record.partition: record for record in batch}
        for number, memory in memories.items():
            memory.keep(self._posts // max(1, len(self._states)))
            for identity, telling in memory.changed():
                if telling is not None and telling.told:
                    messages.append(self._message(telling, last[number]))
                value = None if telling is None else msgspec.msgpack.encode(telling)
                messages.append(
                    Message(
                        self._topics.link_state,
                        identity.encode(),
                        value,
                        partition=number,
                        cause=last[number],
                        state=True,
                    )
                )
        return messages

    def _one(self, record: Record, memory: Memory) -> None:
        try:
            if (erased := to_forget(record)) is not None:
                memory.forget(erased)
            elif record.topic == self._topics.link_commands:
                memory.command(self._decode_command(record.value or b""))
            else:
                memory.observe(self._decode_signal(record.value or b""))
        except msgspec.MsgspecError:
            raise RejectedInput("bad-value", "the record does not fit the schema of its topic") from None

    def _message(self, telling: Telling, cause: Record) -> Message:
        value = encode(compared(telling))
        headers = cloud_event(
            kind="post.compared",
            stage=self.name,
            event_id=f"{telling.identity}:{telling.version}:{hashlib.sha256(value).hexdigest()[:16]}",
            time=from_millis(cause.timestamp_ms),
            version=telling.version,
        )
        return Message(self._topics.enriched, telling.identity.encode(), value, headers, cause=cause)

    def close(self) -> None:
        """Nothing is held open."""
