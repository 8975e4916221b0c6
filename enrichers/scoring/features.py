"""From a text in its own language, its English and its vector to the inputs of the sentiment and intent heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import Final

import numpy as np

from enrichers.scoring import marks
from enrichers.scoring.heads import Inputs, folder
from enrichers.scoring.lexicon import Lexicon, Mood, mood, parse
from enrichers.scoring.ngrams import Hashing, hashed
from enrichers.scoring.text import words
from schemas.vectors import Vector

UNKNOWN: Final = "und"
_MOOD_FEATURES = 9


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
    """The features of one utterance. Dense ones: moods of original and English, then the marks."""
    tokens = words(said.text)
    lexicon = lexicons.of(said.language)
    own = mood(tokens, lexicon) if lexicon else None
    english = own
    if said.english is not None and said.language != "en":
        english = mood(words(said.english), lexicons.by_language["en"])
    known = [m for m in (own, english) if m is not None]
    signs = marks.features(said.text)
    dense = [*_mood_features(own or english), *_mood_features(english), *signs]
    buckets, weight = hashed(tokens, hashing)
    evidence = sum(m.hits for m in known) + sum(marks.emoji(said.text)) + (marks.stars(said.text) is not None)
    return Reading(Inputs(np.array(dense, np.float32), buckets, weight, said.vector), evidence)


def _mood_features(found: Mood | None) -> list[float]:
    if found is None:
        return [0.0] * _MOOD_FEATURES
    net = found.good - found.bad
    return [
        net / (abs(net) + 3),
        found.good / (found.good + 3),
        found.bad / (found.bad + 3),
        found.best / 3,
        found.worst / 3,
        found.last / 3,
        float(found.hits > 0),
        float(found.good > 0 and found.bad > 0),
        found.negations / (found.negations + 1.5),
    ]
