"""One cause makes one incident: series of a brand that rise with the same posts belong together, and one leads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from streams.spikes.baseline import Rule
from streams.spikes.series import Series

SPECIFIC = ("place", "product", "topic", "channel", "language", "overall")
"""Who leads, of those that hold most of an incident's excess: what the channel says before what a model says."""
MOST = 0.5
"""The part of an incident's largest excess that its leader must hold, and the part of posts that two series share."""


def join(name: str, opened: Mapping[str, Series], rule: Rule, brand: str) -> str:
    """The incident of a series that has just started: that of the series with which it shares most posts, or a new one.

    `opened` are the series of the brand with an open alert, the new one among them.
    """
    mine = _posts(opened[name], rule)
    best, shared = "", 0.0
    for other in sorted(opened):
        series = opened[other]
        if other == name or series.open is None or not series.open.incident:
            continue
        theirs = _posts(series, rule)
        # either holds most of the other: a place within all of the brand, or all of the brand around a place
        common = len(mine & theirs) / max(1, min(len(mine), len(theirs)))
        if other.startswith("overall=") and _others(name, other, opened):
            common *= MOST  # the whole brand rises with any of its parts: it alone does not make two causes one
        if common > shared:
            best, shared = series.open.incident, common
    if shared >= MOST:
        return best
    episode = opened[name].open
    since = episode.since if episode is not None else 0
    return hashlib.sha256(f"{brand}\x1f{name}@{since}".encode("utf-8", "replace")).hexdigest()[:32]


def leader(incident: str, opened: Mapping[str, Series]) -> str:
    """The most specific series that holds most of the incident's excess; the most surprising of equals."""
    found = {name: s.open for name, s in opened.items() if s.open is not None and s.open.incident == incident}
    most = max(episode.peak.observed - episode.peak.expected for episode in found.values())
    holding = {n: e for n, e in found.items() if e.peak.observed - e.peak.expected >= MOST * most}
    return min(holding, key=lambda n: (SPECIFIC.index(n.partition("=")[0]), holding[n].peak.log10_p, n))


def _others(name: str, other: str, opened: Mapping[str, Series]) -> bool:
    """Another, more specific series already leads the incident of `other`, and `name` does not share its posts."""
    incident = opened[other].open
    return incident is not None and any(
        s.open is not None and s.open.incident == incident.incident and n not in (name, other)
        for n, s in opened.items()
    )


def _posts(series: Series, rule: Rule) -> set[int]:
    """The posts of the last window."""
    newest = series.negatives.clock
    return {member for bucket, member in series.members if newest - bucket < rule.spans[-1]}
