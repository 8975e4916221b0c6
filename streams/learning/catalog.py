"""All topics by id, active or not, and what has changed of them. No vectors are compared here."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec.structs import replace

from schemas.topics import Topic
from schemas.vectors import Vector, decode_vector


class Catalog:
    """Topics by id. Changes are collected in `changed`: None for what is forgotten."""

    def __init__(self, topics: Iterable[Topic] = ()) -> None:
        self._topics = {topic.id: topic for topic in sorted(topics, key=lambda one: one.id)}
        self.changed: dict[str, Topic | None] = {}

    def __getitem__(self, key: str) -> Topic:
        return self._topics[key]

    def get(self, key: str | None) -> Topic | None:
        """The topic of that id, whatever became of it; None where there is none."""
        return self._topics.get(key) if key is not None else None

    def all(self) -> list[Topic]:
        """Every topic, by id."""
        return [self._topics[key] for key in sorted(self._topics)]

    def active(self) -> list[Topic]:
        """Those that assign under their own id, by id."""
        return [topic for topic in self.all() if topic.status == "active"]

    def put(self, topic: Topic) -> None:
        """Keeps the newest of a topic."""
        if self._topics.get(topic.id) != topic:
            self._topics[topic.id] = topic
            self.changed[topic.id] = topic

    def survivor(self, key: str | None) -> Topic | None:
        """The active topic that an id stands for today."""
        for _ in range(len(self._topics) + 1):
            topic = self.get(key)
            if topic is None or topic.status == "active":
                return topic
            key = topic.merged_into
        return None

    def merged_by_people(self) -> dict[str, Vector]:
        """By active topic, the centroids of what a person has merged into it: rows of unit length."""
        found: dict[str, list[Vector]] = {}
        for one in self._topics.values():
            if one.pinned_merge and one.centroid and (into := self.survivor(one.id)) is not None:
                found.setdefault(into.id, []).append(decode_vector(one.centroid))
        return {key: np.stack(rows) for key, rows in sorted(found.items())}

    def retire(self, most: int) -> set[str]:
        """Retires active topics beyond `most`: those that have not grown for longest, none that a person named."""
        active = self.active()
        own = sorted((one for one in active if not one.pinned_label), key=lambda one: (one.applied, one.id))
        gone = own[: max(0, len(active) - most)]
        for topic in gone:
            self.put(replace(topic, status="retired"))
        return {topic.id for topic in gone}

    def prune(self, most: int) -> None:
        """Forgets what is no longer active beyond `most`, the oldest first; the store keeps their documents.

        What a person merged stays, and so does what another topic was merged into.
        """
        gone = [topic for topic in self._topics.values() if topic.status != "active"]
        if len(gone) <= most:
            return
        needed = {topic.merged_into for topic in gone}
        old = sorted(gone, key=lambda one: (one.updated_at or "", one.id))
        free = [one.id for one in old if not one.pinned_merge and one.id not in needed]
        for key in free[: len(gone) - most]:
            del self._topics[key]
            self.changed[key] = None
