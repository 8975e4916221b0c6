"""A snapshot of the shared topic model as an array of centroids: which topic a vector belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
        kept, centroids = _unit_rows(owned)
        if not kept:
            return cls.empty(threshold)
        ids = sorted({owner for _, owner in kept})
        place = {key: index for index, key in enumerate(ids)}
        return cls(
            tuple(ids),
            tuple(known[key].label for key in ids),
            tuple(tuple(known[key].keywords) for key in ids),
            centroids,
            threshold,
            np.array([place[owner] for _, owner in kept], np.int64),
            np.array([threshold if one.radius is None else one.radius for one, _ in kept]),
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


def _unit_rows(owned: Sequence[tuple[Topic, str]]) -> tuple[list[tuple[Topic, str]], Vector]:
    """The entries whose centroid can be read and has the most frequent size, and their centroids as unit rows."""
    decoded: list[tuple[tuple[Topic, str], Vector]] = []
    for entry in owned:
        try:
            decoded.append((entry, decode_vector(entry[0].centroid)))
        except ValueError:
            continue
    sizes = Counter(len(row) for _, row in decoded)
    if not sizes:
        return [], np.zeros((0, 0), np.float32)
    size = max(sizes, key=lambda one: sizes[one])
    alike = [(entry, row) for entry, row in decoded if len(row) == size]
    matrix = np.stack([row for _, row in alike])
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    good = np.isfinite(norms) & (norms > 0)
    kept = [entry for (entry, _), is_good in zip(alike, good.tolist(), strict=True) if is_good]
    return kept, (matrix[good] / norms[good, None]).astype(np.float32)
