"""Makes informal writing readable for a dictionary: stretched letters, short forms, missing accents, all capitals.

Works on a wrapped body, so addresses, handles and names are out of its reach. What it changes is only what the
translator reads; the post's own words stay as they are.
"""

from __future__ import annotations

import re

from enrichers.engines.apertium.words import ACCENTS, ENDINGS, PHRASES, SHORT_FORMS

_WORD = re.compile(r"\[k\d+\]|[^\W\d_]+(?:['’`´](?![^\W\d_]))?")
_RUN = re.compile(r"([^\W\d_])\1{2,}", re.IGNORECASE)
_DOUBLED = {"es": "lrcn", "pt": "rs", "ca": "lrs", "it": "bcdfglmnprstvz", "fr": "cflmnprst"}
"""Consonants that a word of the language may double."""
_FEWEST_LETTERS = 8
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})


def normalise(body: str, language: str) -> str:
    """The body as its writer would spell it with time; unknown languages only lose stretched letters and capitals."""
    body = _lower_if_shouted(body).translate(_APOSTROPHES)
    body = _WORD.sub(lambda match: _word(match[0], language), body)
    for pattern, replacement in PHRASES.get(language, ()):
        body = pattern.sub(replacement, body)
    return body


def _word(word: str, language: str) -> str:
    if word.startswith("["):
        return word
    word = _shorten(word, language)
    lower = word.lower()
    better = SHORT_FORMS.get(language, {}).get(lower) or ACCENTS.get(language, {}).get(lower)
    if better is None:
        better = lower
        for pattern, replacement in ENDINGS.get(language, ()):
            better = pattern.sub(replacement, better)
        if better == lower:
            return word
    return better.capitalize() if word[0].isupper() and not word.isupper() else better


def _shorten(word: str, language: str) -> str:
    """Stretched letters cut: a vowel or a last letter to one, a consonant to two where the language doubles it."""
    if len({letter.lower() for letter in word}) == 1:
        return word

    def once_or_twice(match: re.Match[str]) -> str:
        letter = match[1]
        last = match.end() == len(word)
        return letter * 2 if letter.lower() in _DOUBLED.get(language, "") and not last else letter

    return _RUN.sub(once_or_twice, word)


def _lower_if_shouted(body: str) -> str:
    letters = [character for character in re.sub(r"\[k\d+\]|Xq[a-j]+z", "", body) if character.isalpha()]
    capitals = sum(character.isupper() for character in letters)
    if len(letters) < _FEWEST_LETTERS or capitals < 0.8 * len(letters):
        return body
    lower = body.lower()
    return lower[:1].upper() + lower[1:]
