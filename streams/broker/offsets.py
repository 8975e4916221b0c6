"""What the broker knows of a group's partitions: where they begin, and which offsets hold a record. Blocking."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.delivery.observer import Partition

SECONDS = 10.0
LOOK_AHEAD = 2_000
"""Records whose offsets one question brings."""


class Offsets:
    """Asks in the name of a group without joining it. Not thread-safe."""

    def __init__(self, config: dict[str, Any], group: str) -> None:
        self._consumer = Consumer(
            {
                **config,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_uncommitted",  # as the stages read
                "fetch.wait.max.ms": 50,
                "fetch.message.max.bytes": 8 * 1024 * 1024,
            }
        )

    def beginnings(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """From where each is to be read: the committed offset, or its oldest record. Raises KafkaException."""
        places = [TopicPartition(*one) for one in partitions]
        begin = {}
        for place in self._consumer.committed(places, timeout=SECONDS):
            if place.error is not None:
                raise KafkaException(place.error)
            low, high = self._watermarks(place)
            # beyond the end: the topic was made anew; below the oldest: retention was quicker
            begin[Partition(place.topic, place.partition)] = place.offset if low <= place.offset <= high else low
        return begin

    def standing(self, partition: Partition, offset: int) -> tuple[list[int], int | None]:
        """The offsets of the next records from `offset` on, and the end of the partition if they are all."""
        place = TopicPartition(*partition)
        low, high = self._watermarks(place)
        start = max(offset, low)
        if start >= high:
            return [], max(high, offset)
        found: list[int] = []
        deadline = time.monotonic() + SECONDS
        self._consumer.assign([TopicPartition(*partition, start)])
        try:
            while len(found) < LOOK_AHEAD:
                for message in self._consumer.consume(LOOK_AHEAD, timeout=0.2):
                    if (error := message.error()) is not None:
                        if error.code() != KafkaError._PARTITION_EOF:
                            raise KafkaException(error)
                        continue
                    found.append(int(message.offset() or 0))
                if self._consumer.position([place])[0].offset >= high:
                    return [one for one in found if one < high], high
                if found:
                    return found, None
                if time.monotonic() > deadline:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        finally:
            self._consumer.unassign()
        return found, None

    def close(self) -> None:
        """Lets go of the broker."""
        self._consumer.close()

    def _watermarks(self, place: TopicPartition) -> tuple[int, int]:
        low, high = self._consumer.get_watermark_offsets(place, timeout=SECONDS)
        return int(low), int(high)
