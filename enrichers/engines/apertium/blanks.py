"""What must come through translation unchanged: swapped for blanks and stand-in words before, put back after.

Apertium carries a blank `[...]` along untouched. Ours hold an index only, so nothing that a post says can be read as
markup. A name in mid-sentence becomes an unknown word instead, which keeps the grammar around it whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from enrichers.engines.apertium.words import COMMON, KNOWN_NAMES

_EMOJI = "\U0001f000-\U0001faff\u2190-\u2bff\ufe0f\u200d\u20e3"
_TOKEN = re.compile(
    r"(?P<keep>"
    r"\[[A-Z_]{2,20}\]"  # marks of redaction
    r"|(?:https?|ftp)://[^\s<>\[\]]+|\bwww\.[^\s<>\[\]]+"
    r"|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}"
    r"|[@#]\w+"
    r"|[$€£]?\d+(?:[.,:/-]\d+)*%?"
    r"|[:;=8][-o^']?[)(\]\[DpP/\\|*3]+|<3+|\bx[dD]+\b"
    r"|\bXq[a-j]+z"  # a post that writes our own stand-in
    rf"|[{_EMOJI}]+"
    r"|(?:[\[\]{}^$/\\<>~*+|=`_]|[@#](?!\w))+"
    r")|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)",
    re.IGNORECASE,
)
_BLANK = re.compile(r"\[k(\d+)\]")
_STAND_IN = re.compile(r"Xq([a-j]+)z", re.IGNORECASE)
_DIGITS = str.maketrans("0123456789", "abcdefghij")
_LETTERS = str.maketrans("abcdefghij", "0123456789")
_SHORTEST_TITLE = 3
_CONTINUES = re.compile(r"[\w,] $")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A text with its kept parts taken out: `body` is what Apertium reads, `kept` what goes back, by index."""

    body: str
    kept: tuple[str, ...]

    def has_words(self) -> bool:
        """Whether anything is left to translate."""
        body = _STAND_IN.sub("", _BLANK.sub("", self.body))
        return any(character.isalpha() for character in body)


@dataclass(frozen=True, slots=True)
class Terms:
    """A team's own terms of one language: what finds them, and what each is in English."""

    pattern: re.Pattern[str]
    english: Callable[[str], str]

    @classmethod
    def of(cls, found: str, english: Callable[[str], str]) -> Self:
        """Terms that the regular expression `found` finds; what is kept anyway is looked for behind them."""
        return cls(re.compile(rf"(?P<term>{found})|{_TOKEN.pattern}", re.IGNORECASE), english)


def wrap(text: str, *, names: bool = True, terms: Terms | None = None) -> Wrapped:
    """Takes out web addresses, handles, hashtags, numbers, emoji, redaction marks, names and reserved characters.

    A term is taken out too, and its English comes back in its place.
    """
    kept: list[str] = []
    parts: list[str] = []
    end = 0
    names = names and not _is_title(text)
    previous_is_name = False
    for match in (_TOKEN if terms is None else terms.pattern).finditer(text):
        between = _plain(text[end : match.start()], kept)
        word, end = match[0], match.end()
        if terms is not None and match["term"] is not None:
            parts += [between, _stand_in(kept, terms.english(word))]
            previous_is_name = False
        elif match["keep"] is not None:
            parts += [between, _blank(kept, word)]
            previous_is_name = False
        elif names and _is_name(word, text[max(0, match.start() - 2) : match.start()]):
            if previous_is_name and between == " ":
                kept[-1] += " " + word
            else:
                parts += [between, _stand_in(kept, word)]
            previous_is_name = True
        else:
            parts += [between, word]
            previous_is_name = False
    parts.append(_plain(text[end:], kept))
    return Wrapped("".join(parts), tuple(kept))


def unwrap(body: str, kept: tuple[str, ...]) -> str | None:
    """Puts the kept parts back; None where one is missing or doubled, so that the caller can go another way."""
    seen: list[int] = []

    def put(digits: str) -> str:
        index = int(digits)
        seen.append(index)
        return kept[index] if index < len(kept) else ""

    # stand-ins first: a kept part may itself look like one
    text = re.sub(
        rf"{_STAND_IN.pattern}|{_BLANK.pattern}",
        lambda match: put(match[1].lower().translate(_LETTERS) if match[1] else match[2]),
        body,
        flags=re.IGNORECASE,
    )
    return text if sorted(seen) == list(range(len(kept))) else None


def pieces(wrapped: Wrapped) -> list[tuple[str, bool]]:
    """The body cut at its kept parts: (text, whether it is to be translated); kept parts are already put back."""
    result: list[tuple[str, bool]] = []
    end = 0
    for match in re.finditer(rf"{_STAND_IN.pattern}|{_BLANK.pattern}", wrapped.body, re.IGNORECASE):
        digits = match[1].lower().translate(_LETTERS) if match[1] else match[2]
        result += [(wrapped.body[end : match.start()], True), (wrapped.kept[int(digits)], False)]
        end = match.end()
    return [*result, (wrapped.body[end:], True)]


def _blank(kept: list[str], text: str) -> str:
    kept.append(text)
    return f"[k{len(kept) - 1}]"


def _stand_in(kept: list[str], text: str) -> str:
    kept.append(text)
    return f"Xq{str(len(kept) - 1).translate(_DIGITS)}z"


def _plain(text: str, kept: list[str]) -> str:
    """Text without words: any white space as one space; control, private and unpaired characters as blanks."""
    parts: list[str] = []
    for character in text:
        if character.isspace():
            if not (parts and parts[-1] == " "):
                parts.append(" ")
        elif unicodedata.category(character)[0] == "C":
            parts.append(_blank(kept, character))
        else:
            parts.append(character)
    return "".join(parts)


def _is_title(text: str) -> bool:
    """Whether most words have a capital, the first one too, as in a headline: then it tells nothing about names."""
    words = [word for word in text.split() if word[0].isalpha()]
    capitals = sum(word[0].isupper() for word in words)
    return len(words) > _SHORTEST_TITLE and words[0][0].isupper() and capitals * 2 > len(words)


def _is_name(word: str, before: str) -> bool:
    if not word[0].isupper() or word.lower() in KNOWN_NAMES or word.lower() in COMMON:
        return False
    return len(word) > 1 and not word.isupper() and _CONTINUES.search(before) is not None
