"""The word that makes workers forget a post, and what they keep refusing of it."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from schemas.codec import encode
from schemas.topics import ForgetPost
from streams.broker.state import Entry, Follower
from streams.headers import cloud_event
from streams.learning.forgetting import forget_message
from streams.records import Message, Record
from streams.topics import Topics

log = logging.getLogger(__name__)

_IDENTITY = re.compile(rb"[0-9a-f]{64}")
_WAIT_SECONDS = 10.0


def forget_messages(topics: Topics, identity: str, at: str, partitions: Iterable[int]) -> list[Message]:
    """One word for `learn`, and one in each of the signals' `partitions`: nobody knows which brands a post had."""
    word = encode(ForgetPost(identity=identity, at=at))
    headers = cloud_event(kind="post.forget", stage="erase", event_id=f"forget:{identity}", time=at)
    told = [Message(topics.signals, identity.encode(), word, headers, partition=number) for number in partitions]
    return [forget_message(topics, identity, at), *told]


def to_forget(record: Record) -> str | None:
    """The identity of the post that a record tells to forget; None where it is another kind of record."""
    value = record.value or b""
    if b'"kind":"forget-post"' not in value[:64]:
        return None
    try:
        return msgspec.json.decode(value, type=ForgetPost).identity
    except msgspec.MsgspecError:
        return None


class KnownErasures:
    """The identities that were erased, as of the last record seen. Thread-safe."""

    def __init__(self, config: dict[str, Any], topic: str) -> None:
        self._known: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._topic = topic
        self._follower = Follower(config, topic, self.apply)

    def start(self) -> None:
        """Starts following."""
        self._follower.start()

    def wait(self) -> None:
        """Returns when all that stood on the topic is known; after ten seconds it says so and goes on."""
        if not self._follower.ready.wait(_WAIT_SECONDS):
            log.warning("%s is not read yet: `vocero setup` makes it where it is missing", self._topic)

    def apply(self, entries: Sequence[Entry]) -> None:
        """Takes over what is new on the topic."""
        with self._lock:
            changes = {(key or b"").decode(): value for key, value in entries if _IDENTITY.fullmatch(key or b"")}
            self._known = (self._known - changes.keys()) | {key for key, value in changes.items() if value is not None}

    def __contains__(self, identity: object) -> bool:
        return identity in self._known

    def close(self) -> None:
        """Stops following."""
        self._follower.close()
