"""Where sentences begin and end, in the languages that vocero serves and in most others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from enrichers.text.words import word_set

_EMOJI = (
    "[\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f000-\U0001faff"
    "\U000e0020-\U000e007f]"
)
_END = re.compile(
    rf"(?:[.!?…]+(?:[\"”’)\]]|\s?»)*(?:\s{{0,2}}{_EMOJI}){{0,40}}(?=\s|\Z)|"
    rf"(?<!{_EMOJI}){_EMOJI}{{1,40}}(?=\s+[¿¡\"“«A-ZÀ-Þ])|[。！？؟۔]+)\s*"
)
_BEFORE: Final = re.compile(r"(?:\w+\.)*\w+\Z")
_OPENS = re.compile(r"[\s\"“«‘'(\[*_¿¡-]*")
# what ends in a full stop and does not end a sentence
_ABBREVIATIONS: Final = word_set(
    "sr sra srta srs dr dra drs d dª prof profa ing lic arq ej p pp pág pag núm num nº art arts av avda ud uds vd vds "
    "cf ed vol cap fig tel tfno telf aprox máx mín sig sigg dott dott.ssa geom rag avv on egr gent spett es ecc p.es "
    "m mm mme mlle mlles me st ste env réf ex mr mrs ms jr vs e.g i.e inc ltd co corp no approx dept est hr fr herr "
    "z.b bzw ca evtl ggf inkl zzgl nr str u.a d.h s.o vgl ph.d p.ej p.ex por.ex a.m p.m ee.uu r q.b"
)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Start and end (code points) of each sentence, in order, without the space around it.

    A line break ends a sentence; closing quotes, brackets and emoji stay with the sentence that they follow.
    """
    found: list[tuple[int, int]] = []
    place = 0
    for line in text.split("\n"):
        found += _in_line(text, place, place + len(line))
        place += len(line) + 1
    return found


def _in_line(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in _END.finditer(text, start, end):
        if match.end() < end and _goes_on(text, match):
            continue
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    bare = piece.strip()
    if bare:
        start += len(piece) - len(piece.lstrip())
        yield start, start + len(bare)


def _goes_on(text: str, match: re.Match[str]) -> bool:
    """True where the mark does not end the sentence: an abbreviation, an initial, or small letters follow."""
    opens = _OPENS.match(text, match.end())
    place = opens.end() if opens else match.end()
    if text[place : place + 1].islower():
        return True
    if not match[0].rstrip().endswith(".") or match[0].startswith(".."):
        return False
    before = _BEFORE.search(text, max(0, match.start() - 20), match.start())
    if before is None:
        return False
    word = before[0].lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and before[0].isupper())
