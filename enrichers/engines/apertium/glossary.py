"""What shops, couriers and customers say, where Apertium picks another sense: "tienda" is a shop here, not a tent.

A rule of sense speaks only where the source holds its word, so a tent stays a tent elsewhere. Tables: `terms`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from enrichers.engines.apertium.terms import SENSES, UNKNOWN

_LAUGHTER = re.compile(
    r"(?:j[aeio]){2,}j?|(?:h[aeio]){2,}h?|a?(?:ha){2,}h?|k{3,}|(?:rs){2,}|(?:ah){2,}a?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `source` is found in the sentence, `english` becomes `replacement`."""

    source: re.Pattern[str]
    english: re.Pattern[str]
    replacement: str


class Glossary:
    """The rules of one language into English."""

    def __init__(self, language: str) -> None:
        self._rules = tuple(_rules(SENSES.get(language, "")))
        # a word that the second step did not know is one of the language's own, or Spanish
        self._unknown = {**_pairs(UNKNOWN["es"]), **_pairs(UNKNOWN.get(language, ""))}

    def word(self, unknown: str) -> str | None:
        """English of a word that Apertium does not know; None where this does not know it either."""
        if _LAUGHTER.fullmatch(unknown):
            return "haha"
        known = self._unknown.get(unknown.lower())
        return None if known is None else _like(unknown, known)

    def in_context(self, source: str, english: str) -> str:
        """The English with the words of commerce put right. First letters keep their case."""
        for rule in self._rules:
            if rule.source.search(source):
                english = rule.english.sub(partial(_replaced, rule.replacement), english)
        return english


def _rules(text: str) -> list[Rule]:
    result = []
    for line in text.strip().splitlines():
        source, english, replacement = (part.strip() for part in line.split(" | "))
        result.append(
            Rule(
                re.compile(rf"\b(?:{source})\b", re.IGNORECASE),
                re.compile(rf"\b(?:{english})(?P<plural>s?)\b", re.IGNORECASE),
                replacement,
            )
        )
    return result


def _pairs(text: str) -> dict[str, str]:
    return {word.lower(): meant.replace("_", " ") for word, meant in (pair.split("=") for pair in text.split())}


def _replaced(replacement: str, match: re.Match[str]) -> str:
    if match["plural"] and not replacement.endswith("s"):
        replacement = replacement[:-1] + "ies" if replacement.endswith("y") else replacement + "s"
    return _like(match[0], replacement)


def _like(model: str, word: str) -> str:
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
