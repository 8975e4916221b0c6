"""From a text in its own language, its English and its vector to the inputs of the sentiment and intent heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import Final

import numpy as np

from enrichers.recent import Recent
from enrichers.scoring import marks
from enrichers.scoring.heads import Inputs, folder
from enrichers.scoring.lexicon import Lexicon, Mood, mood, parse
from enrichers.scoring.ngrams import Hashing, hashed
from enrichers.scoring.text import words
from schemas.vectors import Vector

UNKNOWN: Final = "und"
_REMEMBERED_BYTES = 8 * 2**20
_LARGEST_BYTES = 256 * 1024
"""Of one utterance with what was read of it."""
_MOOD_FEATURES = 6


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something said: the words, their language (ISO 639-1 or `und`), English and vector (d,) where there are any."""

    text: str
    language: str = UNKNOWN
    english: str | None = None
    vector: Vector | None = None


@dataclass(frozen=True)
class Lexicons:
    """One lexicon per language; `und` reads with all of them."""

    by_language: Mapping[str, Lexicon]

    @cached_property
    def every(self) -> Lexicon:
        """All lexicons as one; where two languages disagree on a word, it is left out."""
        exact: dict[str, float] = {}
        stems: dict[str, float] = {}
        marks_: dict[str, str] = {}
        phrases: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        for lexicon in self.by_language.values():
            for target, source in ((exact, lexicon.exact), (stems, lexicon.stems)):
                for word, value in source.items():
                    target[word] = value if target.get(word, value) * value > 0 else 0.0
            marks_.update(lexicon.marks)
            for first, candidates in lexicon.phrases.items():
                phrases.setdefault(first, []).extend(candidates)
        return Lexicon({w: v for w, v in exact.items() if v}, {w: v for w, v in stems.items() if v}, phrases, marks_)

    def of(self, language: str) -> Lexicon | None:
        """The lexicon to read a language with; None where there is none."""
        return self.every if language == UNKNOWN else self.by_language.get(language)


def load_lexicons(source: Traversable | None = None) -> Lexicons:
    """The shipped lexicons: one file `<language>.txt` each."""
    source = source or folder("sentiment").joinpath("lexicon")
    files = sorted((f for f in source.iterdir() if f.name.endswith(".txt")), key=lambda f: f.name)
    return Lexicons({f.name[:-4]: parse(f.read_text(encoding="utf-8")) for f in files})


@dataclass(frozen=True, slots=True)
class Reading:
    """The heads' inputs, and how many signs of mood the text's own words, emoji and stars gave."""

    inputs: Inputs
    evidence: int


def read(said: Utterance, lexicons: Lexicons, hashing: Hashing) -> Reading:
    """The features of one utterance. Dense ones: moods of original and English together, then the marks."""
    tokens = words(said.text)
    lexicon = lexicons.of(said.language)
    own = mood(tokens, lexicon) if lexicon else None
    english = None
    if said.english is not None and said.language != "en":
        english = mood(words(said.english), lexicons.by_language["en"])
    known = [m for m in (own, english) if m is not None]
    shown = marks.read(said.text)
    dense = [*_mood_features(known), *shown.features(_net(known))]
    buckets, weight = hashed(tokens, hashing)
    evidence = sum(m.hits for m in known) + shown.evidence
    return Reading(Inputs(np.array(dense, np.float32), buckets, weight, said.vector), evidence)


_Said = tuple[str, str, str | None]
"""Text, language and English."""


class Reader:
    """Reads utterances, one that was read not long ago only once: `sentiment` and `intent` ask for the same ones.

    Safe to share between threads.
    """

    def __init__(self, lexicons: Lexicons | None = None, hashing: Hashing | None = None) -> None:
        self._lexicons = lexicons or load_lexicons()
        self._hashing = hashing or Hashing()
        self._recent: Recent[_Said, Reading] = Recent(_REMEMBERED_BYTES, _bytes, largest=_LARGEST_BYTES)

    def __call__(self, said: Utterance) -> Reading:
        """What `read` gives."""
        key = (said.text, said.language, said.english)
        found = self._recent.known([key]).get(key)
        if found is None:
            found = read(replace(said, vector=None), self._lexicons, self._hashing)
            self._recent.remember({key: found})
        return Reading(replace(found.inputs, vector=said.vector), found.evidence)


def _bytes(said: _Said, found: Reading) -> int:
    text, _, english = said
    return 500 + 2 * (len(text) + len(english or "")) + found.inputs.dense.nbytes + found.inputs.buckets.nbytes


def _net(moods: list[Mood]) -> float:
    """From -1 to 1: what the mood words of the original and of its English add up to, on the average."""
    nets = [mood.good - mood.bad for mood in moods]
    net = sum(nets) / len(nets) if nets else 0.0
    return net / (abs(net) + 3)


def _mood_features(moods: list[Mood]) -> list[float]:
    if not moods:
        return [0.0] * _MOOD_FEATURES
    good = sum(mood.good for mood in moods) / len(moods)
    bad = sum(mood.bad for mood in moods) / len(moods)
    negations = sum(mood.negations for mood in moods) / len(moods)
    return [
        _net(moods),
        good / (good + 3),
        bad / (bad + 3),
        sum(mood.last for mood in moods) / len(moods) / 3,
        min(good, bad) / (min(good, bad) + 1.5),
        negations / (negations + 1.5),
    ]
