"""What carries mood without being a word: emoji, emoticons, stars, exclamation, capitals.

Nothing here tells one channel from another (links, handles, length): a head must not learn what a tweet looks like.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from enrichers.scoring.text import MAX_CHARACTERS

_GLAD: Final = frozenset(
    "❤♥💕💖💗💘💙💚💛💜🧡🤎🖤🤍💞💓💝😍🥰😘😊☺😃😄😁😀🙂🤗🤩😇😋😎👍👏🙌💪🎉🎊✨🌟⭐💯🔥🥳🤝🙏😻👌✅💐🌹🏆😌🥂💃🕺"
)
_SORRY: Final = frozenset("😡😠🤬👎😢😭😞😔😟😕🙁☹😣😖😫😩💔🤮🤢😤😒🙄😑😓😥😰😨😱👿💩🤦😪😿🥺🚫❌⚠🖕😾🥵🥴")
_LAUGHING: Final = frozenset("😂🤣😅😆😜😝😉🤪😏")
_SMILE = re.compile(r"(?:(?<!\w)[:;=8xX]-?[)\]D}](?!\w)|\^_?\^|<3|\(:)")
_FROWN = re.compile(r"(?:(?<!\w)[:;=]['’]?-?[(\[/|](?![/\w])|>:\(|-_-|\):)")
_STARS = re.compile(
    r"(?<![\d.,/])(\d{1,2}(?:[.,]\d)?)\s?(?:/\s?(5|10|20)(?![\d/])|"
    r"(?:⭐|\*|stars?\b|estrellas?\b|stell[ae]\b|estrelas?\b|étoiles?\b|etoiles?\b|sternen?\b|sterren?\b))",
    re.IGNORECASE,
)
_NUMBER_WORDS = {"one": 1, "zero": 0, "five": 5, "cinco": 5, "una": 1, "uma": 1, "cinque": 5, "cinq": 5, "fünf": 5}
_NUMBER_WORDS |= {"un": 1, "une": 1, "ein": 1, "einen": 1, "cero": 0, "null": 0, "vijf": 5, "two": 2, "four": 4}
_WORD_STARS = re.compile(
    rf"\b({'|'.join(_NUMBER_WORDS)})[ -](?:stars?|estrellas?|stell[ae]|estrelas?|étoiles?|sterne?n?|sterren?)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_LAUGHTER = re.compile(r"\b(?:(?:ha|ja|he|ah){2,}\w*|k{3,}|(?:rs){2,}|lol+|lmao|mdr|ptdr)\b", re.IGNORECASE)

NAMES: Final = (
    "glad", "sorry", "glad or sorry", "laughing", "asks", "stars", "louder",
)  # fmt: skip


def stars(text: str) -> float | None:
    """A rating told in words ("2 stars", "4/5") mapped to [-1, 1]; None where there is none. The last one counts."""
    found = None
    for match in _STARS.finditer(text):
        best = float(match[2] or 5)
        value = float(match[1].replace(",", "."))
        if value <= best:
            found = 2 * value / best - 1
    for match in _WORD_STARS.finditer(text):
        found = 2 * _NUMBER_WORDS[match[1].lower()] / 5 - 1
    return found


def emoji(text: str) -> tuple[int, int, int]:
    """How many glad, sorry and laughing signs a text holds, emoticons included."""
    glad = sorry = laughing = 0
    if not text.isascii():
        for character in text:
            glad += character in _GLAD
            sorry += character in _SORRY
            laughing += character in _LAUGHING
    glad += len(_SMILE.findall(text))
    sorry += len(_FROWN.findall(text))
    return glad, sorry, laughing + len(_LAUGHTER.findall(text))


@dataclass(frozen=True, slots=True)
class Marks:
    """What a text shows beside its words; `loudness` in [0, 1] from exclamation, capitals and drawn-out letters."""

    glad: int
    sorry: int
    laughing: int
    asks: int
    stars: float | None
    loudness: float

    @property
    def evidence(self) -> int:
        """How many of them show a mood."""
        return self.glad + self.sorry + self.laughing + (self.stars is not None)

    def features(self, net: float) -> list[float]:
        """Numbers in about [-1, 1], in the order of `NAMES`.

        Loudness has no direction of its own: it makes `net`, what the words add up to in [-1, 1], louder.
        """
        return [
            _squash(self.glad),
            _squash(self.sorry),
            _squash(self.glad) - _squash(self.sorry),
            _squash(self.laughing),
            _squash(self.asks),
            self.stars or 0.0,
            net * self.loudness,
        ]


def read(text: str) -> Marks:
    """The marks of a text."""
    text = text[:MAX_CHARACTERS]
    long_words = _WORD.findall(text)
    shouted = len(long_words) > 1 and sum(map(str.isupper, long_words)) / len(long_words)
    drawn_out = _DRAWN_OUT.search(text) is not None
    loudness = min(1.0, _squash(text.count("!")) + shouted + drawn_out / 2)
    return Marks(*emoji(text), text.count("?"), stars(text), loudness)


def _squash(count: float) -> float:
    return count / (count + 1.5)
