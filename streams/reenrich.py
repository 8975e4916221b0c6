"""A better model for posts that were enriched before: the raw topics once more, into the same documents.

The posts go to `index` alone, under the identity and version that they had: nothing is counted twice, no case is opened
and no alert is raised. A consumer group of its own, named by a label, says how far it is; it ends where the topics
ended when it started, for what came since is enriched by the workers that run anyway.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.errors import BrokerError, SettingsError
from streams.broker.reading import Reader
from streams.records import Record
from streams.topics import Topics

log = logging.getLogger(__name__)

Place = tuple[str, int]
"""A topic and the number of a partition."""
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Again:
    """Which raw records are enriched once more: from `since_ms` on, before the `ends` that their partitions had."""

    label: str
    ends: Mapping[Place, int]
    since_ms: int | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", self.label):
            raise SettingsError("--reenrich takes a label of 1 to 64 letters, digits, dots, dashes: such as minilm-v3")

    def takes(self, record: Record) -> bool:
        """True where the record is meant."""
        return record.offset < self.ends.get((record.topic, record.partition), 0) and (
            self.since_ms is None or record.timestamp_ms >= self.since_ms
        )

    @property
    def group(self) -> str:
        """What takes the place of the stage's name in its consumer group: all workers of one label share the work."""
        return f"reenrich-{self.label}"


def again(config: dict[str, Any], topics: Topics, label: str, *, since_ms: int | None = None) -> Again:
    """All that stands in the raw topics now. Raises BrokerError where Kafka does not answer."""
    with Reader(config) as reader:
        ends = {
            (topic, number): reader.ends(topic, number)[1]
            for topic in dict.fromkeys(topics.raw.values())
            for number in reader.partitions(topic)
        }
    return Again(label, ends, since_ms)


class Finish:
    """How far the group is: once, or every few seconds on a thread of its own until the end."""

    def __init__(self, config: dict[str, Any], group: str, ends: Mapping[Place, int]) -> None:
        self._config = config
        self._group = group
        self._ends = ends
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, on_done: Callable[[], None]) -> None:
        """Starts looking; calls `on_done` once, at the end."""
        self._thread = threading.Thread(target=self._run, args=(on_done,), name="reenrich", daemon=True)
        self._thread.start()

    def done(self) -> bool:
        """True where nothing is left to do. Raises BrokerError where Kafka does not answer."""
        with Reader(self._config) as reader, self._member() as consumer:
            at = self._committed(consumer)
            return not any(
                at[place] < end and _more(reader, place, at[place], end) for place, end in self._ends.items()
            )

    def _run(self, on_done: Callable[[], None]) -> None:
        before: dict[Place, int] | None = None
        with Reader(self._config) as reader, self._member() as consumer:
            while not self._stopping.wait(LOOK_SECONDS):
                try:
                    at = self._committed(consumer)
                    left = [place for place, end in self._ends.items() if at[place] < end]
                    if at == before:  # markers of transactions are never shown, and never committed
                        left = [place for place in left if _more(reader, place, at[place], self._ends[place])]
                except BrokerError as error:
                    log.warning("%s", error)
                    continue
                if at != before:
                    log.info("enriched again: up to offset %d of %d", sum(at.values()), sum(self._ends.values()))
                if not left:
                    on_done()
                    return
                before = at

    @contextmanager
    def _member(self) -> Iterator[Consumer]:
        """A consumer that asks for the group's offsets and does not join it."""
        consumer = Consumer({**self._config, "group.id": self._group, "enable.auto.commit": False})
        try:
            yield consumer
        finally:
            consumer.close()

    def _committed(self, consumer: Consumer) -> dict[Place, int]:
        places = [TopicPartition(topic, number) for topic, number in self._ends]
        try:
            found = consumer.committed(places, timeout=10)
        except KafkaException as error:
            raise BrokerError(f"how far {self._group} is cannot be read ({error.args[0].name()})") from None
        # a topic may have grown since
        return {
            (one.topic, one.partition): min(max(one.offset, 0), self._ends[one.topic, one.partition]) for one in found
        }

    def close(self) -> None:
        """Stops looking."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(2.0)


def _more(reader: Reader, place: Place, at: int, end: int) -> bool:
    """False where nothing that a consumer is shown stands between a committed place and the end."""
    record = next(reader.records(*place, start=at), None)
    return record is not None and record.offset < end
