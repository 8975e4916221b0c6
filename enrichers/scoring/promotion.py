"""Whether a text is an advert or spam rather than feedback, in six languages. Pure.

Cues of several kinds must come together; one alone, a link or a price, shows nothing. Words of complaint rule it out:
a complaint that quotes an offer stays a complaint. The cues are in `enrichers/models/relevance/cues.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from enrichers.scoring.cues import parse
from enrichers.scoring.heads import folder
from enrichers.scoring.text import fold_in_place
from schemas.enriched import Promotion

MAX_CHARACTERS: Final = 4_000
"""Of a post that are searched; an advert says what it is early."""
QUOTED_WORDS: Final = 6
ENOUGH: Final = 3.0
"""What the cues of an advert must weigh together."""
LEANS: Final = 2.0
"""What they must weigh where many accounts say the same."""
SURE: Final = 3.5
"""What they must weigh where the models hear a complaint."""

WEIGHTS: Final[Mapping[str, float]] = {
    "giveaway": 3.0,
    "recovery": 4.0,
    "followers": 3.0,
    "earn": 2.0,
    "vice": 2.0,
    "contact": 1.5,
    "call": 1.5,
    "code": 1.5,
    "seller": 1.5,
    "job": 2.0,
    "crypto": 1.0,
    "urgency": 1.0,
    "price": 1.0,
    "link": 1.0,
    "customer": -2.0,
}
NAMES: Final[Mapping[str, str]] = {
    "giveaway": "a giveaway for following or sharing",
    "recovery": "somebody who gets accounts or money back",
    "followers": "followers or a profile on offer",
    "earn": "a promise of earnings",
    "vice": "loans, bets, cures or the like",
    "contact": "a call to write in private",
    "call": "a call to buy or join",
    "code": "a code to use",
    "seller": "the voice of a seller",
    "job": "an offer of work",
    "crypto": "investments",
    "urgency": "haste",
    "price": "a price or discount",
    "link": "a link",
}
_KINDS: Final[tuple[tuple[str, Promotion], ...]] = (
    ("recovery", "scam"),
    ("giveaway", "giveaway"),
    ("followers", "spam"),
    ("earn", "scam"),
    ("vice", "spam"),
    ("job", "job"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What speaks for an advert: its kind, the weight of the cues, and each of them quoted."""

    kind: Promotion
    weight: float
    evidence: list[str]


class PromotionCues:
    """The shipped cues, loaded."""

    def __init__(self) -> None:
        self._patterns = parse(folder("relevance").joinpath("cues.txt").read_text(encoding="utf-8")).patterns

    def promotes(self, text: str) -> bool:
        """The words lean towards an advert: enough for one that many accounts send alike."""
        return self.found(text, enough=LEANS) is not None

    def found(self, text: str, *, enough: float = ENOUGH) -> Found | None:
        """What makes an advert of the text; None where it is none, or where its words complain."""
        text = text[:MAX_CHARACTERS]
        plain = fold_in_place(text)
        met = {
            name: match
            for name in WEIGHTS
            if name != "customer" and (match := self._patterns[name].search(plain)) is not None
        }
        weight = sum(WEIGHTS[name] for name in met)
        if weight < enough:
            return None
        if "recovery" not in met:  # it tells of a loss, to those who have lost something
            if self._patterns["complaint"].search(plain):
                return None
            if self._patterns["customer"].search(plain):
                weight += WEIGHTS["customer"]
        if weight < enough:
            return None
        kind: Promotion = next((kind for name, kind in _KINDS if name in met), "advert")
        return Found(kind, weight, [f"{NAMES[name]}: “{_quoted(text, match)}”" for name, match in met.items()])


def _quoted(text: str, match: re.Match[str]) -> str:
    words = text[match.start() : match.end()].split()
    return " ".join(words[:QUOTED_WORDS]) + ("…" if len(words) > QUOTED_WORDS else "")
