"""Do two posts tell the same complaint of the same person? A confidence with its evidence. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from enrichers.scoring.text import fold
from streams.links.telling import Telling, cosine

DAY_MS: Final = 86_400_000
WINDOW_DAYS: Final = 45
"""Posts further apart are not compared: by then the same words tell of another time."""
THRESHOLD: Final = 0.5

FEATURES: Final = (
    "same person", "same name", "meaning", "words", "numbers", "numbers differ", "names", "names differ",
    "same product", "same place", "place differs", "days", "same source", "praise",
)  # fmt: skip
"""In the order of `Pair.values` and `WEIGHTS`."""

WEIGHTS: Final = (
    1.97,  # same person
    0.06,  # same name
    3.91,  # meaning
    5.28,  # words
    2.68,  # numbers
    -2.00,  # numbers differ
    1.26,  # names
    0.13,  # names differ
    1.76,  # same product
    1.78,  # same place
    -0.88,  # place differs
    -1.79,  # days
    -1.59,  # same source
    -0.81,  # praise
)
BIAS: Final = -4.49

Rarity = Callable[[str], float]
"""A stem's weight: about log(posts / posts that have it)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What two posts have in common, as numbers, and as sentences for a person."""

    values: tuple[float, ...]
    evidence: tuple[str, ...]


def possible(a: Telling, b: Telling) -> bool:
    """False where the two cannot be one person's complaint: another person, another product, or a thread already."""
    if a.identity == b.identity or abs(a.time - b.time) > WINDOW_DAYS * DAY_MS or not (a.grievance or b.grievance):
        return False
    if b.identity in a.undone or a.identity in b.undone:
        return False
    if a.customer_id and b.customer_id:
        if a.customer_id != b.customer_id:
            return False
    elif a.source == b.source and a.author and b.author and a.author != b.author:
        return False
    if a.source == b.source and (a.in_reply_to == b.post_id or b.in_reply_to == a.post_id):
        return False
    return not (a.product and b.product and fold(a.product) != fold(b.product))


def same_person(a: Telling, b: Telling) -> str | None:
    """By what the two are known to be one person; None where that is not known."""
    if a.customer_id and a.customer_id == b.customer_id:
        return "the same customer id"
    if a.author and a.author == b.author:
        if a.source == b.source:
            return "the same author in the same source"
        if len(a.author) == 64 and a.channel == b.channel == "email":
            return "the same e-mail address (keyed hash)"
    return None


def compare(a: Telling, b: Telling, rarity: Rarity) -> Pair:
    """The features of a pair, symmetric in `a` and `b`."""
    evidence: list[str] = []
    person = same_person(a, b)
    if person:
        evidence.append(person)
    named = not person and bool(a.author and b.author and _handle(a.author) == _handle(b.author))
    if named:
        evidence.append("the same handle in another source")
    meaning = cosine(a.vector, b.vector)
    if meaning is not None:
        evidence.append(f"meaning {meaning:.2f}")
    words = _overlap(set(a.words), set(b.words), rarity)
    numbers, apart = _common(a.numbers, b.numbers, rarity)
    if numbers:
        evidence.append(f"the same numbers: {', '.join(sorted(set(a.numbers) & set(b.numbers))[:4])}")
    named_alike, named_apart = _common(a.names, b.names, rarity)
    names = set(a.names) & set(b.names)
    if names:
        evidence.append(f"the same names: {', '.join(sorted(names)[:4])}")
    product, place, elsewhere = _product(a, b), _same(a.place, b.place), _differ(a.place, b.place)
    if product:
        evidence.append("the same product")
    if place:
        evidence.append("the same place")
    days = abs(a.time - b.time) / DAY_MS
    evidence.append(_apart(days))
    values = (
        float(person is not None),
        float(named),
        meaning if meaning is not None else 0.4,
        words,
        numbers,
        apart,
        named_alike,
        named_apart,
        product,
        float(place),
        float(elsewhere),
        math.log1p(days) / 3,
        float(a.source == b.source),
        float(a.praise or b.praise),
    )
    return Pair(values, tuple(evidence))


def confidence(pair: Pair) -> float:
    """The probability that the pair is one complaint."""
    total = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, pair.values, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _handle(author: str) -> str:
    return author.strip().removeprefix("@").casefold()


def _overlap(a: set[str], b: set[str], rarity: Rarity) -> float:
    """The share of the shorter one's words, by rarity, that the other one has too."""
    least = min(sum(map(rarity, a)), sum(map(rarity, b)))
    return sum(map(rarity, a & b)) / least if least > 0 else 0.0


def _common(a: list[str], b: list[str], rarity: Rarity) -> tuple[float, float]:
    """What is said by both, by rarity, and whether both say something and nothing of it is common; each in [0, 1]."""
    common = set(a) & set(b)
    return min(sum(map(rarity, common)) / 12, 1.0), float(not common and bool(a and b))


def _product(a: Telling, b: Telling) -> float:
    """1 where both name the product in their fields, one half where one's field is in the other's words."""
    if _same(a.product, b.product):
        return 1.0
    for one, other in ((a, b), (b, a)):
        if one.product and not other.product:
            stems = {word[:5] for word in fold(one.product).split() if len(word) > 2}
            if stems and stems <= {name[:5] for name in other.names} | set(other.words):
                return 0.5
    return 0.0


def _same(a: str | None, b: str | None) -> bool:
    return bool(a and b and fold(a) == fold(b))


def _differ(a: str | None, b: str | None) -> bool:
    return bool(a and b and fold(a) != fold(b))


def _apart(days: float) -> str:
    if days < 1 / 24:
        return "within an hour"
    return f"{days * 24:.0f} hours apart" if days < 2 else f"{days:.0f} days apart"
