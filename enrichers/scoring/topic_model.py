"""A snapshot of the shared topic model as an array of centroids: which topic a vector belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from schemas.topics import Topic
from schemas.vectors import Vector, decode_vector

THRESHOLD: Final = 0.55
"""Cosine under which a span is of no known topic. Translated text keeps with its original at 0.55 to 0.60."""


@dataclass(frozen=True)
class TopicModel:
    """Topics in order of `ids`: `labels`, `keywords`, and `centroids` of shape (m, d), unit rows. Immutable.

    `owners` gives the topic of each row (None: row i is topic i): what was merged into a topic keeps its own row.
    `radii` is the least cosine to each row (None: `threshold` for all).
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    keywords: tuple[tuple[str, ...], ...]
    centroids: Vector
    threshold: float = THRESHOLD
    owners: NDArray[np.int64] | None = None
    radii: NDArray[np.float64] | None = None

    @classmethod
    def empty(cls, threshold: float = THRESHOLD) -> Self:
        """The model before anything was learned: everything is emerging."""
        return cls((), (), (), np.zeros((0, 0), np.float32), threshold)

    @classmethod
    def from_topics(cls, topics: Iterable[Topic], threshold: float = THRESHOLD) -> Self:
        """The active topics, by id. A topic whose centroid cannot be read or has another dimension is left out.

        A merged topic is a second row of the active one that it ended in, so that its old id and its place live on.
        """
        known = {topic.id: topic for topic in topics}
        owned = [(known[key], owner) for key in sorted(known) if (owner := _survivor(known, key)) is not None]
        rows = [(one, owner, row) for one, owner in owned if (row := _unit(one.centroid)) is not None]
        if not rows:
            return cls.empty(threshold)
        sizes = [len(row) for _, _, row in rows]
        size = max(set(sizes), key=sizes.count)
        kept = [entry for entry in rows if len(entry[2]) == size]
        ids = sorted({owner for _, owner, _ in kept})
        place = {key: index for index, key in enumerate(ids)}
        return cls(
            tuple(ids),
            tuple(known[key].label for key in ids),
            tuple(tuple(known[key].keywords) for key in ids),
            np.stack([row for _, _, row in kept]),
            threshold,
            np.array([place[owner] for _, owner, _ in kept], np.int64),
            np.array([threshold if one.radius is None else one.radius for one, _, _ in kept]),
        )

    def nearest(self, vectors: Vector) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For vectors (n, d): the index of each one's nearest topic, -1 where it is too far; and its cosine.

        One matrix product, however many topics there are. Without topics, or with vectors of another dimension,
        every index is -1 and every cosine 0.
        """
        count = len(vectors)
        if not self.ids or not count or vectors.shape[1] != self.centroids.shape[1]:
            return np.full(count, -1, np.int64), np.zeros(count)
        cosines = vectors @ self.centroids.T
        best = cosines.argmax(axis=1)
        similarity = np.round(np.clip(cosines[np.arange(count), best].astype(np.float64), -1, 1), 4)
        least = self.threshold if self.radii is None else self.radii[best]
        owner = best if self.owners is None else self.owners[best]
        return np.where(similarity >= least, owner, -1), similarity


def _survivor(known: Mapping[str, Topic], key: str) -> str | None:
    """The id of the active topic that `key` is, or was merged into; None where there is none."""
    seen: set[str] = set()
    while key in known and key not in seen:
        topic = known[key]
        if topic.status == "active":
            return key if topic.centroid else None
        seen.add(key)
        key = topic.merged_into or "" if topic.status == "merged" else ""
    return None


def _unit(centroid: str) -> Vector | None:
    try:
        row = decode_vector(centroid)
    except ValueError:
        return None
    norm = float(np.linalg.norm(row))
    return (row / norm).astype(np.float32) if np.isfinite(norm) and norm > 0 else None
