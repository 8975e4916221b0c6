"""`learn`: lessons in, the shared topic model out, and labels for the posts that made a new topic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from schemas.codec import encode
from schemas.errors import RejectedInput
from schemas.identity import from_millis
from schemas.signals import Lesson
from schemas.topics import Topic
from streams.headers import cloud_event
from streams.learning.leader import Changes, LeaderRule, TopicLearner
from streams.records import Message, Record
from streams.stages.base import each
from streams.stages.partition_state import PartitionStates
from streams.topics import Topics

ReadState = Callable[[str, int], Mapping[bytes, bytes]]


class LearnStage:
    """Only partition 0 is ever written to, so one worker is active and the others stand by."""

    name = "learn"

    def __init__(self, topics: Topics, read_state: ReadState, rule: LeaderRule = LeaderRule()) -> None:
        self.inputs: tuple[str, ...] = (topics.learn,)
        self._topics = topics
        self._rule = rule
        self._states = PartitionStates(lambda partition: self._restore(read_state, partition))
        self._decode = msgspec.json.Decoder(Lesson).decode

    async def open(self) -> None:
        """Nothing to open: the model comes with the partition."""

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Forgets the model where it went to another worker."""
        self._states.assigned(partitions)

    def _restore(self, read_state: ReadState, partition: int) -> TopicLearner:
        decode = msgspec.json.Decoder(Topic).decode
        topics = [decode(value) for value in read_state(self._topics.topics, partition).values()]
        return TopicLearner(sorted(topics, key=lambda topic: (topic.created_at or "", topic.id)), self._rule)

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        """Labels first, then the topics that explain them."""
        learners = {number: await self._states.of(number) for number in {record.partition for record in batch}}
        return await asyncio.to_thread(self._learned, batch, learners)

    def _learned(self, batch: Sequence[Record], learners: dict[int, TopicLearner]) -> list[Message]:
        changes = Changes()

        def take(record: Record) -> list[Message]:
            try:
                lesson = self._decode(record.value or b"")
            except msgspec.MsgspecError:
                raise RejectedInput("bad-value", "the record does not fit the schema of its topic") from None
            learners[record.partition].learn(lesson, record.offset, changes)
            return []

        messages = each(batch, take, stage=self.name, dead_letters=self._topics.dead_letters)
        last = batch[-1]
        for relabel in changes.relabels:
            headers = cloud_event(
                kind="post.relabel",
                stage=self.name,
                event_id=f"{relabel.identity}:{relabel.version}:{relabel.topics[0].id}",
                time=from_millis(last.timestamp_ms),
                version=relabel.version,
            )
            messages.append(
                Message(self._topics.enriched, relabel.identity.encode(), encode(relabel), headers, cause=last)
            )
        for key, topic in changes.topics.items():
            value = None if topic is None else encode(topic)
            messages.append(Message(self._topics.topics, key.encode(), value, partition=0, cause=last, state=True))
        return messages

    def close(self) -> None:
        """Nothing is held open."""
