"""Doubts that only other posts show: copied text, a burst of alike praise, many posts by one author. Pure.

A doubt is a flag with its evidence; it changes nothing else of a post.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from schemas.enriched import Flag
from streams.links import copies
from streams.links.judging import DAY_MS, same_person
from streams.links.telling import Telling, cosines
from streams.links.window import Window

BURST_MS: Final = 2 * DAY_MS
BURST: Final = 6
"""Alike praises, the post itself included, that make a burst."""
USUAL: Final = 3.0
"""How many times the usual number they must be."""
NEAR_PRAISE: Final = 0.6
_LOOKED_AT: Final = 64
_PAST_SPANS: Final = 7
MANY: Final = 10
"""Posts of one author in one source within an hour that are a doubt."""


def copied(telling: Telling, window: Window) -> list[tuple[Telling, Flag]]:
    """The post, and those whose words it shares, each with a flag; nothing where one person repeats herself."""
    found: list[tuple[Telling, Flag]] = []
    best = 0.0
    for other in window.copies(telling):
        share = copies.alike(telling.signature, other.signature)
        if share < copies.ALIKE or _one_voice(telling, other):
            continue
        found.append((other, _copied(share, telling)))
        if share > best:
            best = share
            found.insert(0, (telling, _copied(share, other)))
    return found


def burst(telling: Telling, window: Window) -> list[tuple[Telling, Flag]]:
    """Every praise of a burst that this one belongs to, with a flag; nothing where such praise is usual."""
    if not telling.praise:
        return []
    now: list[Telling] = [telling]
    before = 0
    near = [window.get(identity) for identity in window.near(telling, _LOOKED_AT)]
    praises = [
        other for other in near if other and other is not telling and other.praise and _same_subject(telling, other)
    ]
    alike = cosines(telling.vector, [other.vector for other in praises])
    for other in (other for other, meaning in zip(praises, alike, strict=True) if (meaning or 0.0) >= NEAR_PRAISE):
        age = telling.time - other.time
        if abs(age) <= BURST_MS:
            if all(_voices_differ(other, known) for known in now):
                now.append(other)
        elif 0 < age <= (1 + _PAST_SPANS) * BURST_MS:
            before += 1
    spans = (telling.time - next(iter(window)).time) / BURST_MS - 1
    usual = before / min(max(spans, 1.0), _PAST_SPANS)
    if len(now) < BURST or len(now) < USUAL * usual:
        return []
    subject = "product" if telling.product else "source"
    flag = Flag(
        name="praise-burst",
        evidence=f"one of {len(now)} alike praises of the same {subject} within two days; {usual:.1f} are usual",
    )
    return [(one, flag) for one in now]


def many(telling: Telling, window: Window) -> Flag | None:
    """A flag where the author has written at least `MANY` posts in this source within an hour."""
    close = sum(abs(telling.time - other.time) <= DAY_MS // 24 for other in window.of_author(telling)) + 1
    if close < MANY:
        return None
    return Flag(name="many-posts", evidence=f"{MANY} posts or more by the author in this source within an hour")


def with_flag(flags: Iterable[Flag], flag: Flag) -> list[Flag]:
    """The flags with this one in the place of an older one of its name."""
    return sorted([*(one for one in flags if one.name != flag.name), flag], key=lambda one: one.name)


def _copied(share: float, source: Telling) -> Flag:
    evidence = f"about {share:.0%} of its word pairs are those of the post {source.identity[:16]}, by another author"
    return Flag(name="copied-text", evidence=evidence)


def _one_voice(a: Telling, b: Telling) -> bool:
    """One person, or a complaint that was told word for word in two places: that is a link, not a doubt."""
    if same_person(a, b) or (any(link.identity == b.identity for link in a.links) and not (a.praise and b.praise)):
        return True
    if a.author and b.author:
        return a.author.strip().removeprefix("@").casefold() == b.author.strip().removeprefix("@").casefold()
    return False


def _voices_differ(a: Telling, b: Telling) -> bool:
    return not same_person(a, b)


def _same_subject(a: Telling, b: Telling) -> bool:
    return a.product == b.product if a.product or b.product else a.source == b.source
