"""Driving dead letters again: read them, find their originals, send these, and only then write the receipts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from schemas.codec import Limits
from streams.broker.reading import Reader
from streams.records import Message, Record
from streams.replay.letters import Choice, Letter, folded, receipt
from streams.replay.redrive import redriven, same_post
from streams.topics import Topics

Fate = Literal["replayed", "already", "gone", "changed", "refused"]
FATES: dict[Fate, str] = {
    "replayed": "driven again",
    "already": "driven again by an earlier run",
    "gone": "no longer in Kafka: retention or an erasure took the original",
    "changed": "not what failed: the record at that place has other bytes",
    "refused": "too large for Kafka's message limit",
}
"""What can become of a letter."""
CHUNK_RECORDS = 500
CHUNK_BYTES = 16 * 1024 * 1024

Send = Callable[[Sequence[Message]], Awaitable[list[Message]]]
"""Delivers all messages; returns those that are too large for the broker."""


@dataclass(slots=True)
class Replayed:
    """What was done: letters by stage, reason and fate, and records of the topic that are no letter."""

    fates: Counter[tuple[str, str, Fate]] = field(default_factory=Counter)
    unreadable: int = 0

    def total(self, *fates: Fate) -> int:
        """Letters of these fates."""
        return sum(count for (_, _, fate), count in self.fates.items() if fate in fates)

    def count(self, letter: Letter, fate: Fate) -> None:
        """One letter more."""
        self.fates[letter.stage, letter.reason, fate] += 1


@dataclass(frozen=True, slots=True)
class _Found:
    letter: Letter
    message: Message


class Replay:
    """One run over the dead letters. `send` None: a dry run, which finds everything and sends nothing."""

    def __init__(
        self,
        reader: Reader,
        topics: Topics,
        send: Send | None,
        *,
        limits: Limits,
        now_ms: Callable[[], int],
        on_progress: Callable[[int, int], None] = lambda _, __: None,
    ) -> None:
        """`on_progress` gets how many letters are done, and how many are known of so far."""
        self._reader = reader
        self._topics = topics
        self._send = send
        self._limits = limits
        self._now_ms = now_ms
        self._on_progress = on_progress
        self._done = self._known = 0

    async def run(self, choice: Choice) -> Replayed:
        """Drives the open letters of a choice again. Raises BrokerError where Kafka fails: run it again then."""
        result = Replayed()
        for partition in self._reader.partitions(self._topics.dead_letters):
            # a letter's receipt has its key, so both stand in one partition
            state = folded(self._reader.records(self._topics.dead_letters, partition), choice)
            result.unreadable += state.unreadable
            for letter in state.replayed:
                result.count(letter, "already")
            self._known += len(state.open)
            for chunk in _chunks(self._found(state.open, result)):
                await self._sent(chunk, result)
        return result

    def _found(self, letters: Sequence[Letter], result: Replayed) -> Iterator[_Found]:
        # in the order of the topics: what stands side by side is read in one go
        for letter in sorted(letters, key=lambda one: (one.input.topic, one.input.partition, one.input.offset)):
            found = self._original(letter)
            if isinstance(found, Record):
                yield _Found(letter, redriven(letter, found, self._topics))
            else:
                result.count(letter, found)
                self._advance()

    def _original(self, letter: Letter) -> Record | Literal["gone", "changed"]:
        """What failed; or the raw post behind it, which stays longer; or why there is neither."""
        record = self._reader.record(letter.input)
        if record is not None and record.value is not None:
            return record if sha256(record.value).hexdigest() == letter.sha256 else "changed"
        if letter.raw == letter.input:
            return "gone"
        raw = self._reader.record(letter.raw)
        if raw is None or raw.value is None:
            return "gone"
        if letter.stage == "enrich":
            return raw if sha256(raw.value).hexdigest() == letter.sha256 else "changed"
        return raw if same_post(letter, raw, self._limits) else "gone"

    async def _sent(self, chunk: Sequence[_Found], result: Replayed) -> None:
        refused: set[int] = set()
        if self._send is not None:
            refused = {id(message) for message in await self._send([one.message for one in chunk])}
            sent = [one.letter for one in chunk if id(one.message) not in refused]
            # a crash before this drives the letters once more, which is harmless: versions stay
            await self._send([receipt(self._topics.dead_letters, letter, now_ms=self._now_ms()) for letter in sent])
        for one in chunk:
            result.count(one.letter, "refused" if id(one.message) in refused else "replayed")
            self._advance()

    def _advance(self) -> None:
        self._done += 1
        self._on_progress(self._done, self._known)


def _chunks(found: Iterator[_Found]) -> Iterator[list[_Found]]:
    chunk: list[_Found] = []
    size = 0
    for one in found:
        chunk.append(one)
        size += len(one.message.value or b"")
        if len(chunk) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
