"""Turns of phrase that show what a post wants: question, suggestion, complaint, praise. The words are in `cues.txt`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from enrichers.scoring.heads import folder
from enrichers.scoring.text import MAX_CHARACTERS, fold


@dataclass(frozen=True)
class Cues:
    """One pattern per intent, over folded text, in the order of the file."""

    patterns: Mapping[str, re.Pattern[str]]

    def features(self, text: str, english: str | None) -> list[float]:
        """How often each cue is met, squashed to [0, 1): in the original, then in the English."""
        return [*self._counts(text), *(self._counts(english) if english else [0.0] * len(self.patterns))]

    def _counts(self, text: str) -> list[float]:
        plain = fold(text[:MAX_CHARACTERS])
        found = (sum(1 for _ in pattern.finditer(plain)) for pattern in self.patterns.values())
        return [count / (count + 1) for count in found]


def load_cues() -> Cues:
    """The shipped cues."""
    return parse(folder("intent").joinpath("cues.txt").read_text(encoding="utf-8"))


def parse(text: str) -> Cues:
    """A cue file's text: on each line an intent and a regular expression; lines of one intent are alternatives."""
    alternatives: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, pattern = line.partition(" ")
        if pattern and not line.startswith("#"):
            alternatives.setdefault(key, []).append(f"(?:{pattern})")
    return Cues({key: re.compile("|".join(found), re.MULTILINE) for key, found in alternatives.items()})
