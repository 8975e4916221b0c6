"""What one partition remembers of its brands' posts, and what each new post changes in it. No Kafka, no clock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice

from schemas.enriched import Compared, Link
from schemas.errors import RejectedInput
from schemas.links import LinkCommand
from schemas.signals import Signal
from streams.links.campaigns import campaign, judged
from streams.links.doubts import burst, copied, many, with_flag
from streams.links.judging import (
    DAY_MS,
    THRESHOLD,
    WINDOW_DAYS,
    compare,
    confidence,
    crowd,
    nearness,
    possible,
    same_person,
)
from streams.links.telling import Telling, telling_of
from streams.links.window import NEAREST, SIZE, Window

MAX_LINKS = 8
MAX_UNDONE = 64
TOPIC_DAYS = 7
COMPARED_FIELDS = tuple(
    name
    for name in Telling.__struct_fields__
    if name not in ("version", "topics", "links", "undone", "flags", "factors", "campaign", "told")
)
"""What of a post is compared with others; the rest is what was found, or moves by itself."""


class Memory:
    """The brands of one partition. `changed` is what the stage has to say and to keep."""

    def __init__(self, tellings: Iterable[Telling] = (), *, size: int = SIZE) -> None:
        self._size = size
        self._brands: dict[str, Window] = {}
        self._touched: dict[str, Telling | None] = {}
        for telling in tellings:
            self._window(telling.brand).add(telling)

    def __len__(self) -> int:
        """Posts that are remembered, of all brands."""
        return sum(map(len, self._brands.values()))

    def keep(self, most: int) -> None:
        """Forgets the oldest of whichever brand has most, until `most` posts are left."""
        while (excess := len(self) - most) > 0:
            largest = max(self._brands.values(), key=len)
            for telling in list(islice(largest, min(excess, math.ceil(len(largest) / 2)))):
                largest.remove(telling.identity)
                self._touched[telling.identity] = None

    def changed(self) -> Iterator[tuple[str, Telling | None]]:
        """Identities whose state changed since the last call, with it; None where it was forgotten."""
        touched, self._touched = self._touched, {}
        yield from touched.items()

    def get(self, brand: str, identity: str) -> Telling | None:
        """A post that is remembered."""
        window = self._brands.get(brand)
        return None if window is None else window.get(identity)

    def observe(self, signal: Signal) -> None:
        """A post, compared with those before it. An older version says nothing.

        A repeat, or a newer version in which nothing has changed that is compared, says again what was found: when it
        came first decides what stood before it.
        """
        window = self._window(signal.brand)
        known = window.get(signal.identity)
        parted: list[str] = []
        if known is not None:
            if signal.version < known.version:
                return
            if signal.version == known.version or unchanged(known, telling_of(signal)):
                known.version = signal.version
                self._touched[known.identity] = known
                return
            parted = known.undone
            self._forget(window, known)
        if signal.role == "company":
            return
        telling = telling_of(signal)
        telling.undone = parted
        for gone in window.add(telling):
            self._touched[gone] = None
        self._touched[telling.identity] = telling
        self._link(window, telling)
        self._doubt(window, telling)
        if telling.grievance:
            telling.factors = _recurrence(telling, window)
            telling.told |= bool(telling.factors)
        # kept after all that it has changed: once it is known it is not compared again, so a crash before it repeats it
        # and a crash after it has lost nothing of it
        self._touched[telling.identity] = self._touched.pop(telling.identity, telling)

    def command(self, command: LinkCommand) -> None:
        """A person's word. Raises RejectedInput where one of the posts is not remembered (any more)."""
        a, b = self.get(command.brand, command.identity), self.get(command.brand, command.other)
        if a is None or b is None or a is b:
            raise RejectedInput("bad-value", "the command names posts that are not among those that are compared")
        for one, other in ((a, b), (b, a)):
            one.links = [link for link in one.links if link.identity != other.identity]
            one.undone = [identity for identity in one.undone if identity != other.identity]
            if command.action == "link":
                one.links = [
                    Link(identity=other.identity, confidence=1.0, evidence=["linked by a person"]),
                    *one.links,
                ][:MAX_LINKS]
            else:
                one.undone = [*one.undone, other.identity][-MAX_UNDONE:]
            self._say(one)

    def forget(self, identity: str) -> None:
        """Drops a post that is to be erased, and the links to it."""
        for window in self._brands.values():
            if (telling := window.get(identity)) is not None:
                self._forget(window, telling)

    def _window(self, brand: str) -> Window:
        return self._brands.setdefault(brand, Window(self._size))

    def _say(self, telling: Telling) -> None:
        telling.told = True
        self._touched[telling.identity] = telling

    def _forget(self, window: Window, telling: Telling) -> None:
        """An older version: what was found by its words holds no longer."""
        window.remove(telling.identity)
        self._touched[telling.identity] = None
        for link in telling.links:
            other = window.get(link.identity)
            if other is not None:
                other.links = [one for one in other.links if one.identity != telling.identity]
                self._say(other)

    def _link(self, window: Window, telling: Telling) -> None:
        found = []
        candidates = window.candidates(telling)
        told_alike = [other for other in candidates if possible(telling, other)]
        near = nearness(telling, candidates) if told_alike else {}
        alike = crowd(telling, candidates, near) if told_alike else 0
        rarity = cache(window.rarity)
        for other in told_alike:
            pair = compare(telling, other, rarity, near, alike)
            sure = confidence(pair)
            if sure >= THRESHOLD:
                found.append((sure, other, pair.evidence))
        found.sort(key=lambda one: (-one[0], one[1].identity))
        for sure, other, evidence in found[:MAX_LINKS]:
            for one, kin in ((telling, other), (other, telling)):
                link = Link(identity=kin.identity, confidence=round(sure, 4), evidence=list(evidence))
                others = [each for each in one.links if each.identity != kin.identity]
                links = sorted([*others, link], key=lambda each: -each.confidence)[:MAX_LINKS]
                if links != one.links:
                    one.links = links
                    self._say(one)

    def _doubt(self, window: Window, telling: Telling) -> None:
        raised = [*copied(telling, window), *burst(telling, window)]
        if (flood := many(telling, window)) is not None:
            raised.append((telling, flood))
        for one, flag in raised:
            if one is telling or all(known.name != flag.name for known in one.flags):
                one.flags = with_flag(one.flags, flag)
                self._say(one)
        together = campaign(telling, window)
        for one in together:
            if one is telling or not one.campaign:
                one.campaign = len(together)
                self._say(one)


def unchanged(known: Telling, now: Telling) -> bool:
    """Nothing of the post that is compared has changed. Its topics have not by themselves: the model moves them."""
    return all(getattr(known, name) == getattr(now, name) for name in COMPARED_FIELDS)


def compared(telling: Telling) -> Compared:
    """What the post's document shall say."""
    return Compared(
        identity=telling.identity,
        version=telling.version,
        links=telling.links,
        flags=telling.flags,
        factors=telling.factors,
        relevance=judged(telling.campaign) if telling.campaign else None,
    )


def _recurrence(telling: Telling, window: Window) -> dict[str, float]:
    """How often the author complained before, and how often the topic came up in a week: 0 to 1, by logarithm."""
    earlier = [
        other
        for other in window.of_person(telling)
        if other.grievance and 0 <= telling.time - other.time <= WINDOW_DAYS * DAY_MS and not _one_post(telling, other)
    ]
    topic = max((window.topic_count(key, telling.time, TOPIC_DAYS * DAY_MS) for key in telling.topics), default=0)
    counts = {
        "author_recurrence": math.log1p(len(earlier)) / math.log1p(NEAREST),
        "topic_recurrence": math.log1p(topic) / math.log1p(1000),
    }
    return {name: round(min(value, 1.0), 4) for name, value in counts.items() if value > 0}


def _one_post(a: Telling, b: Telling) -> bool:
    return a.identity == b.identity or not (same_person(a, b))
