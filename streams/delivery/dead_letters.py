"""What becomes of an input that cannot be used: a record on the dead-letter topic, without personal data."""

from __future__ import annotations

import hashlib

from enrichers.redact import redact_text
from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import RejectedInput
from schemas.identity import from_millis
from streams.excerpts import excerpt as excerpt_of
from streams.headers import INPUT, cloud_event, own_address, raw_address
from streams.records import Message, Record

EXCERPT = 400
"""Characters of a dead letter's redacted excerpt, at most."""


def dead_letter(
    topic: str, stage: str, record: Record, error: RejectedInput, *, identity: str | None = None, excerpt: str = ""
) -> Message:
    """The dead letter of a record, with Kafka Connect's `__connect.errors.*` headers pointing at the raw record.

    `excerpt` is text that is already redacted; empty: one is taken from the record's value and redacted here.
    """
    raw = raw_address(record)
    value = record.value or b""
    letter = DeadLetter(
        stage=stage,
        reason=error.reason,
        message=str(error),
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        sha256=hashlib.sha256(value).hexdigest(),
        at=from_millis(record.timestamp_ms),
        excerpt=excerpt[:EXCERPT] or excerpt_of(value, EXCERPT, lambda text: redact_text(text)[0]),
        identity=identity,
    )
    connect = {
        "topic": raw.topic,
        "partition": str(raw.partition),
        "offset": str(raw.offset),
        "connector.name": "vocero",
        "task.id": "0",
        "stage": stage,
        "class.name": "vocero",
        "exception.class.name": error.reason,
        "exception.message": str(error),
    }
    headers = cloud_event(
        kind="dead-letter",
        stage=stage,
        event_id=f"{stage}:{raw.topic}:{raw.partition}:{raw.offset}",
        time=letter.at,
        raw=raw,
    )
    headers[INPUT] = str(own_address(record)).encode()
    headers.update({f"__connect.errors.{name}": text.encode() for name, text in connect.items()})
    return Message(topic, letter.sha256.encode(), encode(letter), headers, cause=record)
