"""Mood words of one language with negation, degree and contrast; what a text's words add up to.

A lexicon file has one group a line: a key, then entries. Keys: a valence from -3 to +3; `not` (negators), `very`,
`slightly`, `but`; `after N` says that a negator also reaches N words back ("gefällt mir nicht"). `word*` is a stem,
`two_words` a phrase (stems allowed after its first word); a phrase of valence 0 only protects its words ("not_only").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from enrichers.scoring.text import BREAK, Words, fold

NEGATION_REACH: Final = 4
_NEGATED_GOOD, _NEGATED_BAD = -0.8, -0.5  # "not good" is nearly bad; "not bad" is only half good
_DEGREE = {"very": 1.35, "slightly": 0.6}
_BEFORE_BUT, _AFTER_BUT = 0.6, 1.3
_PHRASE_WORDS = 5
_SHORTEST_STEM = 2


@dataclass(frozen=True)
class Lexicon:
    """Mood words of a language. Built by `parse`; lookups take folded tokens."""

    exact: dict[str, float] = field(default_factory=dict)
    stems: dict[str, float] = field(default_factory=dict)
    phrases: dict[str, list[tuple[tuple[str, ...], float]]] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    reach_back: int = 0

    @cached_property
    def longest_stem(self) -> int:
        return max(map(len, self.stems), default=0)

    def valence(self, token: str) -> float | None:
        """Of a word, or None where the lexicon does not know it. The longest stem wins."""
        value = self.exact.get(token)
        if value is not None:
            return value
        for end in range(min(len(token), self.longest_stem), _SHORTEST_STEM, -1):
            value = self.stems.get(token[:end])
            if value is not None:
                return value
        return None

    def phrase(self, tokens: tuple[str, ...], at: int) -> tuple[int, float] | None:
        """Length and valence of the longest phrase that starts at `at`."""
        for parts, value in self.phrases.get(tokens[at], ()):
            if len(parts) <= len(tokens) - at and all(
                t.startswith(p[:-1]) if p[-1] == "*" else t == p for p, t in zip(parts, tokens[at:], strict=False)
            ):
                return len(parts), value
        return None


def parse(text: str) -> Lexicon:
    """A lexicon file's text to a Lexicon; raises ValueError with the line that does not fit."""
    lexicon = Lexicon()
    reach_back = 0
    for number, line in enumerate(text.splitlines(), 1):
        key, *entries = line.partition("#")[0].split() or [""]
        if key == "after" and entries:
            reach_back = int(entries[0])
        elif key in {"not", "very", "slightly", "but"}:
            lexicon.marks.update((fold(word), key) for word in entries)
        elif key:
            try:
                _add(lexicon, float(key), entries)
            except ValueError:
                raise ValueError(f"line {number} of the lexicon starts with neither a key nor a valence") from None
    for candidates in lexicon.phrases.values():
        candidates.sort(key=lambda phrase: -len(phrase[0]))
    return Lexicon(lexicon.exact, lexicon.stems, lexicon.phrases, lexicon.marks, reach_back)


def _add(lexicon: Lexicon, value: float, entries: list[str]) -> None:
    for entry in map(fold, entries):
        parts = tuple(entry.replace("'", "_").split("_"))
        if len(parts) > 1:
            lexicon.phrases.setdefault(parts[0], []).append((parts, value))
        elif entry.endswith("*"):
            lexicon.stems[entry[:-1]] = value
        else:
            lexicon.exact[entry] = value


@dataclass(frozen=True, slots=True)
class Mood:
    """What a text's mood words add up to. `good` and `bad` are sums of magnitudes, `last` the valence of the last."""

    good: float = 0.0
    bad: float = 0.0
    best: float = 0.0
    worst: float = 0.0
    last: float = 0.0
    hits: int = 0
    negations: int = 0


def mood(text: Words, lexicon: Lexicon) -> Mood:
    """Sums the mood words of a text after negation, degree and contrast."""
    values, negations = _values(text, lexicon)
    good = sum(v for v in values if v > 0)
    bad = -sum(v for v in values if v < 0)
    return Mood(
        good,
        bad,
        max((0.0, *values)),
        min((0.0, *values)),
        values[-1] if values else 0.0,
        len(values),
        negations,
    )


def _values(text: Words, lexicon: Lexicon) -> tuple[list[float], int]:
    tokens = text.tokens
    values: list[float] = []
    places: list[int] = []
    negated_at, degree, negations = -99, 1.0, 0
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token == BREAK:
            negated_at, degree = -99, 1.0
            places = []
            at += 1
            continue
        found = lexicon.phrase(tokens, at) if token in lexicon.phrases else None
        mark = lexicon.marks.get(token) if found is None else None
        if found is None and mark is None:
            value = lexicon.valence(token)
            if value is None and text.drawn_out:
                value = lexicon.valence(_once(token))
            found = None if value is None else (1, value)
        if found is not None:
            length, value = found
            if value:
                negated = at - negated_at <= NEGATION_REACH
                values.append(value * degree * (_flip(value) if negated else 1.0))
                places.append(at)
            degree = 1.0
            at += length
            continue
        if mark == "not":
            negations += 1
            negated_at = at
            back = [i for i, place in enumerate(reversed(places)) if at - place <= lexicon.reach_back]
            for i in back[:1]:
                values[-1 - i] *= _flip(values[-1 - i])
        elif mark == "but":
            negated_at = -99
            places = []
            values = [v * _BEFORE_BUT for v in values]
            values.append(0.0)  # marks the place: what follows weighs more
        elif mark is not None:
            degree = _DEGREE[mark]
        at += 1
    return _after_contrast(values), negations


def _after_contrast(values: list[float]) -> list[float]:
    weighed: list[float] = []
    factor = 1.0
    for value in values:
        if value == 0.0:
            factor = _AFTER_BUT
        else:
            weighed.append(value * factor)
    return weighed


def _flip(value: float) -> float:
    return _NEGATED_GOOD if value > 0 else _NEGATED_BAD


def _once(token: str) -> str:
    return "".join(c for i, c in enumerate(token) if i == 0 or c != token[i - 1])
