"""What a fresh look at the sentences in memory changes: births, splits and merges under stable ids. Pure decisions.

A community that holds most of a known topic is that topic. One that no topic claims is a new topic, if it is large and
tight enough. Splits and merges need stronger evidence than the communities themselves give, and a budget bounds how
many posts that already have a topic may ever be told another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log2

import numpy as np
from numpy.typing import NDArray

from schemas.vectors import Vector
from streams.learning.graph import Graph, Ints, communities, neighbour_graph

NONE = -1
"""The topic of a sentence that has none."""


@dataclass(frozen=True, slots=True)
class LearnRule:
    """How topics are made. Cosines and lengths of a mean vector are in [0, 1]; sizes are sentences in memory.

    `resolution`: of the communities up to 100 sentences, `sharper`: what each doubling beyond adds.
    `born`: posts that make a topic. `memory`: sentences kept. `first`, `growth`, `last`: a fresh look comes after so
    many sentences, a share of the memory, or at most so many. `mature`: sentences seen before a new topic may be
    `loose` instead of `tight` (see `tightness`), less `easing` for each doubling of its size, and before all but the
    `far` quantile of a topic's own sentences count as near it, instead of the `strict` one. `edge` and, once mature,
    `wide_edge` say how far a sentence may be, `core` how near is always enough (see `least_cosine`). `split`, `same`
    and `merge` bound how alike two groups are (1: not to be told apart) of which one parts, that are one from the
    start, or that are joined later. `moves` and `move_share` bound the posts that change topic: so many, and a share
    of all seen. `pinned` is the cosine from which a group is what a person has merged away. `topics`: the most that
    are active.
    """

    born: int = 6
    memory: int = 4000
    first: int = 32
    growth: float = 0.20
    last: int = 400
    mature: int = 3000
    resolution: float = 3.0
    sharper: float = 0.57
    tight: float = 0.75
    loose: float = 0.45
    easing: float = 0.06
    strict: float = 0.6
    far: float = 0.03
    edge: float = 0.45
    wide_edge: float = 0.1
    core: float = 1.0
    split: float = 0.8
    same: float = 0.85
    merge: float = 0.9
    moves: int = 90
    move_share: float = 0.036
    pinned: float = 0.80
    topics: int = 10_000
    examples: int = 3

    def resolution_for(self, count: int) -> float:
        """Modularity sees ever coarser groups the larger a graph is (Fortunato & Barthélemy 2007): this counters it."""
        return self.resolution + self.sharper * max(0.0, log2(max(count, 1) / 100))

    def due(self, since: int, held: int) -> bool:
        """Whether it is time for a fresh look."""
        return since >= min(self.last, max(self.first, self.growth * held))

    def budget(self, seen: int) -> int:
        """Posts that may have changed topic by now."""
        return self.moves + int(self.move_share * seen)


@dataclass(slots=True)
class Regrouped:
    """`labels`: the topic of every sentence; numbers from `fresh` on are new topics, in `parents` with what they came
    from (NONE: from nothing). `merges`: (absorbed, survivor). `told_anew`: sentences whose post may change topic.
    `edge`: the least cosine to a topic's centroid that its sentences have; `core`: one that is always enough.
    """

    labels: Ints
    parents: dict[int, int] = field(default_factory=dict)
    merges: list[tuple[int, int]] = field(default_factory=list)
    told_anew: set[int] = field(default_factory=set)
    moved: int = 0
    edge: float = 0.0
    core: float = 1.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Sentences in order of arrival: unit `vectors` (n, d), the known topic of each, and the post of each as a number.

    `sizes` is the number of sentences that each known topic ever had. `anchors` holds (topic, vector) of where the
    parts lie of a topic that a person has put together: what lies there is not split off again. `apart` holds pairs of
    topics that a person keeps apart: they are not merged.
    """

    vectors: Vector
    labels: Ints
    posts: Ints
    sizes: dict[int, int]
    anchors: list[tuple[int, Vector]]
    apart: set[tuple[int, int]] = field(default_factory=set)


def neighbours_for(count: int) -> int:
    """Few neighbours while there are few sentences: then a topic has few too."""
    return max(4, min(14, round(2.7 * log2(max(count, 2))) - 20))


def regroup(memory: Memory, rule: LearnRule, *, fresh: int, seen: int, moved: int) -> Regrouped:
    """A fresh look at all that is in memory. `moved` is how many posts have changed topic so far."""
    graph = neighbour_graph(memory.vectors, neighbours_for(len(memory.labels)))
    return _Look(memory, rule, graph, fresh, seen, rule.budget(seen) - moved).taken()


class _Look:
    """One fresh look; its methods are the decisions, in the order in which they are taken."""

    def __init__(self, memory: Memory, rule: LearnRule, graph: Graph, fresh: int, seen: int, budget: int) -> None:
        self._memory = memory
        self._rule = rule
        self._graph = graph
        self._fresh = fresh
        self._seen = seen
        self._budget = budget
        self._before = memory.labels.copy()
        self._result = Regrouped(np.full(len(memory.labels), NONE, np.int64))
        self._means: dict[int, Vector] = {}
        length = mean_of(memory.vectors)[1]
        self._background = pair_cosine(length, len(memory.labels))
        share = rule.edge if seen < rule.mature else rule.wide_edge
        self._result.edge = least_cosine(length, graph.near, share)
        self._result.core = least_cosine(length, graph.near, rule.core)

    def taken(self) -> Regrouped:
        community = self._joined(communities(self._graph, self._rule.resolution_for(self._graph.size)))
        for topic in np.unique(self._before[self._before != NONE]).tolist():
            self._means[topic] = mean_of(self._memory.vectors[self._before == topic])[0]
        heirs: dict[int, list[int]] = {}
        for topic in np.unique(self._before[self._before != NONE]).tolist():
            heirs.setdefault(_most(community[self._before == topic]), []).append(topic)
        for number in range(int(community.max(initial=-1)) + 1):
            inside = community == number
            if claims := heirs.get(number):
                self._keep(inside, claims)
            else:
                self._start(inside)
        self._gather()
        return self._result

    def _gather(self) -> None:
        """What is still of no topic and lies near enough to one belongs to it, whatever its community was."""
        labels = self._result.labels
        topics = np.unique(labels[labels != NONE])
        left = np.flatnonzero(labels == NONE)
        if not len(topics) or not len(left):
            return
        means = np.stack([mean_of(self._memory.vectors[labels == topic])[0] for topic in topics.tolist()])
        cosines = self._memory.vectors[left] @ means.T
        labels[left] = np.where(cosines.max(1) >= self._result.core, topics[cosines.argmax(1)], NONE)

    def _joined(self, community: Ints) -> Ints:
        """Communities that cannot be told apart are one: modularity cuts a large even group into parts."""
        count = int(community.max(initial=-1)) + 1
        sizes = np.bincount(community, minlength=count).astype(np.float64)
        sums = np.zeros((count, self._memory.vectors.shape[1]))
        np.add.at(sums, community, self._memory.vectors.astype(np.float64))
        into = np.arange(count)
        for _ in range(count):
            means = sums / np.maximum(sizes, 1.0)[:, None]
            squares = (means * means).sum(1)
            pairs = (sizes * squares - 1.0) / np.maximum(sizes - 1.0, 1.0)
            within = (pairs[:, None] + pairs[None, :]) / 2 - self._background
            likeness = (means @ means.T - self._background) / np.maximum(within, 1e-6)
            alone = sizes < self._rule.born
            likeness[alone, :] = likeness[:, alone] = 0.0
            np.fill_diagonal(likeness, 0.0)
            one, other = np.unravel_index(int(likeness.argmax()), likeness.shape)
            if likeness[one, other] < self._rule.same:
                break
            sums[one] += sums[other]
            sizes[one] += sizes[other]
            sums[other], sizes[other] = 0.0, 0.0
            into[into == other] = one
        return np.unique(into[community], return_inverse=True)[1]

    def _keep(self, inside: NDArray[np.bool_], claims: list[int]) -> None:
        """A community that topics claim: the largest has it, the others are merged into it or keep their own."""
        overlap = {topic: int((inside & (self._before == topic)).sum()) for topic in claims}
        first, *others = sorted(claims, key=lambda topic: (-overlap[topic], topic))
        kept = [first, *(topic for topic in others if not self._merged(topic, first, overlap[topic]))]
        where = np.flatnonzero(inside)
        own = [np.flatnonzero(inside & (self._before == topic)) for topic in kept]
        means = np.stack([mean_of(self._memory.vectors[rows])[0] for rows in own])
        cosines = self._memory.vectors[where] @ means.T
        best = cosines.argmax(1)
        near = cosines[np.arange(len(where)), best] >= self._result.edge
        stays = np.isin(self._before[where], kept) | ~near
        self._result.labels[where] = np.where(stays, self._before[where], np.array(kept)[best])

    def _merged(self, topic: int, survivor: int, overlap: int) -> bool:
        if {(topic, survivor), (survivor, topic)} & self._memory.apart:
            return False
        mine, theirs = self._before == topic, self._before == survivor
        posts = min(self._memory.sizes.get(topic, 0), self._memory.sizes.get(survivor, 0))
        if 2 * overlap < int(mine.sum()) or posts > self._budget:
            return False
        if self._likeness(mine, theirs) <= self._rule.merge:
            return False
        self._budget -= posts
        self._result.moved += posts
        self._result.merges.append((topic, survivor))
        self._before[mine] = survivor
        self._result.labels[self._result.labels == topic] = survivor
        return True

    def _start(self, inside: NDArray[np.bool_]) -> None:
        """A community that no topic claims: a new topic, if it is one, or everything stays as it was."""
        where = np.flatnonzero(inside)
        before = self._before[where]
        known = before[before != NONE]
        parent = _most(known) if 2 * len(known) > len(where) else NONE
        centre, length = mean_of(self._memory.vectors[where])
        beside = self._nearest(centre) if parent == NONE else parent
        if (anchor := self._anchor(centre)) != NONE:
            self._result.labels[where] = np.where(before == NONE, anchor, before)
        elif not self._is_topic(where, length):
            self._result.labels[where] = before
        elif self._apart(inside, beside, split=parent != NONE):
            number = self._fresh + len(self._result.parents)
            self._result.parents[number] = parent
            self._result.labels[where] = number
            changed = int((before != NONE).sum())
            if changed <= self._budget:
                self._budget -= changed
                self._result.moved += changed
                self._result.told_anew.update(where.tolist())
        else:  # more of a topic that is known
            near = self._memory.vectors[where] @ self._means[beside] >= self._result.edge
            self._result.labels[where] = np.where((before == NONE) & near, beside, before)

    def _is_topic(self, where: Ints, length: float) -> bool:
        if len(set(self._memory.posts[where].tolist())) < self._rule.born:
            return False
        near = tightness(pair_cosine(length, len(where)), self._background, self._graph.near)
        if self._seen < self._rule.mature:
            return near >= self._rule.tight
        return near >= self._rule.loose - self._rule.easing * log2(max(len(where) / self._rule.born, 1.0))

    def _anchor(self, centre: Vector) -> int:
        """The topic that a person has put this into, or NONE."""
        at = [(float(vector @ centre), -topic) for topic, vector in self._memory.anchors]
        cosine, topic = max(at, default=(-1.0, 0))
        return -topic if cosine >= self._rule.pinned else NONE

    def _nearest(self, centre: Vector) -> int:
        """The known topic whose sentences lie nearest."""
        return max(self._means, key=lambda topic: (float(self._means[topic] @ centre), -topic), default=NONE)

    def _apart(self, inside: NDArray[np.bool_], beside: int, *, split: bool) -> bool:
        """Whether a group is another one than the topic beside it, or than the rest of the topic that it is in."""
        rest = (self._before == beside) & ~inside
        if not rest.any():
            return not split
        if split and self._graph.surplus(inside, rest) >= 1.0:
            return False
        return self._likeness(inside, rest) < (self._rule.split if split else self._rule.same)

    def _likeness(self, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
        """How alike sentences of two groups are, where 1 is as alike as those within the groups, and 0 as any two."""
        (a, length_a), (b, length_b) = (mean_of(self._memory.vectors[rows]) for rows in (one, other))
        within = (pair_cosine(length_a, int(one.sum())) + pair_cosine(length_b, int(other.sum()))) / 2
        between = float(a @ b) * length_a * length_b
        return float((between - self._background) / max(within - self._background, 1e-6))


def mean_of(vectors: Vector) -> tuple[Vector, float]:
    """The direction of the mean of unit vectors, and its length: 1 where all are alike (Mardia & Jupp 2000, 9.2)."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    return (mean / max(length, 1e-12)).astype(np.float32), length


def pair_cosine(length: float, count: int) -> float:
    """The mean cosine of two different ones of `count` unit vectors, from the length of their mean."""
    return (count * length * length - 1.0) / (count - 1) if count > 1 else 1.0


def tightness(pair: float, background: float, near: float) -> float:
    """How alike a group's sentences are, from 0 (as any two) to 1 (as a sentence and its fourth neighbour).

    A cosine by itself says nothing: 0.4 is close in feedback about everything, and far in questions to one bank.
    """
    return (pair - background) / max(near - background, 1e-6)


def least_cosine(length: float, near: float, share: float) -> float:
    """A cosine to a centroid: from that of any sentence (0: `length` of the mean of all) to that of alike ones (1).

    A sentence of a group whose pairs have the mean cosine c has the cosine √c to the group's centroid.
    """
    return length + share * max(float(np.sqrt(max(near, 0.0))) - length, 0.0)


def _most(values: Ints) -> int:
    """The most frequent value, the smallest of equals."""
    names, counts = np.unique(values, return_counts=True)
    return int(names[counts.argmax()])
