"""What is remembered of one post to compare it with others: its vector, its words, numbers and names. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from enrichers.scoring.promotion import PromotionCues
from enrichers.scoring.text import fold
from enrichers.text.words import word_set
from schemas.enriched import Flag, Link
from schemas.signals import Signal
from schemas.vectors import decode_vector
from streams.links.copies import signature

MAX_WORDS: Final = 80
MAX_NUMBERS: Final = 16
MAX_NAMES: Final = 16

_NUMBER = re.compile(r"\d+(?:[.,]\d{3})*(?:[.,]\d{1,2})?")
_WORD = re.compile(r"[^\W\d_]{3,}")
_NAME = re.compile(r"(?<=[^.!?¡¿:\n\"“(] )[A-ZÁÉÍÓÚÀÈÌÒÙÂÊÔÇÑÃÕ][a-záéíóúàèìòùâêôçñãõüï]{2,}")
_COUNTED: Final = {
    word: number
    for line in (
        "2 two dos due dois duas deux zwei", "3 three tres tre trois drei", "4 four cuatro quattro quatro quatre vier",
        "5 five cinco cinque cinq funf", "6 six seis sei sechs", "7 seven siete sette sete sept sieben",
        "8 eight ocho otto oito huit acht", "9 nine nueve nove neuf neun", "10 ten diez dieci dez dix zehn",
        "11 eleven once undici onze elf", "12 twelve doce dodici doze douze zwolf", "14 fourteen catorce quattordici "
        "catorze quatorze vierzehn", "15 fifteen quince quindici quinze funfzehn", "20 twenty veinte venti vinte vingt "
        "zwanzig", "30 thirty treinta trenta trinta trente dreissig", "40 forty cuarenta quaranta quarenta quarante "
        "vierzig", "50 fifty cincuenta cinquanta cinquenta cinquante funfzig", "90 ninety noventa novanta neunzig",
    )
    for number, *words in [line.split()]
    for word in words
}  # fmt: skip
"""Numbers spelt out, folded, in the languages that are translated and German. "Once" is left to Spanish."""
_COMMON: Final = word_set(
    "the and for that this with you your was were are have has had but not they them their there then than from what "
    "when where which who how all any can could will would should been being its his her our out off too very just "
    "still only also more most much many some such into over after before again about because until while than each "
    "she him his hers ours yours did does done doing get got make made say says said one now even ever never"
)


class Telling(Struct, kw_only=True, omit_defaults=True):
    """One post in the memory, and what has been found out about it by comparing."""

    identity: str
    version: int
    brand: str
    time: Annotated[int, Meta(description="Event time, milliseconds.")]
    channel: str
    source: str
    post_id: str
    author: str | None = None
    customer_id: str | None = None
    thread_id: str | None = None
    in_reply_to: str | None = None
    product: str | None = None
    place: str | None = None
    topics: list[str] = msgspec.field(default_factory=list)
    praise: bool = False
    grievance: bool = False
    words: Annotated[list[str], Meta(description="Stems of the English.")] = msgspec.field(default_factory=list)
    numbers: list[str] = msgspec.field(default_factory=list)
    names: list[str] = msgspec.field(default_factory=list)
    vector: Annotated[bytes, Meta(description="Signed bytes, 127 times the unit vector; empty: none.")] = b""
    signature: Annotated[bytes, Meta(description="MinHash of the text; empty: too short.")] = b""
    links: list[Link] = msgspec.field(default_factory=list)
    undone: Annotated[list[str], Meta(description="Identities that a person parted from this one.")] = msgspec.field(
        default_factory=list
    )
    flags: list[Flag] = msgspec.field(default_factory=list)
    factors: dict[str, float] = msgspec.field(default_factory=dict)
    promotes: Annotated[bool, Meta(description="Its words promote something, if not enough for an advert.")] = False
    campaign: Annotated[int, Meta(description="Posts by different accounts with its promoting words; 0: none.")] = 0
    told: Annotated[bool, Meta(description="Something was said of it: a repeat says it again.")] = False


def telling_of(signal: Signal) -> Telling:
    """What a signal leaves in the memory. A vector that cannot be read is none."""
    english = signal.translation or (signal.excerpt if signal.language == "en" else "")
    return Telling(
        identity=signal.identity,
        version=signal.version,
        brand=signal.brand,
        time=signal.event_time,
        channel=signal.channel,
        source=signal.source,
        post_id=signal.post_id,
        author=signal.author,
        customer_id=signal.customer_id,
        thread_id=signal.thread_id,
        in_reply_to=signal.in_reply_to,
        product=signal.product,
        place=signal.place,
        topics=[key for key, _ in signal.topics],
        praise=signal.sentiment == "positive",
        grievance=signal.sentiment == "negative" or "complaint" in signal.intents,
        words=words_of(english),
        numbers=numbers_of(signal.excerpt, english),
        names=names_of(signal.excerpt, signal.language),
        vector=packed(signal.vector),
        signature=signature(signal.excerpt),
        promotes=signal.sentiment != "negative" and cues().promotes(signal.excerpt),
    )


@cache
def cues() -> PromotionCues:
    """The shipped cues of adverts, read once."""
    return PromotionCues()


def words_of(english: str) -> list[str]:
    """Stems (the first five letters) of what is said, each once, in alphabetical order."""
    plain = (word for word in _WORD.findall(fold(english)) if word not in _COMMON and word not in _COUNTED)
    return sorted({word[:5] for word in plain})[:MAX_WORDS]


def numbers_of(original: str, english: str) -> list[str]:
    """Numbers of both texts without their separators, and those spelt out. Each once."""
    digits = [match[0].replace(".", "").replace(",", "") for match in _NUMBER.finditer(f"{original} \n {english}")]
    spelt = [
        _COUNTED[word]
        for text, own in ((original, True), (english, False))
        for word in _WORD.findall(fold(text))
        if word in _COUNTED and (own or word != "once")
    ]
    return list(dict.fromkeys(digit.lstrip("0") or "0" for digit in [*digits, *spelt] if len(digit) <= 20))[
        :MAX_NUMBERS
    ]


def names_of(text: str, language: str) -> list[str]:
    """Words with a capital inside a sentence, folded. German writes every noun so: none are told there."""
    if language == "de":
        return []
    return list(dict.fromkeys(fold(match) for match in _NAME.findall(text)))[:MAX_NAMES]


def packed(vector: str | None) -> bytes:
    """A signal's vector as signed bytes; empty where there is none or it cannot be read."""
    if not vector:
        return b""
    try:
        plain = decode_vector(vector)
    except ValueError:
        return b""
    if not np.isfinite(plain).all() or not plain.any():
        return b""
    rounded: NDArray[np.int8] = np.clip(np.rint(plain * 127), -127, 127).astype(np.int8)
    return rounded.tobytes()


def cosines(one: bytes, others: Sequence[bytes]) -> list[float | None]:
    """How near a packed vector is to others, from -1 to 1; None where either is missing or they differ in length."""
    found: list[float | None] = [None] * len(others)
    places = [place for place, other in enumerate(others) if one and len(other) == len(one)]
    if places:
        a = np.frombuffer(one, dtype=np.int8).astype(np.float32)
        rows = np.frombuffer(b"".join(others[place] for place in places), dtype=np.int8)
        matrix = rows.reshape(len(places), -1).astype(np.float32)
        norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix) * (a @ a))
        for place, value in zip(places, (matrix @ a / np.maximum(norms, 1e-6)).tolist(), strict=True):
            found[place] = value
    return found
