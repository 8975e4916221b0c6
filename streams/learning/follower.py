"""The newest topic model in every `enrich` worker: follows the compacted topic and swaps whole snapshots."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import msgspec

from enrichers.scoring.topic_model import TopicModel
from schemas.topics import Topic
from streams.broker.state import Entry, Follower


class ModelFollower:
    """`newest()` is the model as of the last record seen; cheap to call once per batch."""

    def __init__(self, config: dict[str, Any], topic: str) -> None:
        self._decode = msgspec.json.Decoder(Topic).decode
        self._topics: dict[bytes, Topic] = {}
        self._lock = threading.Lock()
        self._model = TopicModel.empty()
        self._stale = False
        self._follower = Follower(config, topic, self._apply)

    def start(self) -> None:
        """Starts following."""
        self._follower.start()

    def _apply(self, entries: Sequence[Entry]) -> None:
        with self._lock:
            for key, value in entries:
                topic = None
                if value is not None:
                    try:
                        topic = self._decode(value)
                    except msgspec.MsgspecError:
                        continue  # not ours: the model keeps what it has
                if topic is not None and topic.status not in ("active", "merged"):
                    topic = None
                known = self._topics.pop(key, None)
                if topic is not None:
                    self._topics[key] = topic
                self._stale |= _assigns(known) != _assigns(topic)

    def newest(self) -> TopicModel:
        """The newest snapshot, built again only where something has changed."""
        with self._lock:
            if self._stale:
                self._model = TopicModel.from_topics(self._topics.values())
                self._stale = False
            return self._model

    def wait(self, *, seconds: float) -> bool:
        """True once the model is as the topic had it at the start; False after `seconds`."""
        return self._follower.ready.wait(seconds)

    def close(self) -> None:
        """Stops following."""
        self._follower.close()


def _assigns(topic: Topic | None) -> tuple[object, ...] | None:
    """What of a topic the assignment depends on: a count alone builds no new snapshot."""
    if topic is None:
        return None
    return (topic.status, topic.merged_into, topic.centroid, topic.radius, topic.label, topic.keywords)
