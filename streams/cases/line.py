"""A line to the `case` stage for people: sends commands to Kafka and waits for what became of them."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.cases import CaseAnswer, CaseCommand
from schemas.codec import encode
from schemas.errors import BrokerError
from schemas.identity import from_millis, to_millis
from streams.broker.client import client_config
from streams.broker.outbox import Outbox
from streams.headers import cloud_event
from streams.records import Message
from streams.settings import Settings
from streams.topics import topics_of

ANSWER_SECONDS = 15.0
"""How long a sender waits. A `case` worker that runs answers within a second."""


@dataclass(slots=True)
class _Asked:
    done: threading.Event = field(default_factory=threading.Event)
    answer: CaseAnswer | None = None


class CaseLine:
    """Thread-safe. It hears only answers that come after it was opened; a command is durable before it waits."""

    def __init__(self, settings: Settings, *, sender: str) -> None:
        """`sender` names the program in the records' headers. Raises BrokerError where Kafka does not answer."""
        config = client_config(settings)
        topics = topics_of(settings)
        self._commands = topics.case_commands
        self._sender = sender
        self._asked: dict[str, _Asked] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._consumer = _at_the_end(config, topics.case_answers)
        self._outbox = Outbox(config)
        self._thread = threading.Thread(target=self._listen, name="case answers", daemon=True)
        self._thread.start()

    def send(self, command: CaseCommand, *, seconds: float = ANSWER_SECONDS) -> CaseAnswer | None:
        """Blocks until the command is answered; None where no `case` worker answered in time: it is kept by Kafka.

        Raises BrokerError where Kafka does not take it.
        """
        asked = _Asked()
        with self._lock:
            self._asked[command.id] = asked
        try:
            headers = cloud_event(kind="case.command", stage=self._sender, event_id=command.id, time=command.at)
            key = command.brand.encode("utf-8", "replace")
            refused = asyncio.run(self._outbox.send([Message(self._commands, key, encode(command), headers)]))
            if refused:
                raise BrokerError("Kafka does not take the command, because it is too large: shorten its text")
            asked.done.wait(seconds)
        finally:
            with self._lock:
                del self._asked[command.id]
        return asked.answer

    def _listen(self) -> None:
        decode = msgspec.json.Decoder(CaseAnswer).decode
        try:
            while not self._stopping.is_set():
                for message in self._consumer.consume(100, timeout=0.1):
                    value = message.value()
                    if message.error() is not None or value is None:
                        continue
                    try:
                        self._heard(decode(value))
                    except msgspec.MsgspecError:
                        continue  # not ours
        finally:
            self._consumer.close()

    def _heard(self, answer: CaseAnswer) -> None:
        with self._lock:
            asked = self._asked.get(answer.id)
        if asked is not None:
            asked.answer = answer
            asked.done.set()

    def close(self) -> None:
        """Stops listening."""
        self._stopping.set()
        self._thread.join(2.0)
        self._outbox.close()


def new_command(case: Mapping[str, Any], action: str, actor: str, **fields: Any) -> CaseCommand:
    """A command for a case as its document shows it; raises MsgspecError where a field does not fit the schema.

    Control characters that JSON can hold but nobody types are kept out of what people will read.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    command = {
        "id": uuid.uuid4().hex,
        "case_id": case["id"],
        "brand": case["brand"],
        "action": action,
        "actor": actor,
        "at": from_millis(to_millis(datetime.now(UTC))),
        **given,
    }
    return msgspec.convert(command, CaseCommand)


def _at_the_end(config: dict[str, Any], topic: str, *, seconds: float = 10.0) -> Consumer:
    """A consumer of every partition, from its end, that joins no group."""
    consumer = Consumer({**config, "group.id": "vocero-answers", "enable.auto.commit": False, "fetch.wait.max.ms": 50})
    deadline = time.monotonic() + seconds
    try:
        found = consumer.list_topics(topic, timeout=seconds).topics[topic]
        if found.error is not None:
            raise BrokerError(f"there is no topic {topic}: `vocero setup` makes it")
        places = []
        for number in found.partitions:
            left = max(1.0, deadline - time.monotonic())
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=left)
            places.append(TopicPartition(topic, number, max(end, 0)))
        consumer.assign(places)
    except KafkaException as error:
        consumer.close()
        raise BrokerError(f"Kafka does not answer ({error.args[0].name()}): check that the broker runs") from None
    except BrokerError:
        consumer.close()
        raise
    return consumer
