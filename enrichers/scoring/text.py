"""Words, clause breaks and marks of a text, folded so that case, accents and drawn-out letters do not matter."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MAX_CHARACTERS: Final = 4000
"""Of one span; what lies beyond says little more about its mood, and the work on hostile input stays bounded."""

BREAK: Final = "|"
"""The token that stands between clauses: negation does not reach across it."""

_LINK = re.compile(r"https?://\S+|www\.\S+|\bhttps?\b|[\w.+-]+@[\w-]+\.\w+|\[[A-Z]{3,8}\]")
_HANDLE = re.compile(r"[@]\w+")
_CONTRACTED_NOT = re.compile(r"n['’]t\b", re.IGNORECASE)
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_TOKEN = re.compile(r"[^\W\d_]+|[.,;:!?…\n()¡¿—–]")


def fold(text: str) -> str:
    """Lower case without accents: `Pésimo` and `pesimo` are one word. Letters of other scripts stay."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f")


def fold_in_place(text: str) -> str:
    """The same character by character, so that places in it are places in `text`."""
    if text.isascii():
        return text.lower()
    return "".join(folded if len(folded := fold(c)) == 1 else c for c in text)


def without_links(text: str) -> str:
    """The text with addresses, handles and redaction marks as spaces: they carry no mood."""
    return _HANDLE.sub(" ", _LINK.sub(" ", text[:MAX_CHARACTERS]))


@dataclass(frozen=True, slots=True)
class Words:
    """Folded tokens of a text, clause breaks as `BREAK`, and whether letters were drawn out ("sooooo")."""

    tokens: tuple[str, ...]
    drawn_out: bool


def words(text: str) -> Words:
    """Tokens of a text. `don't` becomes `dont`; other apostrophes split (`n'est` is `n`, `est`)."""
    plain = _CONTRACTED_NOT.sub("nt", without_links(text))
    folded = fold(plain)
    shortened, drawn_out = _DRAWN_OUT.subn(r"\1\1", folded)
    tokens = tuple(t if t[0].isalpha() else BREAK for t in _TOKEN.findall(shortened))
    return Words(tokens, drawn_out > 0)


def has_words(text: str) -> bool:
    """Whether anything is said: a letter outside addresses and marks."""
    return any(c.isalpha() for c in without_links(text))
