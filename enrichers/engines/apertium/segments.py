"""Cuts a text into sentences short enough for Apertium, with the white space between them kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 600
"""Characters of one block. Longer sentences are cut at a comma or a space: Apertium's time grows with length."""
_END = re.compile(r"(?<=[.!?…])(?:[\"”»’)\]]{0,3})\s+|\s*[\n\r\u2028\u2029]\s*")


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, and the white space that follows it. A text's segments joined give the text again."""

    text: str
    after: str


def segments(text: str) -> list[Segment]:
    """At least one segment for a text that is not empty."""
    result: list[Segment] = []
    start = 0
    for match in _END.finditer(text):
        closing = match[0].rstrip()
        end = match.start() + (len(closing) if not closing.isspace() else 0)
        result += _short(text[start:end], text[end : match.end()])
        start = match.end()
    return [*result, *_short(text[start:], "")] if start < len(text) or not result else result


def _short(text: str, after: str) -> list[Segment]:
    result: list[Segment] = []
    while len(text) > LONGEST:
        head = text[:LONGEST]
        cut = max(head.rfind(mark) for mark in (", ", "; ", ": "))
        if cut < LONGEST // 2:
            cut = head.rfind(" ")
        cut = cut + 1 if cut > 0 else LONGEST
        body = head[:cut].rstrip()
        rest = text[cut:].lstrip()
        result.append(Segment(body, text[len(body) : len(text) - len(rest)]))
        text = rest
    return [*result, Segment(text, after)]
