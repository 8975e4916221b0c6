"""Online leader clustering of span vectors (Hartigan 1975): near a centroid joins it, far from all starts a candidate.

A candidate that enough different posts have joined is born as a topic. Every change is a record of the compacted
topic, and the offset of the last lesson in each record makes a repeat harmless.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace

from schemas.enriched import Relabel, TopicRef
from schemas.identity import from_millis
from schemas.signals import Lesson
from schemas.topics import Topic
from schemas.vectors import Vector, decode_vector, encode_vector
from streams.learning.keywords import keywords, merged, terms_of


@dataclass(frozen=True, slots=True)
class LeaderRule:
    """`join` is the least cosine to a centroid, `born` the number of posts that make a topic.

    `words` is the fewest telling words of a sentence that may teach; `candidates` bounds how many unborn clusters are
    kept: the one that has not grown for longest goes first.
    """

    join: float = 0.58
    born: int = 5
    candidates: int = 2000
    members: int = 50
    words: int = 3
    examples: int = 3


@dataclass(slots=True)
class Changes:
    """What followed from lessons: topics to publish (None: forget the id), and posts to label."""

    topics: dict[str, Topic | None] = field(default_factory=dict)
    relabels: list[Relabel] = field(default_factory=list)


class TopicLearner:
    """The newest topics and candidates. Not thread-safe: one stage owns it."""

    def __init__(self, topics: Iterable[Topic] = (), rule: LeaderRule = LeaderRule()) -> None:
        self._rule = rule
        self._topics: dict[str, Topic] = {}
        self._ids: list[str] = []
        self._matrix: Vector = np.empty((0, 0), np.float32)
        self._everywhere: Counter[str] = Counter()
        for topic in topics:
            if topic.centroid and topic.status in ("candidate", "active"):
                self._put(topic, decode_vector(topic.centroid))

    @property
    def topics(self) -> list[Topic]:
        """All topics and candidates, in order of birth."""
        return [self._topics[key] for key in self._ids]

    def learn(self, lesson: Lesson, offset: int, changes: Changes) -> None:
        """Takes one lesson; what it changes is added to `changes`."""
        vectors = [decode_vector(span.vector) for span in lesson.spans]
        for position, (span, vector) in enumerate(zip(lesson.spans, vectors, strict=True)):
            norm = float(np.linalg.norm(vector))
            if not np.isfinite(norm) or norm == 0.0 or (self._ids and vector.shape[0] != self._matrix.shape[1]):
                continue
            if terms_of(span.text).total() < self._rule.words:
                continue  # a greeting or an exclamation is about nothing
            unit = vector / norm
            nearest, similarity = self._nearest(unit)
            if nearest is not None and similarity >= self._rule.join:
                topic = self._topics[nearest]
                if topic.applied >= offset and self._holds(topic, lesson):
                    continue  # this lesson is in it already
                self._join(topic, unit, span.text, lesson, offset, changes)
            else:
                self._start(unit, span.text, lesson, position, offset, changes)

    def _nearest(self, unit: Vector) -> tuple[str | None, float]:
        if not self._ids:
            return None, 0.0
        scores = self._matrix[: len(self._ids)] @ unit
        best = int(np.argmax(scores))
        return self._ids[best], float(scores[best])

    @staticmethod
    def _holds(topic: Topic, lesson: Lesson) -> bool:
        return topic.status == "active" or any(identity == lesson.identity for identity, _ in topic.members)

    def _start(self, unit: Vector, text: str, lesson: Lesson, position: int, offset: int, changes: Changes) -> None:
        seed = f"{lesson.identity}:{lesson.version}:{position}"
        topic = Topic(
            id=f"t-{hashlib.sha256(seed.encode()).hexdigest()[:12]}",
            label="",
            centroid=encode_vector(unit),
            count=1,
            status="candidate",
            examples=[text],
            created_at=from_millis(lesson.event_time),
            updated_at=from_millis(lesson.event_time),
            applied=offset,
            terms=dict(terms_of(text)),
            members=[(lesson.identity, lesson.version)],
        )
        if topic.id in self._topics:
            return
        self._put(topic, unit)
        changes.topics[topic.id] = topic
        self._prune(changes)

    def _join(self, topic: Topic, unit: Vector, text: str, lesson: Lesson, offset: int, changes: Changes) -> None:
        place = self._ids.index(topic.id)
        moved = self._matrix[place] * topic.count + unit
        moved /= np.linalg.norm(moved)
        self._matrix[place] = moved
        member = (lesson.identity, lesson.version)
        members = topic.members
        if member not in members and len(members) < self._rule.members:
            members = [*members, member]
        terms = terms_of(text)
        self._everywhere.update(terms)
        grown = replace(
            topic,
            centroid=encode_vector(moved),
            count=topic.count + 1,
            updated_at=max(topic.updated_at or "", from_millis(lesson.event_time)),
            applied=max(offset, topic.applied),
            terms=merged(topic.terms, terms),
            members=members,
            examples=topic.examples if len(topic.examples) >= self._rule.examples else [*topic.examples, text],
        )
        born = topic.status == "candidate" and len(members) >= self._rule.born
        if born or (grown.status == "active" and _doubled(grown.count)):
            grown = self._named(replace(grown, status="active"))
        self._topics[topic.id] = grown
        changes.topics[topic.id] = grown
        if born:
            changes.relabels.extend(_relabels(grown))

    def _named(self, topic: Topic) -> Topic:
        words = keywords(topic.terms, self._everywhere, max(1, len(self._ids)))
        return replace(topic, keywords=words, label=topic.label or ", ".join(words[:3]) or topic.id)

    def _put(self, topic: Topic, unit: Vector) -> None:
        count = len(self._ids)
        if count == self._matrix.shape[0]:
            wider = np.zeros((max(64, 2 * count), unit.shape[0]), np.float32)
            wider[:count] = self._matrix[:count] if count else 0
            self._matrix = wider
        self._matrix[count] = unit
        self._ids.append(topic.id)
        self._topics[topic.id] = topic
        self._everywhere.update(topic.terms)

    def _prune(self, changes: Changes) -> None:
        candidates = [key for key in self._ids if self._topics[key].status == "candidate"]
        if len(candidates) <= self._rule.candidates:
            return
        stale = set(sorted(candidates, key=lambda key: self._topics[key].applied)[: self._rule.candidates // 10])
        keep = [index for index, key in enumerate(self._ids) if key not in stale]
        self._matrix = self._matrix[keep].copy()
        self._ids = [self._ids[index] for index in keep]
        for key in stale:
            del self._topics[key]
            changes.topics[key] = None


def _doubled(count: int) -> bool:
    """True at 1, 2, 4, 8, ...: names are looked at again as a topic grows."""
    return count & (count - 1) == 0


def _relabels(topic: Topic) -> Sequence[Relabel]:
    """The posts that made a topic learn its name."""
    reference = TopicRef(status="assigned", id=topic.id, label=topic.label, keywords=topic.keywords)
    return [Relabel(identity=identity, version=version, topics=[reference]) for identity, version in topic.members]
