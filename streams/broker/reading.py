"""Reading topics from where one likes, with a consumer that joins no group: whole partitions, or single records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from schemas.errors import BrokerError
from streams.headers import Address
from streams.records import Record

NEAR = 2_000
"""Records up to so far ahead are read over: asking anew costs a round trip and what was fetched already."""
_MISSING = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)
_PASSED = (KafkaError._PARTITION_EOF, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET)
_AWAY = (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT)


class Reader:
    """A consumer of its own. Every call blocks, and raises BrokerError where the broker does not answer in time."""

    def __init__(
        self, config: dict[str, Any], *, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._consumer = Consumer(
            {
                **config,
                "group.id": "vocero-state",  # required by the library; nothing is committed or joined
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 100,
                "fetch.message.max.bytes": 8 * 1024 * 1024,
            }
        )
        self._seconds = seconds
        self._clock = clock
        self._place: tuple[str, int] | None = None
        self._next = 0
        """Offset from which the consumer goes on."""
        self._peeked: KafkaMessage | None = None
        self._ends: dict[tuple[str, int], tuple[int, int]] = {}

    def partitions(self, topic: str) -> list[int]:
        """The numbers of a topic's partitions; none where there is no such topic."""
        try:
            found = self._consumer.list_topics(topic, timeout=self._seconds).topics[topic]
        except KafkaException as error:
            raise _unreadable(topic, error.args[0]) from None
        if found.error is not None and found.error.code() not in _MISSING:
            raise _unreadable(topic, found.error)
        return [] if found.error is not None else sorted(found.partitions)

    def ends(self, topic: str, partition: int) -> tuple[int, int]:
        """The oldest offset that is there and the one after the newest; equal where there is nothing."""
        try:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=self._seconds)
        except KafkaException as error:
            if error.args[0].code() in _MISSING:
                return 0, 0
            raise _unreadable(topic, error.args[0]) from None
        return max(low, 0), max(high, 0)

    def records(self, topic: str, partition: int, *, start: int | None = None) -> Iterator[Record]:
        """What stands in a partition now, from `start` or from its beginning."""
        low, high = self.ends(topic, partition)
        at = low if start is None else max(start, low)
        if at < high:
            self._assign(topic, partition, at)
        while at < high and (message := self._message(high)) is not None:
            at = self._next
            if (offset := message.offset()) is not None and offset < high:
                yield record_of(message)

    def record(self, place: Address) -> Record | None:
        """One record by its address; None where the topic no longer has it. Quick where addresses come in order."""
        where = (place.topic, place.partition)
        if where not in self._ends:
            self._ends[where] = self.ends(*where)
        low, high = self._ends[where]
        if not low <= place.offset < high:
            return None
        first = self._next if self._peeked is None else self._peeked.offset() or 0
        if self._place != where or not 0 <= place.offset - first <= NEAR:
            self._assign(*where, place.offset)
        message = self._peeked or self._message(place.offset + 1)
        while message is not None and (message.offset() or 0) < place.offset:
            message = self._message(place.offset + 1)
        self._peeked = message
        return record_of(message) if message is not None and message.offset() == place.offset else None

    def _assign(self, topic: str, partition: int, offset: int) -> None:
        self._consumer.assign([TopicPartition(topic, partition, offset if offset else OFFSET_BEGINNING)])
        self._place, self._next, self._peeked = (topic, partition), offset, None

    def _message(self, end: int) -> KafkaMessage | None:
        """The next message; None where nothing is left before `end`: compaction leaves gaps."""
        topic, partition = self._place or ("", 0)
        deadline = self._clock() + self._seconds
        while self._clock() < deadline:
            message = self._consumer.poll(0.1)
            if message is not None and (error := message.error()) is None:
                self._next = (message.offset() or 0) + 1
                return message
            if message is not None and error is not None and not error.retriable():
                if error.code() in _PASSED:
                    return None
                if error.code() not in _AWAY:
                    raise _unreadable(topic, error)
            (own,) = self._consumer.position([TopicPartition(topic, partition)])
            if own.offset >= end:
                self._next = own.offset
                return None
        raise BrokerError(f"{topic} could not be read within {self._seconds:.0f} s: run the same command again")

    def close(self) -> None:
        """Lets go of the broker."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def record_of(message: KafkaMessage) -> Record:
    """A consumed message as the stages see it."""
    headers: Any = message.headers() or []
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=_bytes(message.key()),
        value=_bytes(message.value()),
        timestamp_ms=max(message.timestamp()[1], 0),
        headers={name: value for name, value in headers if value is not None},
    )


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def _unreadable(topic: str, error: KafkaError) -> BrokerError:
    if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        return BrokerError(f"this user may not read {topic}: `vocero setup --print-roles` lists what it needs")
    return BrokerError(f"{topic} cannot be read ({error.name()}): check the broker and run the same command again")
