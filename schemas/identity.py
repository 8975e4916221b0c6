"""Who a post is and how new it is: identity (a hash) and version (milliseconds)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
"""No feedback channel of today is older; a time before it is a mistake."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_AHEAD_MS = 24 * 3600 * 1000
"""How far a clock may run ahead before its times are not believed."""


def identity(channel: str, source: str, post_id: str) -> str:
    """SHA-256 (64 hex digits) of [channel, source, id] as a compact JSON array: the Elasticsearch `_id`."""
    return hashlib.sha256(msgspec.json.encode([channel, source, post_id])).hexdigest()


def parse_time(text: str | None) -> datetime | None:
    """An RFC 3339 time as an aware UTC datetime; one without a zone is read as UTC; None if it is no time.

    A bare date is midnight UTC. The result may be implausible: see `plausible`.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def to_millis(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_millis(millis: int) -> str:
    """RFC 3339 in UTC with milliseconds, such as 2026-03-01T09:30:00.000Z."""
    moment = _EPOCH + timedelta(milliseconds=millis)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plausible(moment: datetime | None, now_ms: int) -> bool:
    """True where the time lies between 1995 and one day after `now_ms`."""
    return moment is not None and moment >= EARLIEST and to_millis(moment) <= now_ms + MAX_AHEAD_MS


def version_of(updated_at: str | None, kafka_timestamp_ms: int) -> int:
    """The version of a post: its `updated_at` if plausible, else the raw record's Kafka timestamp, in ms."""
    moment = parse_time(updated_at)
    if moment is not None and plausible(moment, kafka_timestamp_ms):
        return to_millis(moment)
    return max(kafka_timestamp_ms, 0)
