"""What goes in: posts that follow from their number, edits in any order among them, and poison between good ones."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Producer

from schemas.identity import from_millis, identity

CHANNELS = {"review": "reviews", "email": "emails", "social": "social"}
SOURCE = "faults"
EDITED_EVERY = 7
EDITIONS = 3
POISON_EVERY = 50
BRANDS = 40


@dataclass(frozen=True, slots=True)
class Raw:
    """A record for a raw topic; `channel` names the topic."""

    channel: str
    key: bytes
    value: bytes


def raws(first: int, count: int, *, seed: int = 0) -> Iterator[Raw]:
    """The records of `count` posts. One post in seven comes in three editions, out of order; one in fifty is poison."""
    chance = random.Random(seed)
    late: list[Raw] = []
    base_ms = time.time_ns() // 1_000_000 - 3_600_000
    for number in range(first, first + count):
        channel = list(CHANNELS)[number % 3]
        if number % POISON_EVERY == 0:
            yield poison(number, channel)
            continue
        editions = range(EDITIONS if number % EDITED_EVERY == 0 else 1)
        records = [_raw(post(number, channel, edition, base_ms if len(editions) > 1 else None)) for edition in editions]
        chance.shuffle(records)
        yield records.pop()
        late.extend(records)
        while len(late) > 60:
            yield late.pop(chance.randrange(len(late)))
    yield from late


def post(number: int, channel: str, edition: int, base_ms: int | None) -> dict[str, Any]:
    """One edition of a post. `base_ms`: where given, it says when it was updated, later for a later edition."""
    word = "bad" if number % 5 == 0 else "good"
    fields: dict[str, Any] = {
        "id": str(number),
        "source": SOURCE,
        "channel": channel,
        "brand": f"brand {number % BRANDS}",
        "text": f"{word} post {number}, edition {edition}: el paquete ñ 漢 \N{GRINNING FACE} day {number % 31}.",
    }
    if base_ms is not None:
        fields["updated_at"] = from_millis(base_ms + edition * 60_000)
    return fields


def poison(number: int, channel: str) -> Raw:
    """What can never be stored: no JSON, no text, a channel that nobody knows, or fields that the store refuses."""
    fields = post(number, channel, 0, None)
    kind = number // POISON_EVERY % 4
    if kind == 0:
        return Raw(channel, str(number).encode(), b'{"id": "%d", "text": ' % number)
    if kind == 1:
        del fields["text"]
    elif kind == 2:
        fields["channel"] = "pigeon"
    else:
        nested: Any = "deep"
        for _ in range(40):  # our codec takes 64 levels, Elasticsearch's flattened fields take 20
            nested = {"n": nested}
        fields["labels"] = nested
    return _raw(fields, channel)


def _raw(fields: dict[str, Any], channel: str | None = None) -> Raw:
    key = identity(fields["channel"], fields["source"], fields["id"])
    return Raw(channel or fields["channel"], key.encode(), json.dumps(fields).encode())


class Feeder:
    """Sends records to Kafka on a thread of its own, at a rate, and keeps what the broker has acknowledged."""

    def __init__(self, address: str, prefix: str, records: Iterator[Raw], rate: float | None = None) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": address,
                "enable.idempotence": True,
                "linger.ms": 5,
                "compression.type": "lz4",
                "partitioner": "murmur2_random",
                "delivery.timeout.ms": 600_000,
                "log_level": 0,
            }
        )
        self._prefix = prefix
        self._records = records
        self._rate = rate
        self._stopping = threading.Event()
        self.acknowledged: set[tuple[str, int, int]] = set()
        """Topic, partition and offset of every record that the broker has taken."""
        self.refused: list[str] = []
        self.sent = 0
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def start(self) -> Feeder:
        """Begins to send."""
        self._thread.start()
        return self

    def _run(self) -> None:
        started = time.monotonic()
        for record in self._records:
            while self._rate and self.sent / self._rate > time.monotonic() - started and not self._stopping.is_set():
                self._producer.poll(0.02)
            if self._stopping.is_set():
                break
            topic = f"{self._prefix}.raw.{CHANNELS[record.channel]}"
            while True:
                try:
                    self._producer.produce(topic, record.value, record.key, on_delivery=self._delivered)
                    break
                except BufferError:
                    self._producer.poll(0.1)
            self.sent += 1
            self._producer.poll(0)
        while self._producer.flush(1.0):
            pass

    def _delivered(self, error: Any, message: Any) -> None:
        if error is None:
            self.acknowledged.add((message.topic(), message.partition(), message.offset()))
        else:
            self.refused.append(error.name())

    def stop(self) -> None:
        """Sends no more than what is under way."""
        self._stopping.set()

    def join(self, seconds: float = 600.0) -> None:
        """Waits until the broker has answered for every record."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError("the broker did not answer for every record")
        if self.refused:
            raise RuntimeError(f"the broker refused {len(self.refused)} records: {self.refused[:3]}")

    @property
    def running(self) -> bool:
        """True while it still sends."""
        return self._thread.is_alive()
