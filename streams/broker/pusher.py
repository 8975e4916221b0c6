"""Pushing posts to Kafka from a plain program: keyed by identity, with CloudEvents headers, at a rate."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from schemas.codec import encode
from schemas.errors import BrokerError, Reason, RejectedInput
from schemas.identity import from_millis, identity
from schemas.raw import RawPost
from streams.headers import cloud_event

OnRefused = Callable[[object, RejectedInput], None]
"""Gets what the caller gave with the record, and why the broker did not take it."""


@dataclass(slots=True)
class Pushed:
    """How many records the broker has taken, and how many it never will."""

    delivered: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)


class Pusher:
    """A producer for files: `push` returns at once, `flush` waits until the broker has answered for every record."""

    def __init__(
        self,
        config: dict[str, Any],
        *,
        on_refused: OnRefused,
        rate: float | None = None,
        linger_ms: int = 20,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`rate` is in records per second; None is as fast as the broker takes them."""
        self._producer = Producer(
            {
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": linger_ms,
                "partitioner": "murmur2_random",
                "delivery.timeout.ms": 60_000,
                **config,
            }
        )
        self._on_refused = on_refused
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._started = clock()
        self._count = 0
        self.pushed = Pushed()

    def push(self, topic: str, key: bytes, value: bytes, headers: dict[str, bytes], origin: object) -> None:
        """Sends one record; `origin` comes back with a refusal."""
        self._pace()

        def delivered(error: KafkaError | None, _: object) -> None:
            if error is None:
                self.pushed.delivered += 1
            else:
                self._refuse(origin, error)

        while True:
            try:
                self._producer.produce(topic, value, key, headers=list(headers.items()), on_delivery=delivered)
                break
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                self._refuse(origin, error.args[0])
                break
        self._producer.poll(0)

    def _refuse(self, origin: object, error: KafkaError) -> None:
        self.pushed.refused += 1
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            reason: Reason = "too-large"
            message = "too large for Kafka's message limit: shorten the post or raise max.message.bytes"
        else:
            reason, message = "failed", f"Kafka did not take it ({error.name()}): run the same command again"
        self._on_refused(origin, RejectedInput(reason, message))

    def _pace(self) -> None:
        if self._rate is not None:
            ahead = self._count / self._rate - (self._clock() - self._started)
            if ahead > 0:
                self._sleep(ahead)
        self._count += 1

    def flush(self, *, seconds: float = 60.0) -> Pushed:
        """Waits for every answer; raises BrokerError where the broker does not give it within `seconds`."""
        left = self._producer.flush(seconds)
        if left:
            raise BrokerError(f"Kafka did not acknowledge {left} posts: run the same command again when it is back")
        return self.pushed


def raw_record(raw: RawPost, *, now_ms: int) -> tuple[bytes, bytes, dict[str, bytes]]:
    """Key, value and headers of a raw post's record."""
    key = identity(raw.channel, raw.source, raw.id)
    headers = cloud_event(kind="post.raw", stage="produce", event_id=key, time=raw.created_at or from_millis(now_ms))
    return key.encode(), encode(raw), headers
