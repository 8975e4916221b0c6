"""Record headers: CloudEvents in binary mode, and the version and raw address that travel with every hop.

CloudEvents 1.0, Kafka protocol binding, binary content mode.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from streams.records import Record

_ADDRESS = re.compile(r"([A-Za-z0-9._-]{1,249})/([0-9]{1,9})/([0-9]{1,18})")
VERSION = "vocero_version"
RAW = "vocero_raw"
ARRIVED = "vocero_arrived"
"""When the raw record came to its topic, in milliseconds: latencies are counted from it."""
INPUT = "vocero_input"
"""On a dead letter: where the record stood that a stage could not use, as topic/partition/offset."""
FOR = "vocero_for"
"""On a record that is driven again: the one stage that it is meant for; the others skip it."""
DRIVEN = ("index", "alert", "case", "link", "learn")
OF = "vocero_of"
"""On a record that is driven again: the topic that it first stood on, which says what it is."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a record stands in its topic."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def cloud_event(
    *,
    kind: str,
    stage: str,
    event_id: str,
    time: str,
    version: int | None = None,
    raw: Address | None = None,
    arrived_ms: int | None = None,
) -> dict[str, bytes]:
    """Headers of a record that we produce. `kind` such as `post.enriched`; `time` RFC 3339."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_type": f"vocero.{kind}",
        "ce_source": f"vocero/{stage}",
        "ce_time": time,
        "content-type": "application/json",
    }
    if version is not None:
        headers[VERSION] = str(version)
    if raw is not None:
        headers[RAW] = str(raw)
    if arrived_ms is not None:
        headers[ARRIVED] = str(arrived_ms)
    return {name: value.encode() for name, value in headers.items()}


def text_header(headers: Mapping[str, bytes], name: str) -> str | None:
    """A header as text; None where it is missing or not UTF-8."""
    value = headers.get(name)
    if value is None:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def version_header(headers: Mapping[str, bytes]) -> int | None:
    """The version in milliseconds that a replay or an earlier hop set, if it is a sane one."""
    return _millis(headers, VERSION)


def arrived_header(headers: Mapping[str, bytes]) -> int | None:
    """When the raw record came, in milliseconds, if that is a sane number."""
    return _millis(headers, ARRIVED)


def _millis(headers: Mapping[str, bytes], name: str) -> int | None:
    text = text_header(headers, name)
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None


def address_header(headers: Mapping[str, bytes], name: str) -> Address | None:
    """A place in a topic that a header names, if it is one."""
    found = _ADDRESS.fullmatch(text_header(headers, name) or "")
    return Address(found[1], int(found[2]), int(found[3])) if found else None


def own_address(record: Record) -> Address:
    """Where a record stands itself."""
    return Address(record.topic, record.partition, record.offset)


def raw_address(record: Record) -> Address:
    """The raw record that this one descends from; itself where it says nothing."""
    return address_header(record.headers, RAW) or own_address(record)


def only_for(record: Record) -> str | None:
    """The one stage that a record which is driven again is meant for; None: any that reads it."""
    name = text_header(record.headers, FOR)
    return name if name in DRIVEN else None
