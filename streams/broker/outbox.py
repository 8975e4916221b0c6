"""Producing with every delivery awaited: a batch is out when the broker has acknowledged all of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from schemas.errors import BrokerError
from streams.records import Message

MAX_MESSAGE_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class _Pending:
    """The deliveries of one batch that are still open."""

    left: int
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]
    errors: dict[int, KafkaError] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def delivered(self, index: int, error: KafkaError | None) -> None:
        """Called once per message, on the polling thread or where it was refused."""
        with self.lock:
            if error is not None:
                self.errors[index] = error
            self.left -= 1
            last = self.left == 0
        if last and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(_finish, self.done)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Outbox:
    """A producer whose `send` returns when the broker has every message, and says which ones are too large."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._producer = Producer(
            {
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 5,
                "partitioner": "murmur2_random",  # where Kafka's Java clients would send the same key
                "message.max.bytes": MAX_MESSAGE_BYTES,
                "delivery.timeout.ms": 0,  # without end: a broker that is away is waited for
                **config,
            }
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="outbox", daemon=True)
        self._thread.start()

    async def send(self, messages: Sequence[Message]) -> list[Message]:
        """Delivers all messages; returns those that the broker will never take because they are too large.

        Raises BrokerError where a delivery failed for another reason, after librdkafka's own retries.
        """
        if not messages:
            return []
        loop = asyncio.get_running_loop()
        pending = _Pending(len(messages), loop, loop.create_future())
        for index, message in enumerate(messages):
            while not self._produce(message, index, pending):  # noqa: ASYNC110 - the polling thread empties the queue
                await asyncio.sleep(0.01)
        await pending.done
        refused: list[Message] = []
        for index, error in pending.errors.items():
            if error.code() != KafkaError.MSG_SIZE_TOO_LARGE:
                raise BrokerError(
                    f"Kafka did not take a record of {messages[index].topic} ({error.name()}): it is sent again after "
                    "a restart"
                )
            refused.append(messages[index])
        return refused

    def _produce(self, message: Message, index: int, pending: _Pending) -> bool:
        try:
            self._producer.produce(
                message.topic,
                value=message.value,
                key=message.key,
                headers=list(message.headers.items()),
                on_delivery=lambda error, _: pending.delivered(index, error),
                partition=-1 if message.partition is None else message.partition,  # -1: the key decides
            )
        except BufferError:
            return False
        except KafkaException as error:
            pending.delivered(index, error.args[0])
        return True

    def _poll(self) -> None:
        while not self._stopping.is_set():
            self._producer.poll(0.1)

    def close(self, *, seconds: float = 2.0) -> None:
        """Waits at most `seconds` for what is under way, then lets go."""
        self._producer.flush(seconds)
        self._stopping.set()
        self._thread.join(1.0)
