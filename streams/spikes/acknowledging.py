"""A person takes an incident on: nobody is woken by it again until it has doubled; what starts anew wakes as ever."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.alerts import Acknowledgement
from streams.spikes.baseline import Rule
from streams.spikes.series import Series


def take_on(incident: str, opened: Mapping[str, Series], word: Acknowledgement) -> list[str]:
    """Marks every open alert of the incident; returns their series. `word` tells who, when and why."""
    names = [name for name, one in opened.items() if one.open is not None and one.open.incident == incident]
    counts = [one.peak.observed for name in names if (one := opened[name].open) is not None and one.leading == name]
    marked = Acknowledgement(
        by=word.by, at=word.at, note=word.note, command=word.command, observed=max(counts, default=0.0)
    )
    for name in names:
        episode = opened[name].open
        if episode is not None:
            episode.acknowledged = marked
            episode.told = max(episode.told, episode.peak.observed)  # what it grows from is what that person saw
    return names


def taken_on(incident: str, opened: Mapping[str, Series]) -> Acknowledgement | None:
    """The acknowledgement of an incident, which a series that joins it shares."""
    for one in opened.values():
        if one.open is not None and one.open.incident == incident and one.open.acknowledged is not None:
            return one.open.acknowledged
    return None


def wake_again(incident: str, opened: Mapping[str, Series], rule: Rule) -> None:
    """Lifts the acknowledgement once the leading alert holds `Rule.grow` times what it held then."""
    word = taken_on(incident, opened)
    if word is None:
        return
    members = [one.open for one in opened.values() if one.open is not None and one.open.incident == incident]
    leading = [
        one.open.peak.observed
        for name, one in opened.items()
        if one.open is not None and one.open.incident == incident and one.open.leading == name
    ]
    if leading and max(leading) >= rule.grow * word.observed:
        for episode in members:
            episode.acknowledged = None
