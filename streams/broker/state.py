"""Reading state back from compacted topics with consumers that join no group."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from schemas.errors import BrokerError

APPLIED = "vocero_applied"
"""Header of a state record: the offset of the last input in it."""
Entry = tuple[bytes, bytes | None]
"""Key and value; a value of None removes the key."""


def _consumer(config: dict[str, Any]) -> Consumer:
    return Consumer(
        {
            **config,
            "group.id": "vocero-state",  # required by the library; nothing is committed or joined
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
            "fetch.message.max.bytes": 8 * 1024 * 1024,
        }
    )


def read_partition(config: dict[str, Any], topic: str, partition: int, *, seconds: float = 60.0) -> dict[bytes, bytes]:
    """The newest value of every key in one partition, as of now. Blocks; raises BrokerError after `seconds`."""
    state: dict[bytes, bytes] = {}
    applied: dict[bytes, int] = {}
    consumer = _consumer(config)
    deadline = time.monotonic() + seconds
    try:
        place = TopicPartition(topic, partition, OFFSET_BEGINNING)
        low, high = consumer.get_watermark_offsets(place, timeout=seconds)
        if high <= low:
            return state
        consumer.assign([place])
        position = low
        while position < high:
            if time.monotonic() > deadline:
                raise BrokerError(f"the state in {topic} could not be read within {seconds:.0f} s: run it again")
            for message in consumer.consume(500, timeout=0.2):
                if (error := message.error()) is not None:
                    _raise_if_fatal(error)
                    continue
                position = (message.offset() or 0) + 1
                if not _outdated(message, applied):
                    for entry in _entries([message]):
                        _keep(state, entry)
            # compaction and transaction markers leave gaps at the end: the consumer's own position passes them
            own = consumer.position([place])[0].offset
            position = max(position, own)
    except KafkaException as error:
        raise BrokerError(f"the state in {topic} cannot be read ({error.args[0].name()})") from None
    finally:
        consumer.close()
    return state


def _entries(messages: Sequence[Any]) -> list[Entry]:
    return [(message.key(), message.value()) for message in messages if message.key() is not None]


def _outdated(message: Any, applied: dict[bytes, int]) -> bool:
    """True for state that knows less than what stands before it: written late by a worker that had lost its partition.

    `applied` remembers, per key, the input offset that each state says it has applied.
    """
    told = next((value for name, value in message.headers() or () if name == APPLIED), None)
    if told is None or not told.isdigit():
        applied.pop(message.key(), None)
        return False
    if int(told) < applied.get(message.key(), -1):
        return True
    applied[message.key()] = int(told)
    return False


def _keep(state: dict[bytes, bytes], entry: Entry) -> None:
    key, value = entry
    if value is None:
        state.pop(key, None)
    else:
        state[key] = value


def _raise_if_fatal(error: KafkaError) -> None:
    if error.fatal() or error.code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.UNKNOWN_TOPIC_OR_PART):
        raise BrokerError(f"state cannot be read ({error.name()})")


class Follower:
    """Follows a compacted topic for as long as it lives, on a thread of its own, and hands over what is new.

    `ready` is set once everything that stood in the topic at start has been handed over.
    """

    def __init__(self, config: dict[str, Any], topic: str, apply: Callable[[Sequence[Entry]], None]) -> None:
        self._config = config
        self._topic = topic
        self._apply = apply
        self._stopping = threading.Event()
        self.ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"follow {topic}", daemon=True)

    def start(self) -> None:
        """Starts following."""
        self._thread.start()

    def _run(self) -> None:
        consumer = _consumer(self._config)
        try:
            while not self._stopping.is_set():
                try:
                    metadata = consumer.list_topics(self._topic, timeout=5).topics[self._topic]
                except KafkaException:
                    continue  # the broker is away: ask again
                if metadata.error is None:
                    break
                self._stopping.wait(0.5)
            else:
                return
            places = [TopicPartition(self._topic, number, OFFSET_BEGINNING) for number in metadata.partitions]
            ends = {place.partition: self._end(consumer, place) for place in places}
            consumer.assign(places)
            while not self._stopping.is_set():
                batch = [m for m in consumer.consume(500, timeout=0.1) if not m.error()]
                if batch:
                    self._apply(_entries(batch))
                if not self.ready.is_set():
                    at = {place.partition: place.offset for place in consumer.position(places)}
                    if all(at[number] >= end for number, end in ends.items()):
                        self.ready.set()
        finally:
            consumer.close()

    @staticmethod
    def _end(consumer: Consumer, place: TopicPartition) -> int:
        try:
            low, high = consumer.get_watermark_offsets(place, timeout=10)
        except KafkaException:
            return -1
        return int(high) if high > low else -(10**9)

    def close(self) -> None:
        """Stops following."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
