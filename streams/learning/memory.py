"""The sentences that `learn` remembers: bounded, balanced over topics, whole on the compacted topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from schemas.topics import Sentence
from schemas.vectors import Vector, decode_vector

EMERGING_SHARE = 0.25
"""Of the memory, for sentences that have no topic."""


@dataclass(slots=True)
class Held:
    """A sentence and its unit vector."""

    sentence: Sentence
    vector: Vector

    @property
    def topic(self) -> str | None:
        """The topic that it belongs to."""
        return self.sentence.topic


class SentenceMemory:
    """Sentences in order of arrival. Changes are collected in `changed`: None for what is forgotten."""

    def __init__(self, sentences: Iterable[Sentence] = ()) -> None:
        self.changed: dict[str, Sentence | None] = {}
        self._held: dict[str, Held] = {}
        self._by_post: dict[str, list[str]] = {}
        for sentence in sorted(sentences, key=lambda one: (one.applied, one.place)):
            self._keep(sentence, decode_vector(sentence.vector))

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(self._held.values())

    def dimensions(self) -> int | None:
        """Of the vectors; None while there are none."""
        return next((held.vector.shape[0] for held in self._held.values()), None)

    def of_post(self, identity: str) -> list[Held]:
        """The sentences of one post that are still here, in order."""
        return [self._held[key] for key in self._by_post.get(identity, ())]

    def add(self, sentence: Sentence, vector: Vector) -> None:
        """Remembers a sentence."""
        self._keep(sentence, vector)
        self.changed[sentence.id] = sentence

    def _keep(self, sentence: Sentence, vector: Vector) -> None:
        self._held[sentence.id] = Held(sentence, vector)
        self._by_post.setdefault(sentence.identity, []).append(sentence.id)

    def forget(self, key: str) -> None:
        """Forgets a sentence."""
        held = self._held.pop(key)
        keys = self._by_post[held.sentence.identity]
        keys.remove(key)
        if not keys:
            del self._by_post[held.sentence.identity]
        self.changed[key] = None

    def label(self, key: str, topic: str | None, told: str | None) -> None:
        """Sets what a sentence belongs to and what its post says."""
        held = self._held[key]
        if (held.sentence.topic, held.sentence.told) != (topic, told):
            held.sentence = replace(held.sentence, topic=topic, told=told)
            self.changed[key] = held.sentence

    def trim(self, most: int) -> None:
        """Forgets down to `most`: of the largest topics the oldest sentences, so that small topics stay known."""
        groups: dict[str | None, list[str]] = {}
        for key, held in self._held.items():
            groups.setdefault(held.topic, []).append(key)
        emerging = groups.get(None, [])
        for key in emerging[: max(0, len(emerging) - int(EMERGING_SHARE * most))]:
            self.forget(key)
        if (excess := len(self._held) - most) <= 0:
            return
        sizes = Counter({topic: len(keys) for topic, keys in groups.items() if topic is not None})
        level = _level(sorted(sizes.values(), reverse=True), excess)
        for topic in sorted(sizes, key=lambda name: (-sizes[name], name or "")):
            for key in groups[topic][: max(0, sizes[topic] - level)]:
                if excess > 0:
                    self.forget(key)
                    excess -= 1


def _level(sizes: list[int], excess: int) -> int:
    """The height to which the largest of `sizes` (descending) must come down to lose `excess` in all."""
    given = 0
    for rank, size in enumerate(sizes, start=1):
        lower = sizes[rank] if rank < len(sizes) else 0
        given += rank * (size - lower)
        if given >= excess:
            return lower + (given - excess) // rank
    return 0
