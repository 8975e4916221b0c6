"""What a stage sees of Kafka: records in, messages out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Record:
    """One consumed record. `timestamp_ms` is the broker's; a `value` of None is a tombstone."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One record to produce. `partition` None lets the key decide; `cause` is the record that it comes from.

    `follows` marks what others answer to: it is sent after the other outputs of its batch have been delivered, so that
    no answer overtakes what it is about. `state` marks what a stage remembers: it is sent last of all, so that a crash
    in between repeats an output and never swallows one.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)
    partition: int | None = None
    cause: Record | None = None
    follows: bool = False
    state: bool = False

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")
