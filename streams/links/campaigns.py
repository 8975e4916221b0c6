"""An advert that only other posts show: the same promoting words by many accounts. Pure."""

from __future__ import annotations

from typing import Final

from schemas.enriched import Relevance
from streams.links import copies
from streams.links.telling import Telling
from streams.links.window import Window

ACCOUNTS: Final = 4
"""Authors, the post's own included, who say the same."""


def campaign(telling: Telling, window: Window) -> list[Telling]:
    """The posts of a campaign that this one belongs to, itself included; none where the words promote nothing.

    A complaint that many people copy is none: it does not promote.
    """
    if not telling.promotes:
        return []
    found = [telling] + [
        other
        for other in window.copies(telling)
        if other.promotes and copies.alike(telling.signature, other.signature) >= copies.ALIKE
    ]
    voices = {one.customer_id or f"{one.source} {one.author}" for one in found if one.customer_id or one.author}
    return found if len(voices) >= ACCOUNTS else []


def judged(size: int) -> Relevance:
    """The mark of a post of a campaign of `size` posts."""
    evidence = f"the same promoting words stand in {size} posts by different accounts"
    return Relevance(relevant=False, kind="copies", evidence=[evidence])
