"""The embedded broker: librdkafka's in-process mock cluster on loopback. Nothing survives the process."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from confluent_kafka import Producer

from schemas.errors import BrokerError

PARTITIONS = 4
"""Topics of the mock cluster appear on first use, with this many partitions."""


class EmbeddedBroker:
    """A Kafka broker inside this process, for trying vocero and for tests.

    Each partition keeps about 5 MB and drops the oldest: bound the posts in flight.
    """

    def __init__(self) -> None:
        self._producer: Producer | None = Producer(
            {"bootstrap.servers": "embedded", "test.mock.num.brokers": 1, "log_level": 3}
        )
        brokers = self._producer.list_topics(timeout=10).brokers
        if not brokers:
            raise BrokerError("the embedded broker did not start: run the command again")
        broker = next(iter(brokers.values()))
        self.address = f"{broker.host}:{broker.port}"

    def create(self, topics: list[str]) -> None:
        """Makes topics exist by asking for them."""
        if self._producer is None:
            raise BrokerError("the embedded broker is closed")
        for topic in topics:
            self._producer.list_topics(topic, timeout=10)

    def close(self) -> None:
        """Ends the broker. Stop everything that talks to it before."""
        self._producer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
