"""Counts and alarms as one page of SVG: no script, no network, a bounded number of points for a file of any size."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from schemas.identity import from_millis
from streams.spikes.history import Alarm, Count

BINS = 1200
WIDTH, HEIGHT = 1200.0, 260.0
ROWS = 500

STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#1c2330}
svg{width:100%;height:auto;background:#f7f8fa}polyline{fill:none;stroke:#2b5f9e;stroke-width:1.2}
rect{fill:#c8321f;opacity:.25}text{font-size:13px;fill:#4a5260}table{border-collapse:collapse}
td,th{padding:.2rem .8rem;text-align:right}td:first-child,th:first-child{text-align:left}
@media(prefers-color-scheme:dark){body{background:#14181f;color:#e6e9ee}svg{background:#1c2230}
polyline{stroke:#7fb0ea}text{fill:#a8b0bd}}"""


@dataclass(slots=True)
class Outline:
    """The highest count of each of at most `BINS` stretches of time; stretches double as the file goes on."""

    start: int | None = None
    stretch: int = 60_000
    highest: dict[int, float] = field(default_factory=dict)

    def take(self, count: Count) -> None:
        """One more count; one from before the first is shown with the first."""
        if self.start is None:
            self.start = count.at
        slot = max(0, count.at - self.start) // self.stretch
        while slot >= BINS:
            self.stretch *= 2
            halved: dict[int, float] = {}
            for one, value in self.highest.items():
                halved[one // 2] = max(value, halved.get(one // 2, 0.0))
            self.highest = halved
            slot = max(0, count.at - self.start) // self.stretch
        self.highest[slot] = max(count.value, self.highest.get(slot, 0.0))


def page(outline: Outline, alarms: list[Alarm], *, title: str) -> str:
    """The page. Times are UTC."""
    start = outline.start or 0
    last = max(outline.highest, default=0) + 1
    top = max(outline.highest.values(), default=0.0) or 1.0

    def x(at: int) -> float:
        return WIDTH * min(1.0, max(0.0, (at - start) / outline.stretch / last))

    points = " ".join(
        f"{WIDTH * (slot + 0.5) / last:.1f},{HEIGHT - HEIGHT * 0.94 * value / top:.1f}"
        for slot, value in sorted(outline.highest.items())
    )
    marks = "".join(
        f'<rect x="{x(one.since):.1f}" y="0" width="{max(2.0, x(one.last) - x(one.since)):.1f}" height="{HEIGHT:.0f}">'
        f"<title>{_time(one.at)}, score {one.score:.2f}</title></rect>"
        for one in alarms[:ROWS]
    )
    rows = "".join(
        f"<tr><td>{_time(one.at)}</td><td>{_time(one.since)}</td><td>{one.score:.2f}</td>"
        f"<td>{one.peak.observed:g}</td><td>{one.peak.expected:.1f}</td><td>{one.peak.window_ms / 3.6e6:g}</td></tr>"
        for one in alarms[:ROWS]
    )
    left = f"<p>{len(alarms) - ROWS} more alarms are not shown.</p>" if len(alarms) > ROWS else ""
    end = start + last * outline.stretch
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<h1>{escape(title)}</h1><p>{len(alarms)} alarms from {_time(start)} to {_time(end)}, UTC. The line is the "
        f"highest count in each stretch of {outline.stretch / 60_000:g} minutes.</p>"
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT + 24:.0f}" role="img" aria-label="counts over time, alarms marked">'
        f'{marks}<polyline points="{points}"/><text x="4" y="14">{top:g}</text>'
        f'<text x="4" y="{HEIGHT + 18:.0f}">{_time(start)}</text>'
        f'<text x="{WIDTH - 4:.0f}" y="{HEIGHT + 18:.0f}" text-anchor="end">{_time(end)}</text></svg>'
        "<table><thead><tr><th>told at</th><th>since</th><th>score</th><th>observed</th><th>expected</th>"
        f"<th>hours</th></tr></thead><tbody>{rows}</tbody></table>{left}</body></html>\n"
    )


def _time(millis: int) -> str:
    return from_millis(millis)[:16].replace("T", " ")
