"""Templates to HTML: every value is escaped; what a template needs of words and numbers is given here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from schemas.cases import CaseState
from schemas.enriched import IntentLabel, SentimentLabel
from streams.cases.moves import legal
from streams.explaining import explained
from streams.inbox import words
from streams.report.voices import followable
from streams.report.words import language_name, time_name, visible

TEMPLATES = Path(__file__).with_name("templates")


class Pages:
    """Renders templates. `now` is asked for how long somebody waits."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_shown,
        )
        environment.filters |= {
            "time": time_name,
            "language": language_name,
            "code": language_code,
            "link": followable,
            "event": words.event_name,
            "duration": words.duration,
            "bar": words.bar,
            "part": lambda text: quote(text, safe=""),
        }
        environment.globals |= {
            "QUEUES": words.QUEUES,
            "STATES": words.STATES,
            "ALL_STATES": get_args(CaseState),
            "STEPS": words.STEPS,
            "PLAIN": words.PLAIN,
            "SENTIMENTS": get_args(SentimentLabel),
            "INTENTS": get_args(IntentLabel),
            "legal": legal,
            "explained": explained,
            "waited": lambda case: words.waited(case, now()),
            "asked": asked,
        }
        self._environment = environment

    def render(self, template: str, **context: Any) -> str:
        """The page's HTML."""
        return self._environment.get_template(template).render(**context)


def asked(given: dict[str, str], **changes: str) -> str:
    """The page's filters as a query string, some of them changed; an empty one goes."""
    wanted = {name: value for name, value in {**given, **changes}.items() if value}
    return urlencode(wanted)


def language_code(code: str | None) -> str:
    """A `lang` attribute: empty where the language is not known."""
    return code if code and code.isascii() and code.isalpha() and len(code) in (2, 3) and code != "und" else ""


def _shown(value: Any) -> Any:
    """Control characters made visible; Markup that is ours stays."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else escape(visible(value))
