"""A snapshot of the shared topic model as an array of centroids: which topic a vector belongs to."""

from __future__ import annotations

from collections.abc import Iterable
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
    """Topics in order of `ids`: `labels`, `keywords`, and `centroids` of shape (k, d), unit rows. Immutable."""

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    keywords: tuple[tuple[str, ...], ...]
    centroids: Vector
    threshold: float = THRESHOLD

    @classmethod
    def empty(cls, threshold: float = THRESHOLD) -> Self:
        """The model before anything was learned: everything is emerging."""
        return cls((), (), (), np.zeros((0, 0), np.float32), threshold)

    @classmethod
    def from_topics(cls, topics: Iterable[Topic], threshold: float = THRESHOLD) -> Self:
        """The active topics, by id. A topic whose centroid cannot be read or has another dimension is left out."""
        active = sorted((t for t in topics if t.status == "active" and t.centroid), key=lambda topic: topic.id)
        rows = [(topic, row) for topic in active if (row := _unit(topic.centroid)) is not None]
        if not rows:
            return cls.empty(threshold)
        sizes = [len(row) for _, row in rows]
        size = max(set(sizes), key=sizes.count)
        kept = [(topic, row) for topic, row in rows if len(row) == size]
        return cls(
            tuple(topic.id for topic, _ in kept),
            tuple(topic.label for topic, _ in kept),
            tuple(tuple(topic.keywords) for topic, _ in kept),
            np.stack([row for _, row in kept]),
            threshold,
        )

    def nearest(self, vectors: Vector) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For vectors (n, d): the index of each one's nearest topic, -1 below the threshold; and its cosine.

        One matrix product, however many topics there are. Without topics, or with vectors of another dimension,
        every index is -1 and every cosine 0.
        """
        count = len(vectors)
        if not self.ids or not count or vectors.shape[1] != self.centroids.shape[1]:
            return np.full(count, -1, np.int64), np.zeros(count)
        cosines = vectors @ self.centroids.T
        best = cosines.argmax(axis=1)
        similarity = np.round(np.clip(cosines[np.arange(count), best].astype(np.float64), -1, 1), 4)
        return np.where(similarity >= self.threshold, best, -1), similarity


def _unit(centroid: str) -> Vector | None:
    try:
        row = decode_vector(centroid)
    except ValueError:
        return None
    norm = float(np.linalg.norm(row))
    return (row / norm).astype(np.float32) if np.isfinite(norm) and norm > 0 else None
