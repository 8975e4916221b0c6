"""`case`: signals and people's commands in, cases out. Its memory is the compacted topic of cases itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from schemas.cases import Case, CaseCommand
from schemas.codec import encode
from schemas.errors import RejectedInput
from schemas.signals import Signal
from streams.cases.rules import answers, case_id, moved_by_command, moved_by_post, opened, opens_case, recovers
from streams.headers import cloud_event
from streams.records import Message, Record
from streams.stages.base import each
from streams.stages.partition_state import PartitionStates
from streams.topics import Topics

ReadState = Callable[[str, int], Mapping[bytes, bytes]]


class CaseBook:
    """The cases of one partition, found by id, by the post that a reply answers, and by person."""

    def __init__(self, cases: Sequence[Case] = ()) -> None:
        self._cases: dict[str, Case] = {}
        self._by_link: dict[tuple[str, ...], set[str]] = {}
        for case in cases:
            self.put(case)

    def put(self, case: Case) -> None:
        """Adds or replaces a case."""
        self._cases[case.id] = case
        for link in _links(case):
            self._by_link.setdefault(link, set()).add(case.id)

    def get(self, key: str) -> Case | None:
        """One case by id."""
        return self._cases.get(key)

    def concerned(self, signal: Signal) -> list[Case]:
        """Cases that a post may answer or recover, oldest first."""
        links = [
            ("post", signal.channel, signal.source, signal.in_reply_to or ""),
            ("customer", signal.brand, signal.customer_id or ""),
            ("author", signal.source, signal.author or ""),
        ]
        found = {key for link in links if link[-1] for key in self._by_link.get(link, ())}
        return sorted((self._cases[key] for key in found), key=lambda case: (case.opened_at, case.id))


def _links(case: Case) -> list[tuple[str, ...]]:
    links: list[tuple[str, ...]] = [("post", case.channel, case.source, case.post_id)]
    if case.customer_id:
        links.append(("customer", case.brand, case.customer_id))
    if case.author:
        links.append(("author", case.source, case.author))
    return links


class CaseStage:
    """Opens a case for each complaint and follows it."""

    name = "case"

    def __init__(self, topics: Topics, read_state: ReadState) -> None:
        self.inputs: tuple[str, ...] = (topics.signals, topics.case_commands)
        self._topics = topics
        self._states = PartitionStates(lambda partition: self._restore(read_state, partition))
        self._decode_signal = msgspec.json.Decoder(Signal).decode
        self._decode_command = msgspec.json.Decoder(CaseCommand).decode

    async def open(self) -> None:
        """Nothing to open: cases come with the partitions."""

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Forgets what went to another worker."""
        self._states.assigned(partitions)

    def _restore(self, read_state: ReadState, partition: int) -> CaseBook:
        decode = msgspec.json.Decoder(Case).decode
        return CaseBook([decode(value) for value in read_state(self._topics.cases, partition).values()])

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        """The cases that changed. A repeat changes none: every step is known by its post or command."""
        books = {number: await self._states.of(number) for number in {record.partition for record in batch}}
        return await asyncio.to_thread(
            each,
            batch,
            lambda record: self._one(record, books[record.partition]),
            stage=self.name,
            dead_letters=self._topics.dead_letters,
        )

    def _one(self, record: Record, book: CaseBook) -> list[Message]:
        try:
            if record.topic == self._topics.case_commands:
                changed = self._commanded(self._decode_command(record.value or b""), book)
            else:
                changed = self._signalled(self._decode_signal(record.value or b""), book)
        except msgspec.MsgspecError:
            raise RejectedInput("bad-value", "the record does not fit the schema of its topic") from None
        for case in changed:
            book.put(case)
        return [self._message(case, record) for case in changed]

    @staticmethod
    def _commanded(command: CaseCommand, book: CaseBook) -> list[Case]:
        case = book.get(command.case_id)
        if case is None:
            raise RejectedInput("bad-value", "the command names a case that does not exist in its brand")
        moved = moved_by_command(case, command)
        return [] if moved is case else [moved]

    @staticmethod
    def _signalled(signal: Signal, book: CaseBook) -> list[Case]:
        changed = []
        for case in book.concerned(signal):
            if answers(case, signal) or recovers(case, signal):
                moved = moved_by_post(case, signal)
                if moved is not case:
                    changed.append(moved)
        if opens_case(signal) and book.get(case_id(signal.identity)) is None:
            changed.append(opened(signal))
        return changed

    def _message(self, case: Case, record: Record) -> Message:
        headers = cloud_event(
            kind=f"case.{case.state}",
            stage=self.name,
            event_id=f"{case.id}:{case.version}",
            time=case.updated_at,
            version=case.version,
        )
        # the input's partition, so that who owns a brand's signals can restore its cases
        return Message(
            self._topics.cases, case.id.encode(), encode(case), headers, partition=record.partition, cause=record
        )

    def close(self) -> None:
        """Nothing is held open."""
