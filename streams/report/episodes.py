"""One failure raises many alerts, one per series that it is seen in: here they are put together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from schemas.identity import parse_time
from streams.report.model import AlertLine

TOGETHER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Episode:
    """The alert that stands out most, and the others of its brand that began within a day of it."""

    main: AlertLine
    also: tuple[AlertLine, ...] = ()


def episodes(alerts: Sequence[AlertLine]) -> tuple[Episode, ...]:
    """In the order of `alerts`, whose first is taken as the main one of its episode."""
    left = list(alerts)
    found = []
    while left:
        main = left.pop(0)
        also = [one for one in left if _together(main, one)]
        left = [one for one in left if not _together(main, one)]
        found.append(Episode(main, tuple(also)))
    return tuple(found)


def _together(main: AlertLine, other: AlertLine) -> bool:
    first, second = parse_time(main.since), parse_time(other.since)
    return main.brand == other.brand and first is not None and second is not None and abs(first - second) < TOGETHER
