"""Geometry of the page's charts: values in, rectangles out. The template draws them as SVG and escapes every label.

No chart library: those at hand put scripts, or addresses of other hosts, into their SVG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from streams.report.words import day_name

BARS = 64
"""At most as many bars stand in one chart; longer periods are put together in weeks or more."""
STEPS = (1, 7, 28, 91, 364)
HEIGHT = 100.0
_GAP = 0.16


@dataclass(frozen=True, slots=True)
class Bucket:
    """Days from `start` to before `end`."""

    start: date
    end: date

    @property
    def name(self) -> str:
        """Such as `24 Mar`, or `23 Mar to 29 Mar`."""
        last = self.end - timedelta(days=1)
        return day_name(self.start) if last == self.start else f"{day_name(self.start)} to {day_name(last)}"


@dataclass(frozen=True, slots=True)
class Rect:
    """In units of the chart: one bar is 1 wide, the chart 100 high. `kind` is its class, `title` its tooltip."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A label at a share (0 to 100) of an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class TimeChart:
    """Stacked bars over time, and the same values as a table."""

    label: str
    width: int
    rects: tuple[Rect, ...]
    levels: tuple[Mark, ...]
    ticks: tuple[Mark, ...]
    marks: tuple[Mark, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


def buckets(first: date, last: date) -> tuple[Bucket, ...]:
    """Equal steps that cover both days, at most BARS of them unless even years would be more."""
    days = (last - first).days + 1
    step = next((one for one in STEPS if days <= one * BARS), -(-days // BARS))
    return tuple(Bucket(first + timedelta(days=at), first + timedelta(days=at + step)) for at in range(0, days, step))


def time_chart(
    label: str,
    spans: Sequence[Bucket],
    series: Mapping[str, Mapping[date, int]],
    marks: Sequence[tuple[datetime, str]] = (),
) -> TimeChart:
    """One stacked bar per bucket; the first series lies at the bottom."""
    rows = []
    for span in spans:
        days = [span.start + timedelta(days=n) for n in range((span.end - span.start).days)]
        rows.append((span.name, tuple(sum(values.get(day, 0) for day in days) for values in series.values())))
    top = ceiling(max((sum(values) for _, values in rows), default=0))
    rects = []
    for index, (name, values) in enumerate(rows):
        base = HEIGHT
        for kind, value in zip(series, values, strict=True):
            if value:
                height = HEIGHT * value / top
                base -= height
                rects.append(Rect(index + _GAP / 2, base, 1 - _GAP, height, kind, f"{name}: {value} {kind}"))
    every = max(1, -(-len(spans) // 7))
    return TimeChart(
        label=label,
        width=max(1, len(spans)),
        rects=tuple(rects),
        levels=tuple(Mark(100 - 100 * part / 2, f"{top * part / 2:g}") for part in (0, 1, 2)),
        ticks=tuple(
            Mark(100 * (index + 0.5) / len(spans), day_name(span.start))
            for index, span in enumerate(spans)
            if index % every == 0
        ),
        marks=tuple(Mark(100 * share, text) for moment, text in marks if (share := _share(moment, spans)) is not None),
        kinds=tuple(series),
        rows=tuple(rows),
    )


def _share(moment: datetime, spans: Sequence[Bucket]) -> float | None:
    """Where a time lies between the first and the last day, 0 to 1; None outside."""
    if not spans:
        return None
    start, end = (datetime.combine(day, time(), UTC) for day in (spans[0].start, spans[-1].end))
    return (moment - start) / (end - start) if start <= moment < end else None


def ceiling(value: int) -> int:
    """The next even round number, so that the axis and its half are whole."""
    scale = 1
    while True:
        for step in (2, 4, 5, 6, 8, 10):
            if value <= step * scale and step * scale % 2 == 0:
                return step * scale
        scale *= 10


def parts(values: Mapping[str, int]) -> tuple[Rect, ...]:
    """One bar of width 100 split by share, left to right; nothing where all are zero."""
    total = sum(values.values())
    rects = []
    x = 0.0
    for kind, value in values.items():
        if value:
            width = 100 * value / total
            rects.append(Rect(x, 0, width, HEIGHT, kind, f"{value} {kind}"))
            x += width
    return tuple(rects)
