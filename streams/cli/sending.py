"""Sending a person's command to Kafka from the command line: one record, awaited until the broker keeps it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from schemas.codec import encode
from schemas.errors import BrokerError
from streams.settings import Settings


class Command(Protocol):
    """What every command has: an id of its own, and when it was given (RFC 3339)."""

    @property
    def id(self) -> str: ...

    @property
    def at(self) -> str: ...


def send_command(
    settings: Settings, topic: str, key: str, command: Command, *, kind: str, partition: int | None = None
) -> None:
    """Returns when the broker keeps the command; raises BrokerError where it does not answer or does not take it."""
    from streams.broker.client import client_config, reach
    from streams.broker.outbox import Outbox
    from streams.headers import cloud_event
    from streams.records import Message

    reach(settings)  # the outbox waits for a broker that is away; a person wants to be told
    headers = cloud_event(kind=kind, stage="cli", event_id=command.id, time=command.at)
    message = Message(topic, key.encode("utf-8", "replace"), encode(command), headers, partition=partition)
    outbox = Outbox(client_config(settings))
    try:
        if asyncio.run(outbox.send([message])):
            raise BrokerError("Kafka does not take the command, because it is too large: shorten its text")
    finally:
        outbox.close()
