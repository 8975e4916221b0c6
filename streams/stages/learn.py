"""`learn`: lessons in, the shared topic model out, and labels for the posts that made a new topic."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from schemas.codec import encode
from schemas.errors import RejectedInput
from schemas.identity import from_millis
from schemas.signals import Lesson
from schemas.topics import ForgetPost, LearnState, Sentence, Topic, TopicCommand
from streams.headers import cloud_event
from streams.learning.grouping import LearnRule
from streams.learning.learner import MODEL_KEY, TopicLearner
from streams.records import Message, Record
from streams.stages.base import each
from streams.stages.partition_state import PartitionStates
from streams.topics import Topics

log = logging.getLogger(__name__)

ReadState = Callable[[str, int], Mapping[bytes, bytes]]


class LearnStage:
    """Only partition 0 is ever written to, so one worker is active and the others stand by."""

    name = "learn"

    def __init__(self, topics: Topics, read_state: ReadState, rule: LearnRule | None = None) -> None:
        self.inputs: tuple[str, ...] = (topics.learn,)
        self._topics = topics
        self._rule = rule
        self._states = PartitionStates(lambda partition: self._restore(read_state, partition))
        self._decode = decode_input

    async def open(self) -> None:
        """Nothing to open: the model comes with the partition."""

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Forgets the model where it went to another worker."""
        self._states.assigned(partitions)

    def _restore(self, read_state: ReadState, partition: int) -> TopicLearner:
        return restored(read_state(self._topics.topics, partition), self._rule)

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        """Labels first, then what the model remembers, the state last."""
        learners = {number: await self._states.of(number) for number in {record.partition for record in batch}}
        return await asyncio.to_thread(self._learned, batch, learners)

    def _learned(self, batch: Sequence[Record], learners: dict[int, TopicLearner]) -> list[Message]:
        decoded: list[tuple[Record, Lesson | TopicCommand | ForgetPost]] = []

        def take(record: Record) -> list[Message]:
            try:
                decoded.append((record, self._decode(record.value or b"")))
            except msgspec.MsgspecError:
                raise RejectedInput("bad-value", "the record does not fit the schema of its topic") from None
            return []

        def learn(record: Record) -> list[Message]:
            value, learner = values[record.partition, record.offset], learners[record.partition]
            if isinstance(value, TopicCommand):
                if not learner.command(value, record.offset):
                    log.warning("learn: %s of %s changed nothing: it is not there any more", value.action, value.topic)
            elif isinstance(value, ForgetPost):
                learner.forget(value, record.offset)
            else:
                learner.learn(value, record.offset)
            return []

        messages = each(batch, take, stage=self.name, dead_letters=self._topics.dead_letters)
        values = {(record.partition, record.offset): value for record, value in decoded}
        for number, learner in learners.items():
            learner.foresee([one for at, one in decoded if at.partition == number and isinstance(one, Lesson)])
        taught = [record for record, _ in decoded]
        messages.extend(each(taught, learn, stage=self.name, dead_letters=self._topics.dead_letters))
        last = batch[-1]
        for learner in learners.values():
            changes = learner.changes()
            for relabel in changes.relabels:
                named = ":".join(topic.id or "" for topic in relabel.topics or ())
                headers = cloud_event(
                    kind="post.relabel",
                    stage=self.name,
                    event_id=f"{relabel.identity}:{relabel.version}:{named}",
                    time=from_millis(last.timestamp_ms),
                    version=relabel.version,
                )
                messages.append(
                    Message(self._topics.enriched, relabel.identity.encode(), encode(relabel), headers, cause=last)
                )
            for key, record in changes.records.items():
                value = None if record is None else encode(record)
                messages.append(Message(self._topics.topics, key.encode(), value, partition=0, cause=last, state=True))
        return messages

    def close(self) -> None:
        """Nothing is held open."""


def decode_input(value: bytes) -> Lesson | TopicCommand | ForgetPost:
    """A record of `feedback.learn`: a post's lesson, or a person's word. Raises MsgspecError on anything else."""
    if b'"kind":"' in value[:64]:
        return msgspec.json.decode(value, type=TopicCommand | ForgetPost)
    return msgspec.json.decode(value, type=Lesson)


def restored(records: Mapping[bytes, bytes], rule: LearnRule | None = None) -> TopicLearner:
    """The learner as its records on the compacted topic tell it."""
    topics, sentences, state = [], [], None
    for key, value in records.items():
        if key == MODEL_KEY.encode():
            state = msgspec.json.decode(value, type=LearnState)
        elif key.startswith(b"s-"):
            sentences.append(msgspec.json.decode(value, type=Sentence))
        else:
            topics.append(msgspec.json.decode(value, type=Topic))
    return TopicLearner(topics, sentences, state, rule)
