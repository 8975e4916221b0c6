"""A text as a reader sees it, with the way back to the source: entities and odd digits decoded, tags left out."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

_ODD = re.compile(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|commat|period|plus|lowbar|nbsp|hyphen|dash|lpar|rpar|shy|zwnj|zwj);?|%40|"
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00]|"
    "[\uff01-\uff5e\u2460-\u249b\u0660-\u0669\u06f0-\u06f9\U0001d7ce-\U0001d7ff\ufe6b]|"
    "[\u00a0\u2000-\u200a\u202f\u205f\u3000]|[\u2010-\u2015\u2212]"
)
_TAG = re.compile(r"<(/?)([a-zA-Z!][a-zA-Z0-9]{0,15})[^<>]{0,4000}>")
_INLINE = frozenset(("a", "abbr", "b", "bdi", "bdo", "em", "font", "i", "mark", "small", "span", "strong", "u", "wbr"))


@dataclass(frozen=True, slots=True)
class View:
    """`text`, made of pieces of a source: `origin[i]` is where its i-th character begins, `origin[-1]` the end.

    `origin` is None where the text is its own source.
    """

    text: str
    origin: list[int] | None = None
    ends: list[int] | None = None

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in the source."""
        if self.origin is None or self.ends is None or end <= start:
            return start, end
        return self.origin[start], self.ends[end - 1]


def plain_view(text: str) -> View:
    """The text with entities, full-width and other digits, odd spaces and dashes as plain characters."""
    return _view(text, _ODD)


def shown_view(markup: str) -> View:
    """The same without tags: inline ones join, others part."""
    return _view(markup, re.compile(f"{_TAG.pattern}|{_ODD.pattern}"))


def _view(text: str, pattern: re.Pattern[str]) -> View:
    if not pattern.search(text):
        return View(text)
    pieces: list[str] = []
    origin: list[int] = []
    ends: list[int] = []
    place = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        shown = _shown(match[0])
        pieces += [text[place:start], shown]
        origin += [*range(place, start), *[start] * len(shown)]
        ends += [*range(place + 1, start + 1), *[end] * len(shown)]
        place = end
    pieces.append(text[place:])
    origin += range(place, len(text))
    ends += range(place + 1, len(text) + 1)
    return View("".join(pieces), origin, ends)


def _shown(part: str) -> str:
    """What a reader sees in place of a piece of the source."""
    if part.startswith("<"):
        tag = _TAG.match(part)
        return "" if tag and tag[2].lower() in _INLINE else "\n"
    if part.startswith("&"):
        part = html.unescape(part if part.endswith(";") else f"{part};")
        if len(part) != 1:
            return "&"
    if part == "%40":
        return "@"
    if unicodedata.category(part) in ("Cf", "Cc"):
        return ""
    if part.isspace():
        return " "
    if unicodedata.category(part) == "Pd" or part == "\u2212":
        return "-"
    if part.isdigit() and unicodedata.category(part) == "Nd":
        return str(unicodedata.decimal(part))
    plain = unicodedata.normalize("NFKC", part)
    return plain if len(plain) == 1 else part
