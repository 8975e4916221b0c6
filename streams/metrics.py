"""Metrics in Prometheus' form: an observer of stages, with a registry of its own and nothing global.

Labels are stages, topics, outcomes and reasons, which are few; never anything that a post says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.metadata import version
from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from enrichers.recent import Asked
from streams.delivery.observer import Partition
from streams.headers import arrived_header
from streams.records import Message, Record

REASON = "__connect.errors.exception.class.name"
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LATENCIES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 1800, 7200, 86400)


class Metrics:
    """Counts what stages do; `registry` is what a scrape reads. Thread-safe: a scrape comes on another thread.

    Latencies count from the raw record's arrival on its topic (Kafka's timestamp), on this machine's clock.
    """

    def __init__(
        self,
        stages: Sequence[str],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`clock` and `wall` give seconds: monotonic ones, and those since 1970."""
        self.registry = CollectorRegistry()
        self._clock = clock
        self._wall = wall
        self._lock = Lock()
        self._stages = tuple(stages)
        self._opened: set[str] = set()
        self._owned: dict[str, frozenset[Partition]] = {}
        self._settled_at = dict.fromkeys(stages, clock())
        self._positions: dict[str, dict[Partition, int]] = {stage: {} for stage in stages}
        self._ends: dict[str, dict[Partition, int]] = {stage: {} for stage in stages}
        made: dict[str, Any] = {"registry": self.registry}
        by_stage: dict[str, Any] = {"labelnames": ["stage"], **made}
        self._records = Counter("vocero_records", "Records of a stage's inputs.", ["stage", "outcome"], **made)
        self._letters = Counter("vocero_dead_letters", "Dead letters sent.", ["stage", "reason"], **made)
        self._retries = Counter("vocero_store_retries", "Documents that the store was asked again to take.", **by_stage)
        self._sizes = Histogram("vocero_batch_records", "Records in a batch.", buckets=SIZES, **by_stage)
        self._work = Histogram(
            "vocero_batch_work_seconds", "A batch in the stage: models, counting, storing.", buckets=SECONDS, **by_stage
        )
        self._batches = Histogram(
            "vocero_batch_seconds", "A batch until all that follows is on Kafka.", buckets=SECONDS, **by_stage
        )
        self._indexed = Histogram(
            "vocero_indexed_latency_seconds", "From a post's arrival on Kafka until stored.", buckets=LATENCIES, **made
        )
        self._alerted = Histogram(
            "vocero_alert_latency_seconds",
            "From a post's arrival on Kafka until the alert it raised is on Kafka.",
            buckets=LATENCIES,
            **made,
        )
        for stage in stages:
            for outcome in ("settled", "dead-lettered"):
                self._records.labels(stage, outcome)
            for family in (self._retries, self._sizes, self._work, self._batches):
                family.labels(stage)
        self.caches: Callable[[], Mapping[str, Asked]] = dict
        """Whoever makes a worker with caches puts in what reads them."""
        self.registry.register(_Gauges(self))
        ProcessCollector(registry=self.registry)

    def opened(self, stage: str) -> None:
        """See Observer."""
        with self._lock:
            self._opened.add(stage)

    def assigned(self, stage: str, partitions: Collection[Partition]) -> None:
        """See Observer."""
        with self._lock:
            self._owned[stage] = owned = frozenset(partitions)
            for known in (self._positions[stage], self._ends[stage]):
                for gone in known.keys() - owned:
                    del known[gone]

    def taken(self, stage: str, records: Sequence[Record], ends: Mapping[Partition, int]) -> None:
        """See Observer."""
        first: dict[Partition, int] = {}
        for record in records:
            first.setdefault(Partition(record.topic, record.partition), record.offset)
        with self._lock:
            owned = self._owned.get(stage, frozenset())
            for partition, offset in first.items():
                if partition in owned:
                    self._positions[stage].setdefault(partition, offset)
            self._ends[stage].update({one: end for one, end in ends.items() if one in owned})

    def settled(
        self, stage: str, records: Sequence[Record], messages: Sequence[Message], *, work_seconds: float, seconds: float
    ) -> None:
        """See Observer."""
        now_ms = self._wall() * 1000
        refused: set[int] = set()
        for message in messages:
            if (reason := message.headers.get(REASON)) is not None:
                self._letters.labels(stage, reason.decode("utf-8", "replace")).inc()
                refused.add(id(message.cause))
            elif message.cause is not None and message.headers.get("ce_type", b"").startswith(b"vocero.alert."):
                _observe(self._alerted, message.cause, now_ms)
        if stage == "index":
            for record in records:
                if record.headers.get("ce_type") == b"vocero.post.enriched" and id(record) not in refused:
                    _observe(self._indexed, record, now_ms)
        lost = sum(id(record) in refused for record in records)
        self._records.labels(stage, "dead-lettered").inc(lost)
        self._records.labels(stage, "settled").inc(len(records) - lost)
        self._sizes.labels(stage).observe(len(records))
        self._work.labels(stage).observe(work_seconds)
        self._batches.labels(stage).observe(seconds)
        with self._lock:
            self._settled_at[stage] = self._clock()
            owned = self._owned.get(stage, frozenset())
            reached = {Partition(record.topic, record.partition): record.offset + 1 for record in records}
            self._positions[stage].update({one: offset for one, offset in reached.items() if one in owned})

    def store_retried(self, stage: str, documents: int) -> None:
        """See Observer."""
        self._retries.labels(stage).inc(documents)

    def waiting(self) -> dict[str, str]:
        """What each stage that cannot work yet waits for; empty once all are ready."""
        with self._lock:
            opened, assigned = set(self._opened), set(self._owned)
        found = {}
        for stage in self._stages:
            if stage not in assigned:
                found[stage] = "waits for its partitions"
            elif stage not in opened:
                found[stage] = "opens its models or its store"
        return found

    def idle_seconds(self) -> dict[str, float]:
        """Seconds since each stage settled a batch, or since the start where it has settled none."""
        with self._lock:
            now = self._clock()
            return {stage: now - then for stage, then in self._settled_at.items()}

    def lags(self) -> dict[tuple[str, str], int]:
        """By stage and topic: records that were there at the last batch and are not settled; unknown ones missing."""
        found: dict[tuple[str, str], int] = {}
        with self._lock:
            for stage in self._stages:
                for partition, position in self._positions[stage].items():
                    if (end := self._ends[stage].get(partition)) is not None:
                        key = (stage, partition.topic)
                        found[key] = found.get(key, 0) + max(0, end - position)
        return found

    def partitions(self) -> dict[str, int]:
        """How many partitions each stage owns; those that were never assigned any are missing."""
        with self._lock:
            return {stage: len(owned) for stage, owned in self._owned.items()}


def _observe(latency: Histogram, record: Record, now_ms: float) -> None:
    arrived = arrived_header(record.headers)
    if arrived is not None:
        latency.observe(max(0.0, now_ms - arrived) / 1000)


class _Gauges(Collector):
    """What is worked out when it is asked for."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Every gauge of the process, and what is counted elsewhere."""
        caches = CounterMetricFamily(
            "vocero_cache",
            "Texts that a model was asked about, by whether their answer was known.",
            labels=["cache", "outcome"],
        )
        for name, counts in self._metrics.caches().items():
            caches.add_metric([name, "hit"], counts.found)
            caches.add_metric([name, "miss"], counts.asked - counts.found)
        yield caches
        build = GaugeMetricFamily("vocero_build_info", "The version that runs.", labels=["version"])
        build.add_metric([version("vocero")], 1)
        yield build
        idle = GaugeMetricFamily("vocero_idle_seconds", "Since the last settled batch.", labels=["stage"])
        for stage, seconds in self._metrics.idle_seconds().items():
            idle.add_metric([stage], seconds)
        yield idle
        lag = GaugeMetricFamily(
            "vocero_lag_records", "Records not settled, as of the last fetch.", labels=["stage", "topic"]
        )
        for (stage, topic), records in self._metrics.lags().items():
            lag.add_metric([stage, topic], records)
        yield lag
        owned = GaugeMetricFamily("vocero_partitions", "Partitions that the stage owns.", labels=["stage"])
        for stage, count in self._metrics.partitions().items():
            owned.add_metric([stage], count)
        yield owned
        ready = GaugeMetricFamily("vocero_ready", "1 once the stage can work.", labels=["stage"])
        waiting = self._metrics.waiting()
        for stage in self._metrics.idle_seconds():
            ready.add_metric([stage], 0 if stage in waiting else 1)
        yield ready
