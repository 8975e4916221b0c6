"""What shops, couriers and customers say, where Apertium picks another sense: "tienda" is a shop here, not a tent.

A rule speaks only where the source holds its word, so a tent stays a tent elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `source` is found in the sentence, `english` becomes `replacement`."""

    source: re.Pattern[str]
    english: re.Pattern[str]
    replacement: str


def _rules(text: str) -> tuple[Rule, ...]:
    """One rule a line: source word | what Apertium says | what is meant. Plurals in -s are carried over."""
    result = []
    for line in text.strip().splitlines():
        source, english, replacement = (part.strip() for part in line.split("|"))
        result.append(
            Rule(
                re.compile(rf"\b(?:{source})", re.IGNORECASE),
                re.compile(rf"\b(?:{english})(s?)\b", re.IGNORECASE),
                replacement,
            )
        )
    return tuple(result)


RULES: dict[str, tuple[Rule, ...]] = {
    "es": _rules(
        """
        tienda | tent | shop
        pedidos?\\b | request | order
        reembols | repayment | refund
        env[íi]os?\\b | sending | delivery
        redes sociales | social net | social network
        """
    ),
}


def in_context(source: str, english: str, language: str) -> str:
    """The English with the words of commerce put right. First letters keep their case."""
    for rule in RULES.get(language, ()):
        if rule.source.search(source):
            english = rule.english.sub(partial(_replaced, rule.replacement), english)
    return english


def _replaced(replacement: str, match: re.Match[str]) -> str:
    return _like(match[0], replacement + match[1])


def _like(model: str, word: str) -> str:
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
