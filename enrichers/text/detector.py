"""Which language a piece of text is in, how sure that is, and that it cannot be told where it cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import eldc

from enrichers.text.words import CHAT_ARABIC, FUNCTION_WORDS, HINDI_ROMANISED, TELLING_WORDS

UNKNOWN: Final = "und"

_NO_WORDS = re.compile(r"https?\S*|www\.\S+|\S{0,64}@\w[\w.]*|\[(?:EMAIL|PHONE|CARD|ACCOUNT)\]|\bRT\b|&\w{1,8};")
_LAUGHTER = re.compile(r"\b(?:[jhxk]{0,3}(?:[aeiou]{1,3}[jhxk]{1,3}){2,20}[aeiou]{0,3}|k{3,}|l+o+l+)\b", re.IGNORECASE)
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_HASHTAG = re.compile(r"#(\w+)")
_INNER_CAPITAL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CHAT_DIGIT = re.compile(
    r"\b(?:[a-z]+[2356789][a-z]+\d?[a-z]*|"
    r"[3579](?!(?:th|rd|nd|st|km|kg|cm|mm|ml|gb|mb|am|pm|hs)\b)[a-z]{2,})\b"
)
_WINDOW = 900  # bytes: the detector reads no more than 1,000
_FOREIGN_LETTERS = 20
_SERVED_BONUS = 1.1  # the six languages that most posts are in
_TELLING_BONUS = 0.4
_WORDS_BONUS = 0.1  # for a text of function words only


@dataclass(frozen=True, slots=True)
class Guess:
    """A language (ISO 639-1 or `und`), how sure, by how much it leads, on how many letters; all scores."""

    language: str
    reliable: bool
    margin: float
    letters: int
    scores: dict[str, float] = field(default_factory=dict)


NOTHING = Guess(UNKNOWN, reliable=False, margin=0.0, letters=0)


class Detector:
    """eldc, with the words taken out that carry no language, and function words put on the scales."""

    def __init__(self) -> None:
        eldc.init()
        self._engine = eldc.instance()
        self._engine.set_scores(20)

    def __call__(self, text: str) -> Guess:
        """The language of one sentence or so; of long text, of its start, middle and end."""
        tags_only = "#" in text and not _WORD.search(_HASHTAG.sub(" ", _NO_WORDS.sub(" ", text)))
        text = _worded(text)
        words = _WORD.findall(text.lower()[:4000])
        if not words:
            return NOTHING
        scores, reliable = self._scores(text)
        counts = {code: sum(word in known for word in words) for code, known in FUNCTION_WORDS.items()}
        for code, count in counts.items():
            scores[code] = scores.get(code, 0.0) * _SERVED_BONUS + _WORDS_BONUS * count / len(words)
        for word in words[:8] if len(words) <= 8 else ():
            if word in TELLING_WORDS:
                scores[TELLING_WORDS[word]] = scores.get(TELLING_WORDS[word], 0.0) + _TELLING_BONUS / len(words)
        best = max(scores, key=scores.__getitem__)
        letters = sum(map(len, words))
        if scores[best] <= 0 or _other_alphabet(text, words, counts.get(best, 0), best):
            return Guess(UNKNOWN, reliable=False, margin=0.0, letters=letters)
        second = max((score for code, score in scores.items() if code != best), default=0.0)
        margin = scores[best] - second
        known = counts.get(best, 0)
        # a hashtag is often a name, and a short piece of a language far from home is mostly a misspelling
        lone = tags_only or (best not in FUNCTION_WORDS and letters < _FOREIGN_LETTERS and text.isascii())
        sure = (
            not lone
            and margin > 0.02
            and (reliable or (margin > 0.15 and letters >= 12) or (known >= 3 and margin > 0.1))
        )
        return Guess(best, reliable=sure, margin=margin, letters=letters, scores=scores)

    def _scores(self, text: str) -> tuple[dict[str, float], bool]:
        if len(text) <= _WINDOW // 2 or len(text.encode("utf-8", "replace")) <= _WINDOW:
            found = self._engine.detect_details(text)
            return dict(found.scores), bool(found.reliable)
        size = _WINDOW // 2 if text.isascii() else _WINDOW // 4
        starts = {0, (len(text) - size) // 2, len(text) - size}
        sums: dict[str, float] = {}
        sure = 0
        for start in sorted(starts):
            found = self._engine.detect_details(text[start : start + size])
            sure += bool(found.reliable)
            for code, score in found.scores.items():
                sums[code] = sums.get(code, 0.0) + score / len(starts)
        return sums, sure * 2 > len(starts)


def _worded(text: str) -> str:
    """The text without addresses, handles, laughter and stretched letters; hashtags as words."""
    text = text.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
    text = _STRETCHED.sub(r"\1", _LAUGHTER.sub(" ", _NO_WORDS.sub(" ", text)))
    if "#" in text:
        text = _HASHTAG.sub(lambda match: _INNER_CAPITAL.sub(" ", match[1].replace("_", " ")), text)
    return text


def _other_alphabet(text: str, words: list[str], known: int, language: str) -> bool:
    """True for Hindi or Arabic in Latin letters, which the detector takes for anything."""
    function = FUNCTION_WORDS.get(language, frozenset())
    hindi = {word for word in words if word in HINDI_ROMANISED and word not in function}
    arabic = {word for word in words if word in CHAT_ARABIC and word not in function}
    digits = len(_CHAT_DIGIT.findall(text.lower()[:4000]))
    if len(hindi) >= 2 and len(hindi) > known:
        return True
    return len(arabic) + digits >= 2 and len(arabic) + digits > known
