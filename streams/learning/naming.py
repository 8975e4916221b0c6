"""Names, keywords and examples of topics, from the sentences in memory. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schemas.topics import Sentence
from schemas.vectors import Vector
from streams.learning.keywords import document_frequencies, keywords, label_of, names_in, terms_of
from streams.learning.memory import Held

ALIKE = 0.92
"""Cosine above which two examples say the same."""
EXAMPLE_WORDS = (4, 40)
"""Words that an example should have: enough to be understood, few enough to be read."""


class Namer:
    """What sets some sentences apart from all `held` ones."""

    def __init__(self, held: Sequence[Held]) -> None:
        self._terms = {one.sentence.id: terms_of(one.sentence.text) for one in held}
        self._everywhere = document_frequencies(self._terms.values())
        self._names = frozenset(names_in(one.sentence.text for one in held))

    def keywords(self, inside: Sequence[Held]) -> list[str]:
        """The words of a group, the most telling first."""
        own = [self._terms[one.sentence.id] for one in inside]
        return keywords(own, self._everywhere, len(self._terms), names=self._names)

    @staticmethod
    def label(words: Sequence[str]) -> str:
        """A name of these keywords."""
        return label_of(words)


def examples(inside: Sequence[Held], centroid: Vector, words: Sequence[str], how_many: int) -> list[Sentence]:
    """The sentences nearest to the centroid that hold a keyword and can be read at a glance, no two alike."""
    order = np.argsort([-float(one.vector @ centroid) for one in inside], kind="stable").tolist()
    # very short ones are near to everything and say little
    order.sort(key=lambda index: not _readable(inside[index].sentence.text))
    order.sort(key=lambda index: -_told(inside[index].sentence.text, words))
    chosen: list[Held] = []
    for index in order:
        one = inside[index]
        if all(float(one.vector @ other.vector) < ALIKE for other in chosen):
            chosen.append(one)
        if len(chosen) == how_many:
            break
    return [one.sentence for one in chosen]


def _readable(text: str) -> bool:
    least, most = EXAMPLE_WORDS
    return least <= len(text.split()) <= most


def _told(text: str, words: Sequence[str]) -> int:
    """How many of the first three keywords a sentence holds, at most two."""
    low = text.lower()
    return min(2, sum(word in low for word in words[:3]))
