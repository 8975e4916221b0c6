"""Keeps a "no" a "no": Apertium turns "Nadie responde" into "Anybody answers". Finds lost negations and repairs them.

Works on one sentence and its English. Where no repair is known, it says so, and the sentence counts as unsure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NEGATIVE = {
    "es": r"no|nunca|jamás|nadie|nada|ningún|ninguna?|ningunos|tampoco|ni",
    "it": r"non|mai|nessun[oa]?|niente|nulla|né|neanche|nemmeno|neppure",
    "pt": r"não|nunca|jamais|ninguém|nada|nenhuma?|nenhuns|nem|tampouco",
    "fr": r"ne|n'|pas|jamais|personne|rien|aucune?|ni",
    "ca": r"no|ningú|res|mai|tampoc|ni|^cap",
}
_NOT_NEGATIVE = {
    # looks negative and is not: "why not", tags at the end, "never mind", "only"
    "es": r"^de nada\W*$|nada más|nada mal|sin nada|¿\s*no\s*\?|,\s*no\s*\?|por si no|no s[oó]lo|no solamente",
    "it": r"^di niente\W*$|niente male|,\s*no\s*\?|\bno\s*\?|non solo|non\s+\w+\s+che|per niente male|più che mai",
    "pt": r"^de nada\W*$|nada mal|não é\s*\?|,\s*não\s*\?|não só|não apenas",
    "fr": r"(?:une|la|les|des|cette|chaque|toute) personnes?|^de rien\W*$|pas mal"
    r"|ne\s+\w+\s+que?|n'\w+\s+que?"
    r"|non seulement|plus que jamais",
    "ca": r"^de res\W*$|no només",
}
_ENGLISH = re.compile(
    r"\b(?:not?|never|nobody|nothing|none|nor|neither|without|cannot|nowhere|no one|\w+n't|un\w{3,}|impossible)\b",
    re.IGNORECASE,
)
_SUBJECTS = {
    # what a clause that begins so becomes: any-words as subjects of a negative sentence
    "anybody": "nobody",
    "anyone": "no one",
    "any of": "none of",
    "any": "no",
    "anything": "nothing",
    "at all it": "nothing",
    "at all": "nothing",
    "person": "nobody",
    "ever": "never",
}
_SUBJECT = re.compile(
    r"^(\W*(?:\w+[,:] |but |and |because |that |since |if )?)"
    r"(anybody|anyone|anything|any of|any|at all it|at all|person)\b",
    re.IGNORECASE,
)
_LATER = re.compile(r"\b(anybody|anyone|anything|any of|any|ever|at all)\b", re.IGNORECASE)
_NOT_THEN_NO = re.compile(r"\b(not(?: \w+){1,2}) no(?= [a-z])")
_NOT_PERSON = re.compile(r"\bnot person\b", re.IGNORECASE)
_AUXILIARY = re.compile(
    r"\b(am|is|are|was|were|has|have|had|can|could|will|would|should|must|may|might|does|do|did)\b(?! not)",
    re.IGNORECASE,
)
_DOUBLE = re.compile(r"\b((?:do|does|did|has|have|had|is|are|was|were|will|would|can|could)) not\b", re.IGNORECASE)
_NOT_THEN_NEVER = re.compile(r"\b(not|no longer)\b(.*?)\bnever\b", re.IGNORECASE)
_NOBODY_THEN_NEVER = re.compile(r"\b(nobody|no one|nothing)\b(.*?)\bnever\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checked:
    """English after the check. `kept` is false where a "no" of the source is lost and no repair is known."""

    text: str
    kept: bool


def is_negative(source: str, language: str) -> bool:
    """Whether the sentence says no, never, nobody or nothing, in a language that is known here."""
    words = _NEGATIVE.get(language)
    if words is None:
        return False
    text = re.sub(_NOT_NEGATIVE[language], " ", source.lower())
    return re.search(rf"(?<!\w)(?:{words})(?:(?<=')|(?!\w))", text) is not None


def check(source: str, english: str, language: str) -> Checked:
    """The English with its negation put right, as far as that is known."""
    if not is_negative(source, language):
        return Checked(english, kept=True)
    text = _SUBJECT.sub(_negated, english, count=1)
    if text != english:
        # one negation is enough: "No employee has not helped me" says the opposite
        text = _DOUBLE.sub(r"\1", text, count=1)
    text = _NOT_THEN_NEVER.sub(r"\1\2ever", text, count=1)
    text = _NOBODY_THEN_NEVER.sub(r"\1\2ever", text, count=1)
    text = _NOT_THEN_NO.sub(r"\1 any", text, count=1)
    text = _NOT_PERSON.sub("nobody", text, count=1)
    if _ENGLISH.search(text):
        return Checked(text, kept=True)
    for pattern, replace in ((_LATER, _negated_word), (_AUXILIARY, r"\1 not")):
        repaired = pattern.sub(replace, text, count=1)
        if repaired != text:
            return Checked(repaired, kept=True)
    return Checked(text, kept=False)


def _negated(match: re.Match[str]) -> str:
    return match[1] + _like(match[2], _SUBJECTS[match[2].lower()])


def _negated_word(match: re.Match[str]) -> str:
    return _like(match[1], _SUBJECTS[match[1].lower()])


def _like(model: str, word: str) -> str:
    return word.capitalize() if model[:1].isupper() else word
