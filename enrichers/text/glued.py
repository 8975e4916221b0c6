"""Words that scraping ran together ("problemaMuchastiendas"), and sentences without a space between them.

Conservative: a name that is written in camel case on purpose stays. Only a dictionary's word can be split off, and
addresses, handles and hashtags are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import simplemma

from enrichers.text.words import FUNCTION_WORDS, word_set

PROTECTED: Final = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]{1,64}@[\w.-]{1,255}|[@#][\w.]+|"
    r"(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:com|net|org|es|it|fr|de|br|pt|io|co|uk|mx|ar|cl|eu|info|app|dev|"
    r"shop|store|ai|tv|me)(?![\w-])(?:/\S*)?"
)
"""Web and mail addresses, handles, hashtags."""

_LOWER, _UPPER = "a-zß-öø-ÿœ", "A-ZÀ-ÖØ-ÞŒ"
_CAMEL = re.compile(rf"[{_LOWER}{_UPPER}]+")
_INNER_CAPITAL = re.compile(rf"(?<=[{_LOWER}])(?=[{_UPPER}])")
_STOP = re.compile(rf"(?<=[{_LOWER}][{_LOWER}])(?P<stop>[\"”»)]?[.!?…]+[\"”»)]?)(?=[¿¡«“]?[{_UPPER}][{_LOWER} ,])")
_OPENING = re.compile(r"(?<=[^\W\d_])(?=[¿¡])")
_LATIN = re.compile(rf"[{_LOWER}{_UPPER}]")
_LAST_WORD = re.compile(rf"[{_LOWER}{_UPPER}]+\Z")
_DOMAINS = frozenset(("Com", "Net", "Org", "Es", "It", "De", "Fr", "Io", "Js", "Py", "Co", "Ai", "Tv", "App", "Info"))
_BORROWED = word_set(
    "online web email mail internet marketing blog post app software smartphone tablet shop store gps wifi"
)
# common words without other forms, which the dictionaries leave out
_UNLISTED = {
    "es": word_set("ojalá"),
    "fr": word_set(
        "beaucoup souvent vraiment plutôt aujourd seulement assez trop malheureusement heureusement ailleurs partout "
        "longtemps plusieurs néanmoins autrement franchement"
    ),
    "it": word_set("purtroppo buonasera inoltre magari davvero adesso domani"),
    "pt": word_set("infelizmente realmente"),
}
# names in camel case whose parts are words of a dictionary
_NAMES = word_set(
    "easyjet easyhotel foodpanda mytaxi mymoney goodreads javascript typescript deviantart masterchef openstreetmap "
    "opentable openoffice onedrive dropbox bricomart blablacar leroymerlin sharepoint wordpress feefo worldstar "
    "chatgpt openai macbook facebook snapchat flixbus carrefour mediamarkt playstation"
)
_MAX_TOKEN = 60
_MAX_TOKENS = 300  # per text: one that holds more is not prose


def separate(text: str, language: str | None) -> str:
    """Text with a space where two words or sentences were run together.

    Words are only split where `language` is one of en, es, it, pt, fr, de, by its dictionary.
    """
    pieces: list[str] = []
    place = 0
    repeated = _Repeated(text)
    for match in PROTECTED.finditer(text):
        pieces.append(_separate(text[place : match.start()], language, repeated))
        pieces.append(match[0])
        place = match.end()
    pieces.append(_separate(text[place:], language, repeated))
    joined = "".join(pieces)
    return "\n".join(_space_quotes(line) for line in joined.split("\n")) if '"' in joined else joined


def has_glued_words(text: str) -> bool:
    """True where a dictionary would be asked: callers then find out the language first."""
    return any(_INNER_CAPITAL.search(text, *match.span()) for match in _tokens(PROTECTED.sub(" ", text)))


class _Repeated:
    """Counts a token in the whole text: what comes twice is a name, not an accident."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.left = _MAX_TOKENS

    def __call__(self, token: str) -> bool:
        self.left -= 1
        return self.left < 0 or self.text.count(token, self.text.index(token) + 1) > 0


def _separate(text: str, language: str | None, repeated: _Repeated) -> str:
    text = _OPENING.sub(" ", _STOP.sub(_after_stop, text))
    if language not in FUNCTION_WORDS or language is None:
        return text
    pieces: list[str] = []
    place = 0
    for match in _tokens(text):
        words = _split_camel(match[0], language, repeated)
        if words:
            pieces += [text[place : match.start()], " ".join(words)]
            place = match.end()
    pieces.append(text[place:])
    return "".join(pieces)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """Runs of Latin letters with a capital inside, standing free."""
    for match in _CAMEL.finditer(text):
        start, end = match.span()
        if not 5 <= end - start <= _MAX_TOKEN or not _INNER_CAPITAL.search(match[0]):
            continue
        before, after = text[start - 1 : start], text[end : end + 1]
        if not (before.isalnum() or after.isalnum() or before in ("_", "/", "-", "\\") or after in ("_", "/", "(")):
            yield match


def _after_stop(match: re.Match[str]) -> str:
    """A space after a full stop, but not inside "Booking.Com" or "Node.Js"."""
    text, stop = match.string, match["stop"]
    if stop == ".":
        before = _LAST_WORD.search(text, max(0, match.start() - 40), match.start())
        after = _CAMEL.match(text, match.end())
        if before and after and before[0][0].isupper() and after[0] in _DOMAINS:
            return stop
    return f"{stop} "


def _space_quotes(line: str) -> str:
    """Spaces around quoted words that stick to their neighbours; only where the line's straight quotes pair up."""
    count = line.count('"')
    if count % 2 or not 0 < count <= 100:
        return line
    parts = line.split('"')
    for place in range(1, len(parts)):
        before, after = parts[place - 1], parts[place]
        if place % 2 and _LATIN.search(before[-1:]) and after[:1].strip():
            parts[place - 1] = f"{before} "
        elif not place % 2 and _LATIN.search(after[:1]) and before[-1:].strip():
            parts[place] = f" {after}"
    return '"'.join(parts)


def _split_camel(token: str, language: str, repeated: _Repeated) -> list[str] | None:
    """The words of a glued token, or None where it may be a name."""
    parts = _INNER_CAPITAL.split(token)
    if token.casefold() in _NAMES or len(parts) > 4 or len(parts[0]) < 3 or any(len(part) < 2 for part in parts):
        return None
    if any(part[1:] != part[1:].lower() for part in parts) or repeated(token):
        return None
    words = [_words(part, language) for part in parts]
    if not all(words):
        return None
    if token[0].isupper() and not any(len(part) > 1 for part in words):
        # "YouTube", "LinkedIn": only a second half that opens a sentence shows that this is no name
        opener = words[-1][0].lower()
        if len(parts) != 2 or len(parts[0]) < 4 or len(opener) < 3 or opener not in FUNCTION_WORDS[language]:
            return None
    return [word for part in words for word in part]


@lru_cache(maxsize=4096)
def _words(chunk: str, language: str) -> tuple[str, ...]:
    """A chunk as the fewest, longest dictionary words that make it up; empty where none do."""
    if _is_word(chunk, language):
        return (chunk,)
    best: list[tuple[int, tuple[str, ...]] | None] = [(0, ()), *[None] * len(chunk)]
    for end in range(3, len(chunk) + 1):
        for start in range(end - 2):
            head = best[start]
            if head is None or len(head[1]) >= 4 or not _is_piece(chunk[start:end], language):
                continue
            score = head[0] + (end - start) ** 2
            old = best[end]
            if old is None or score > old[0]:
                best[end] = (score, (*head[1], chunk[start:end]))
    found = best[-1]
    if found is None:
        return ()
    # German writes compounds as one word, which no dictionary lists in full
    return (chunk,) if language == "de" else found[1]


def _is_word(chunk: str, language: str) -> bool:
    low = chunk.lower()
    if low in _BORROWED or low in FUNCTION_WORDS[language] or low in _UNLISTED.get(language, ()):
        return True
    return len(low) >= 3 and bool(simplemma.is_known(low, language, low_memory=True))


def _is_piece(chunk: str, language: str) -> bool:
    """A word that may stand inside a longer run: short ones only if they are function words."""
    low = chunk.lower()
    return low in FUNCTION_WORDS[language] or (len(low) >= 4 and _is_word(low, language))
