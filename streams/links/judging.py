"""Do two posts tell the same complaint of the same person? A confidence with its evidence. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from enrichers.scoring.text import fold
from streams.links.telling import Telling, cosines

DAY_MS: Final = 86_400_000
WINDOW_DAYS: Final = 45
"""Posts further apart are not compared: by then the same words tell of another time."""
CROWD_DAYS: Final = 3
CROWD_NEAR: Final = 0.45
THRESHOLD: Final = 0.4
FEW: Final = 10.0
"""What a post's words weigh at least, by rarity: about three words. "Lovely" tells nothing that another post tells."""

FEATURES: Final = (
    "same person", "same name", "meaning", "words", "numbers", "numbers differ", "names", "names differ",
    "same product", "same place", "place differs", "days", "same source", "praise", "crowd", "no complaint heard",
)  # fmt: skip
"""In the order of `Pair.values` and `WEIGHTS`."""

WEIGHTS: Final = (
    2.03,  # same person
    0.14,  # same name
    3.53,  # meaning
    6.46,  # words
    3.81,  # numbers
    -1.66,  # numbers differ
    1.87,  # names
    0.68,  # names differ
    0.63,  # same product
    0.50,  # same place
    -2.51,  # place differs
    -2.47,  # days
    -0.95,  # same source
    -1.10,  # praise
    -0.72,  # crowd
    0.17,  # no complaint heard
)
BIAS: Final = -4.12

Rarity = Callable[[str], float]
"""A stem's weight: about log(posts / posts that have it)."""
Near = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Pair:
    """What two posts have in common, as numbers, and as sentences for a person."""

    values: tuple[float, ...]
    evidence: tuple[str, ...]


def possible(a: Telling, b: Telling) -> bool:
    """False where the two cannot be one person's complaint: another person, another product, or a thread already."""
    if a.identity == b.identity or abs(a.time - b.time) > WINDOW_DAYS * DAY_MS:
        return False
    heard = a.grievance or b.grievance
    if not heard and not same_person(a, b) and (a.promotes or b.promotes or (a.praise and b.praise)):
        return False  # many strangers praise and promote alike; but that no complaint was heard may be a mistake
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


def nearness(telling: Telling, others: Sequence[Telling]) -> dict[str, float | None]:
    """How near each of the others' meaning is, by identity; None where either has no vector."""
    return dict(
        zip((other.identity for other in others), cosines(telling.vector, [o.vector for o in others]), strict=True)
    )


def crowd(telling: Telling, others: Iterable[Telling], near: Near) -> int:
    """How many say something alike within days: where an incident has hit many, meaning alone tells no person apart."""
    return sum(
        (near[other.identity] or 0.0) >= CROWD_NEAR
        for other in others
        if abs(telling.time - other.time) <= CROWD_DAYS * DAY_MS and not same_person(telling, other)
    )


def compare(a: Telling, b: Telling, rarity: Rarity, near: Near, alike: int = 0) -> Pair:
    """The features of a pair, symmetric in `a` and `b`; `near` is the `nearness` of others to `a`.

    `alike` is the crowd around them, the pair itself included.
    """
    evidence: list[str] = []
    person = same_person(a, b)
    if person:
        evidence.append(person)
    named = not person and bool(a.author and b.author and _handle(a.author) == _handle(b.author))
    if named:
        evidence.append("the same handle in another source")
    meaning = near[b.identity]
    if meaning is not None:
        evidence.append(f"meaning {meaning:.2f}")
    words = _overlap(set(a.words), set(b.words), rarity)
    numbers, apart = _common(a.numbers, b.numbers, rarity)
    if numbers:
        evidence.append(f"the same numbers: {', '.join(sorted(set(a.numbers) & set(b.numbers))[:4])}")
    known = {word for name in (a.product, b.product, a.place, b.place, a.brand) if name for word in fold(name).split()}
    own, theirs = ([name for name in one.names if name not in known] for one in (a, b))
    named_alike, named_apart = _common(own, theirs, rarity)
    names = set(own) & set(theirs)
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
        0.0 if person else math.log1p(max(0, alike - 1)),
        float(not (a.grievance or b.grievance)),
    )
    return Pair(values, tuple(evidence))


def confidence(pair: Pair) -> float:
    """The probability that the pair is one complaint."""
    total = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, pair.values, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _handle(author: str) -> str:
    return author.strip().removeprefix("@").casefold()


def _overlap(a: set[str], b: set[str], rarity: Rarity) -> float:
    """The share of the shorter one's words, by rarity, that the other one has too; a word or two are no share."""
    least = max(FEW, min(sum(map(rarity, a)), sum(map(rarity, b))))
    return sum(map(rarity, a & b)) / least


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
