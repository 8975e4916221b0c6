"""`case`: signals and people's commands in; cases, corrections and answers out.

Its memory is what it writes: the compacted topics of cases, of what waits for a case, and of corrections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from schemas.cases import Case, CaseCommand, Waiting
from schemas.enriched import Correction
from schemas.errors import RejectedInput
from schemas.identity import from_millis, parse_time, plausible, to_millis
from schemas.signals import Signal
from streams.cases import decoding
from streams.cases.book import CaseBook
from streams.cases.desk import Desk, Taken
from streams.cases.forgetting import quotes, without_post
from streams.cases.letters import Letters
from streams.erase.forgetting import to_forget
from streams.records import Message, Record
from streams.stages.base import each
from streams.stages.partition_state import PartitionStates
from streams.topics import Topics

ReadState = Callable[[str, int], Mapping[bytes, bytes]]


class CaseStage:
    """Opens a case for each post that is worth an answer, and follows it."""

    name = "case"

    def __init__(self, topics: Topics, read_state: ReadState) -> None:
        self.inputs: tuple[str, ...] = (topics.signals, topics.case_commands)
        self._topics = topics
        self._letters = Letters(topics, self.name)
        self._states = PartitionStates(lambda partition: self._restore(read_state, partition))
        self._decode_signal = msgspec.json.Decoder(Signal).decode

    async def open(self) -> None:
        """Nothing to open: cases come with the partitions."""

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Forgets what went to another worker."""
        self._states.assigned(partitions)

    def _restore(self, read_state: ReadState, partition: int) -> CaseBook:
        def kept(topic: str, kind: type[Any]) -> list[Any]:
            decode = msgspec.json.Decoder(kind).decode
            return [decode(value) for value in read_state(topic, partition).values()]

        topics = self._topics
        return CaseBook(
            kept(topics.cases, Case), kept(topics.case_waiting, Waiting), kept(topics.corrections, Correction)
        )

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        """The cases that changed, each once. A repeat changes none: every step is known by its post or command."""
        books = {number: await self._states.of(number) for number in {record.partition for record in batch}}
        return await asyncio.to_thread(self._worked, batch, books)

    def _worked(self, batch: Sequence[Record], books: Mapping[int, CaseBook]) -> list[Message]:
        changed: dict[tuple[int, str], tuple[Case, Record]] = {}

        def erase(record: Record, post: str) -> list[Message]:
            book = books[record.partition]
            gone, waited, corrected = book.erase(post)
            for key in gone:
                changed.pop((record.partition, key), None)
            for case in [case for case in book.cases() if quotes(case, post)]:
                book.put(without_post(case, post))
                changed[record.partition, case.id] = (without_post(case, post), record)
            return self._letters.erased(gone, waited, post if corrected else None, record)

        def take(record: Record) -> list[Message]:
            if (erased := to_forget(record)) is not None:
                return erase(record, erased)
            taken = self._one(record, Desk(books[record.partition], record.timestamp_ms, record.offset))
            for case in taken.cases:
                changed[record.partition, case.id] = (case, record)
            return self._letters.of(taken, record)

        messages = each(batch, take, stage=self.name, dead_letters=self._topics.dead_letters)
        # what a batch did to a case is one record: all of its events are in it
        return messages + [self._letters.case(case, record) for case, record in changed.values()]

    def _one(self, record: Record, desk: Desk) -> Taken:
        if record.topic != self._topics.case_commands:
            try:
                return desk.signal(self._decode_signal(record.value or b""))
            except msgspec.MsgspecError:
                raise RejectedInput("bad-value", "the record does not fit the schema of its topic") from None
        command = decoding.command(record.value or b"")
        if isinstance(command, decoding.Unusable):
            taken = Taken()
            if command.id is not None:
                taken.answer(
                    command.id, command.case_id, "refused", command.reason, at=from_millis(record.timestamp_ms)
                )
            taken.rejected = RejectedInput("bad-value", command.reason)
            return taken
        return desk.command(timed(command, record.timestamp_ms))

    def close(self) -> None:
        """Nothing is held open."""


def timed(command: CaseCommand, now_ms: int) -> CaseCommand:
    """The command with its time in the one form that compares as text; the broker's where it is none or implausible."""
    moment = parse_time(command.at)
    good = moment is not None and plausible(moment, now_ms)
    return replace(command, at=from_millis(to_millis(moment) if good and moment else now_ms))
