"""What the `case` stage sends: cases, corrections, answers, what waits, and dead letters. One message for each."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.cases import Case, CaseAnswer, Waiting
from schemas.codec import encode
from schemas.enriched import Correction, Relabel
from schemas.errors import RejectedInput
from streams.cases.desk import Taken
from streams.delivery.dead_letters import dead_letter
from streams.headers import cloud_event
from streams.records import Message, Record
from streams.topics import Topics


@dataclass(frozen=True, slots=True)
class Letters:
    """Everything stays in the partition of the input, so that who owns a brand's signals can restore what it needs."""

    topics: Topics
    stage: str

    def of(self, taken: Taken, record: Record) -> list[Message]:
        """What follows from one record, but for its cases: those are sent once a batch."""
        messages = [self._answer(answer, record) for answer in taken.answers]
        for correction in taken.corrected:
            messages += self._corrected(correction, record)
        messages += [self._state(self.topics.case_waiting, one.id, encode(one), record) for one in taken.waits]
        messages += [self._state(self.topics.case_waiting, key, None, record) for key in taken.came]
        messages += [self._given_up(one, record) for one in taken.given_up if one.command is not None]
        if taken.rejected is not None:
            messages.append(dead_letter(self.topics.dead_letters, self.stage, record, taken.rejected))
        return messages

    def case(self, case: Case, record: Record) -> Message:
        """A case as it stands after a batch, all of its events in it."""
        headers = cloud_event(
            kind=f"case.{case.state}",
            stage=self.stage,
            event_id=f"{case.id}:{case.version}",
            time=case.updated_at,
            version=case.version,
        )
        return Message(
            self.topics.cases, case.id.encode(), encode(case), headers, partition=record.partition, cause=record
        )

    def erased(self, cases: list[str], waited: list[str], corrected: str | None, record: Record) -> list[Message]:
        """Tombstones for what a post that is erased has left."""
        gone = [self._state(self.topics.cases, key, None, record) for key in cases]
        gone += [self._state(self.topics.case_waiting, key, None, record) for key in waited]
        return gone if corrected is None else [*gone, self._state(self.topics.corrections, corrected, None, record)]

    def _answer(self, answer: CaseAnswer, record: Record) -> Message:
        headers = cloud_event(kind="case.answer", stage=self.stage, event_id=answer.id, time=answer.at)
        key = answer.id.encode("utf-8", "replace")
        return Message(self.topics.case_answers, key, encode(answer), headers, partition=record.partition, cause=record)

    def _corrected(self, correction: Correction, record: Record) -> list[Message]:
        """The correction, for those who enrich the post again; and the word to `index`, which writes documents."""
        name = f"{correction.identity}:{correction.step}"
        relabel = Relabel(identity=correction.identity, version=correction.post_version or 0, correction=correction)
        key = correction.identity.encode()
        headers = cloud_event(kind="post.correction", stage=self.stage, event_id=name, time=correction.at)
        told = cloud_event(kind="post.relabel", stage=self.stage, event_id=f"{name}:relabel", time=correction.at)
        return [
            Message(
                self.topics.corrections, key, encode(correction), headers, partition=record.partition, cause=record
            ),
            # after the correction itself: a post that is enriched in between gets this word too
            Message(self.topics.enriched, key, encode(relabel), told, cause=record, state=True),
        ]

    def _state(self, topic: str, key: str, value: bytes | None, record: Record) -> Message:
        return Message(
            topic, key.encode("utf-8", "replace"), value, partition=record.partition, cause=record, state=True
        )

    def _given_up(self, one: Waiting, record: Record) -> Message:
        reason = RejectedInput("bad-value", "the command names a case that did not come within its time of waiting")
        came = Record(self.topics.case_commands, record.partition, one.offset, None, encode(one.command), one.since)
        return dead_letter(self.topics.dead_letters, self.stage, came, reason)
