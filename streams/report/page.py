"""The summary as one HTML page: no script, no network, every word of a post as inert text."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from schemas.errors import StoreError
from schemas.identity import parse_time
from streams.report import charts, words
from streams.report.episodes import Episode, episodes
from streams.report.model import Feelings, Summary

FEELINGS = ("negative", "neutral", "positive", "unscored")
MARKS = 3
CLOSED = ("answered", "resolved", "recovered", "removal-requested", "dismissed")
TEMPLATE = "page.html.j2"


def write_report(summary: Summary, path: Path | str) -> None:
    """Writes the page in one step, so that a reader sees the old page or the new one.

    Only its owner may read it, as with the store: it holds customers' words. Raises StoreError with what to do.
    """
    target = Path(path)
    page = render_report(summary).encode("utf-8", "replace")
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(page)
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise StoreError(
            f"the report {target} cannot be written ({error.strerror}); check the folder, or choose another file"
        ) from None


def render_report(summary: Summary) -> str:
    """The page's text."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        time=words.time_name, language=words.language_name, day=words.day_name, feelings=_feelings, parts=charts.parts
    )
    environment.globals.update(percent=words.percent, negative_share=words.negative_share, trend=words.trend)
    return environment.get_template(TEMPLATE).render(summary=summary, **_view(summary))


def _shown(value: Any) -> Any:
    """Control characters made visible in whatever is printed; markup of our own macros stays."""
    return words.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _feelings(feelings: Feelings) -> dict[str, int]:
    return {name: getattr(feelings, name) for name in FEELINGS}


def _view(summary: Summary) -> dict[str, Any]:
    """What the template needs beside the summary."""
    told = episodes(summary.alerts)
    days = {day.date: day.feelings for day in summary.days}
    spans = charts.buckets(min(days), max(days)) if days else ()
    sentiment = {name: {day: getattr(feelings, name) for day, feelings in days.items()} for name in FEELINGS}
    return {
        "period": words.period(summary),
        "episodes": told,
        "sentiment_chart": charts.time_chart("Customers' posts per day by sentiment", spans, sentiment),
        "spike_chart": _spikes(summary, told, spans),
        "spans": spans,
        "sparks": {
            topic.id: charts.time_chart(f"{topic.posts} posts over time", spans, {"topic": dict(topic.days)})
            for topic in summary.topics
        },
        "unsupported": sum(group.unsupported for group in summary.languages),
        "open_cases": sum(n for state, n in summary.case_states if state not in CLOSED),
        "recovered_cases": dict(summary.case_states).get("recovered", 0),
    }


def _spikes(summary: Summary, told: tuple[Episode, ...], spans: tuple[charts.Bucket, ...]) -> charts.TimeChart:
    """Negatives per day; those of the series that spiked most are told apart, and each episode's start is marked."""
    inside = dict(told[0].main.days) if told else {}
    negatives = {
        "in the spike": inside,
        "other negatives": {day.date: day.feelings.negative - inside.get(day.date, 0) for day in summary.days},
    }
    marks = [
        (moment, f"{one.main.what}, {words.day_name(moment.date())} {moment:%H:%M}")
        for one in told[:MARKS]
        if (moment := parse_time(one.main.since)) is not None
    ]
    return charts.time_chart("Negative posts per day", spans, negatives, marks)
