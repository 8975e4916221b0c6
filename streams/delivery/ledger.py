"""Who has how much under way, for those in the same process who want to pace or to wait: demo, tests, progress bars."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence

from streams.records import Message, Record


class Ledger:
    """Counts what was sent to a stage's topics and what the stage has settled. Thread-safe."""

    def __init__(self, consumers: dict[str, list[str]] | None = None) -> None:
        """`consumers` maps a topic to the names of the stages that read it in this process."""
        self._consumers = consumers or {}
        self._lock = threading.Lock()
        self._sent: Counter[str] = Counter()
        self._settled: Counter[str] = Counter()
        self._produced: Counter[str] = Counter()
        self._ready: set[str] = set()
        self._closed = False
        self._changed = threading.Condition(self._lock)

    def sent(self, topics: Iterable[str]) -> None:
        """One record was sent to each of `topics`; call it before the consumer could see the record."""
        with self._changed:
            for topic in topics:
                self._produced[topic] += 1
                for stage in self._consumers.get(topic, ()):
                    self._sent[stage] += 1

    def withdrawn(self, topics: Iterable[str]) -> None:
        """One record of each of `topics` was counted by `sent`, but the broker did not take it."""
        with self._changed:
            for topic in topics:
                self._produced[topic] -= 1
                for stage in self._consumers.get(topic, ()):
                    self._sent[stage] -= 1
            self._changed.notify_all()

    def settled(self, stage: str, records: Sequence[Record], messages: Sequence[Message]) -> None:
        """A stage has settled `records`, and `messages` followed from them."""
        self.sent(message.topic for message in messages)
        with self._changed:
            self._settled[stage] += len(records)
            self._changed.notify_all()

    def assigned(self, stage: str) -> None:
        """A stage has its partitions."""
        with self._changed:
            self._ready.add(stage)
            self._changed.notify_all()

    def under_way(self) -> int:
        """Records sent to some stage of this process and not yet settled by it."""
        with self._lock:
            return self._open()

    def _open(self) -> int:
        return sum(max(0, count - self._settled[stage]) for stage, count in self._sent.items())

    def settled_by(self, stage: str) -> int:
        """How many records a stage has settled so far."""
        with self._lock:
            return self._settled[stage]

    def produced(self, topic: str) -> int:
        """How many records were sent to a topic so far."""
        with self._lock:
            return self._produced[topic]

    def wait_ready(self, stages: Iterable[str], *, seconds: float) -> bool:
        """True once all `stages` have their partitions; False after `seconds`."""
        wanted = set(stages)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or wanted <= self._ready, timeout=seconds)
            return wanted <= self._ready

    def wait_below(self, limit: int, *, seconds: float) -> bool:
        """True once at most `limit` records are under way; False after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._open() <= limit, timeout=seconds)
            return not self._closed and self._open() <= limit

    @property
    def closed(self) -> bool:
        """True once nothing will change any more."""
        return self._closed

    def close(self) -> None:
        """Nothing will change any more: whoever waits stops waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
