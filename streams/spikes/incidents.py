"""One cause makes one incident: series of a brand that rise with the same posts belong together, and one leads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from streams.spikes.baseline import Rule
from streams.spikes.series import Series

WHOLE = "overall=all"
SPECIFIC = ("place", "product", "topic", "channel", "language", "overall")
"""Who leads, of those that could: what the channel says of a post comes before what a model says."""
MOST = 0.5
"""The part of an incident's excess that its leader must hold, and the part of posts that one cause's series share."""
LIFT = 1.5
"""How much more of the brand's excess than of its usual negatives a series must hold to be more than a part of it."""
SMOOTH = 0.5


def join(name: str, opened: Mapping[str, Series], rule: Rule, brand: str) -> str:
    """The incident of a series whose alert has just started.

    `opened` are the brand's series with an open alert, the new one among them. What rises as the whole brand does
    belongs to the brand's incident; what rises more belongs to the incident whose leader has the same posts, or is one
    of its own.
    """
    own = opened[name]
    best, shared = "", 0.0
    for incident in dict.fromkeys(s.open.incident for s in opened.values() if s.open is not None and s.open.incident):
        first = current(incident, opened)
        if first is None:
            continue
        common = 1.0 if first == WHOLE else _common(own, opened[first], rule)
        if name == WHOLE or (lift(name, opened) < LIFT and _holds(incident, WHOLE, opened)):
            common = max(common, MOST)
        if common > shared:
            best, shared = incident, common
    if shared >= MOST:
        return best
    since = own.open.since if own.open is not None else 0
    return hashlib.sha256(f"{brand}\x1f{name}@{since}".encode("utf-8", "replace")).hexdigest()[:32]


def leader(incident: str, opened: Mapping[str, Series]) -> str | None:
    """The series to show: the most specific one that holds most of the excess and is not just a part of the brand.

    The one that leads stays, unless it no longer qualifies or a more specific one does. None once the leader has ended:
    the incident is then told to its end under the same name.
    """
    members = {name: s for name, s in opened.items() if s.open is not None and s.open.incident == incident}
    now = next((s.open.leading for s in members.values() if s.open is not None and s.open.leading), "")
    if now and now not in members:
        return None
    most = max(excess(series) for series in members.values())
    able = [n for n, s in members.items() if excess(s) >= MOST * most and (n == WHOLE or lift(n, opened) >= LIFT)]
    able = able or sorted(members, key=lambda n: (-excess(members[n]), n))[:1]
    found = min(able, key=lambda n: (_rank(n), -excess(members[n]), n))
    return now if now in able and _rank(now) <= _rank(found) else found


def strays(incident: str, opened: Mapping[str, Series], rule: Rule) -> list[str]:
    """Series that joined while the brand as a whole led, and have too little to do with who leads now.

    Two causes at once first show as one rise of the brand: once one of them leads, the other is an incident of its own.
    """
    first = leader(incident, opened)
    if first is None or first == WHOLE:
        return []
    members = (name for name, s in opened.items() if s.open is not None and s.open.incident == incident)
    return [
        name
        for name in members
        if name not in (first, WHOLE)
        and lift(name, opened) >= LIFT
        and _common(opened[name], opened[first], rule) < MOST
    ]


def current(incident: str, opened: Mapping[str, Series]) -> str | None:
    """The open series that leads the incident now; None where it has ended."""
    for name, series in opened.items():
        if series.open is not None and series.open.incident == incident and series.open.leading in (name, ""):
            return name
    return None


def excess(series: Series) -> float:
    """How many more than expected an open alert has had at most."""
    return series.open.peak.observed - series.open.peak.expected if series.open is not None else 0.0


def lift(name: str, opened: Mapping[str, Series]) -> float:
    """The series' part of the brand's excess over its usual part of the brand's negatives.

    Where the brand as a whole has no alert, what has one is more than a part of it.
    """
    whole, part = opened.get(WHOLE), opened[name]
    if whole is None or whole.open is None or part.open is None:
        return 2.0 * LIFT
    usual = (part.negatives.level + SMOOTH / 24) / (whole.negatives.level + SMOOTH / 24)
    return excess(part) / max(excess(whole), 1.0) / usual


def _holds(incident: str, name: str, opened: Mapping[str, Series]) -> bool:
    series = opened.get(name)
    return series is not None and series.open is not None and series.open.incident == incident


def _rank(name: str) -> int:
    return SPECIFIC.index(name.partition("=")[0])


def _common(one: Series, other: Series, rule: Rule) -> float:
    """The part that two series share of the posts of the smaller one, over the last window."""
    mine, theirs = _posts(one, rule), _posts(other, rule)
    return len(mine & theirs) / max(1, min(len(mine), len(theirs)))


def _posts(series: Series, rule: Rule) -> set[int]:
    newest = series.negatives.clock
    return {member for bucket, member in series.members if newest - bucket < rule.spans[-1]}
