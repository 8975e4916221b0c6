"""What a query's filters, text and sorts mean in each kind of document: one table that every sink reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.errors import SettingsError
from schemas.identity import parse_time, to_millis
from sinks.base import Document, Kind, Query, Subject

MAX_WORDS = 32
"""More words than this in one query are not looked at."""

FILTERS: dict[Kind, dict[str, tuple[str, ...]]] = {
    "posts": {
        # `unscored` is asked for like a label
        "sentiment": ("feedback.sentiment.label", "feedback.sentiment.status"),
        "language": ("feedback.language", "feedback.languages"),
        "channel": ("feedback.channel",),
        "source": ("feedback.source",),
        "brand": ("feedback.brand",),
        "product": ("feedback.product",),
        "place": ("feedback.place",),
        "topic": ("feedback.topics.id", "feedback.topics.label"),
        "intent": ("feedback.intents.label",),
        "corrected": ("feedback.correction.fields",),
        "author": ("feedback.author.handle", "feedback.author.id"),
        "customer": ("feedback.author.customer_id",),
        "thread": ("feedback.thread_id", "feedback.in_reply_to", "feedback.id"),
    },
    "cases": {
        **{name: (f"feedback.case.{name}",) for name in ("channel", "source", "product", "place", "language", "queue")},
        "brand": ("feedback.case.brand", "feedback.case.company"),
        "state": ("feedback.case.state", "feedback.case.status"),
        "author": ("feedback.case.author",),
        "customer": ("feedback.case.customer_id",),
    },
    "alerts": {"brand": ("feedback.alert.brand",), "topic": ("feedback.alert.topics",)},
    "topics": {"topic": ("feedback.topic.id", "feedback.topic.label")},
    "dead-letters": {},
    "journal": {},
}
"""Per kind, a query's filter to the fields of which one must equal it. A filter that a kind lacks matches nothing."""

SUBJECTS: dict[Kind, dict[str, tuple[str, ...]]] = {
    "posts": {
        "customer_ids": ("feedback.author.customer_id",),
        "authors": ("feedback.author.id",),
        "handles": ("feedback.author.handle",),
        "posts": ("feedback.identity",),
    },
    "cases": {
        "customer_ids": ("feedback.case.customer_id",),
        # a case knows its author by whichever of the two the post had
        "authors": ("feedback.case.author",),
        "handles": ("feedback.case.author",),
        "posts": ("feedback.case.identity", "feedback.case.history.identity"),
    },
    "alerts": {"posts": ("feedback.alert.exemplars.identity",)},
    "topics": {},
    "dead-letters": {"posts": ("feedback.dead_letter.identity",)},
    "journal": {},
}
"""Per kind, what a `Subject` names to the fields of which one must equal it."""

ORIGINAL: dict[Kind, tuple[str, ...]] = {
    "posts": ("feedback.clean_text", "feedback.title"),
    "cases": ("feedback.case.excerpt",),
    "alerts": ("feedback.alert.exemplars.excerpt",),
    "topics": ("feedback.topic.label", "feedback.topic.keywords"),
    "dead-letters": (),
    "journal": (),
}
ENGLISH: dict[Kind, tuple[str, ...]] = {
    "posts": ("feedback.translation.text",),
    "cases": ("feedback.case.translation",),
    "alerts": ("feedback.alert.exemplars.translation",),
    "topics": ("feedback.topic.examples",),
    "dead-letters": (),
    "journal": (),
}
CONTEXT: dict[Kind, tuple[str, ...]] = {
    "posts": tuple(f"feedback.{name}" for name in ("brand", "product", "place", "topics.label")),
    "cases": tuple(f"feedback.case.{name}" for name in ("brand", "product", "place")),
    "alerts": tuple(f"feedback.alert.{name}" for name in ("brand", "value", "topics")),
    "topics": (),
    "dead-letters": (),
    "journal": (),
}
"""Searched as text too: the names that a post, a case or an alert goes by."""

SEVERITY: dict[Kind, str] = {
    "posts": "feedback.severity.score",
    "cases": "feedback.case.severity",
    "alerts": "feedback.alert.score",
    "topics": "feedback.topic.count",
    "dead-letters": "feedback.dead_letter.offset",
    "journal": "feedback.journal.documents",
}
"""What `sort="severity"` orders by, greatest first; without a value last."""


@dataclass(frozen=True, slots=True)
class Window:
    """Event time in milliseconds: `since` <= time < `until`; None is open."""

    since: int | None
    until: int | None

    def holds(self, time: int | None) -> bool:
        """True where the time lies in the window; a document without a time only lies in an open one."""
        if self.since is None and self.until is None:
            return True
        return (
            time is not None
            and (self.since is None or time >= self.since)
            and (self.until is None or time < self.until)
        )


def window(query: Query) -> Window:
    """The query's time window. Raises SettingsError where `since` or `until` is no RFC 3339 time."""
    bounds: list[int | None] = []
    for name, text in (("since", query.since), ("until", query.until)):
        moment = parse_time(text)
        if text and moment is None:
            raise SettingsError(f"`{name}` is not a time; write it like 2026-03-01 or 2026-03-01T09:30:00Z")
        bounds.append(None if moment is None else to_millis(moment))
    return Window(*bounds)


def filters(query: Query) -> list[tuple[str, str]]:
    """The exact filters that are set, as (name, value), each value sendable as UTF-8."""
    named = ((name, getattr(query, name)) for name in dict.fromkeys([*FILTERS["posts"], *FILTERS["cases"]]))
    return [(name, sendable(value)) for name, value in named if value is not None]


def values(body: Any, path: str) -> Iterator[Any]:
    """The leaves under a dotted path, through lists; nothing where a part is missing."""
    head, _, rest = path.partition(".")
    found = body.get(head) if isinstance(body, dict) else None
    for item in found if isinstance(found, list) else [found]:
        if rest:
            yield from values(item, rest)
        elif item is not None:
            yield item


def sought(subject: Subject) -> list[tuple[str, str]]:
    """The subject's (name, value) pairs, each value sendable as UTF-8."""
    return [(name, sendable(value)) for name in SUBJECTS["posts"] for value in getattr(subject, name)]


def facets(document: Document) -> set[tuple[str, str]]:
    """Every (filter or subject name, value) that the document answers to."""
    return {
        (name, value)
        for table in (FILTERS, SUBJECTS)
        for name, paths in table[document.kind].items()
        for path in paths
        for value in values(document.body, path)
        if isinstance(value, str)
    }


def text_of(document: Document, paths: dict[Kind, tuple[str, ...]]) -> str:
    """The words under those paths, one field a line."""
    found = (value for path in paths[document.kind] for value in values(document.body, path))
    return "\n".join(value for value in found if isinstance(value, str))


def time_of(document: Document) -> int | None:
    """`@timestamp` in milliseconds; None where there is none."""
    text = document.body.get("@timestamp")
    moment = parse_time(text) if isinstance(text, str) else None
    return None if moment is None else to_millis(moment)


def severity_of(document: Document) -> float | None:
    """What `sort="severity"` compares; None where the document has none."""
    found = next(values(document.body, SEVERITY[document.kind]), None)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def phrases(text: str) -> list[str]:
    """The parts of a query that must all occur: words, and what stands between double quotes.

    Parts without a letter or digit are left out, so a text may hold none; see `unsearchable`.
    """
    parts: list[str] = []
    for index, piece in enumerate(sendable(text).split('"')):
        parts += [piece] if index % 2 else piece.split()
    return [part.strip() for part in parts if any(map(str.isalnum, part))][:MAX_WORDS]


def unsearchable(query: Query) -> bool:
    """True where the query has a text, but no word in it: it finds nothing, rather than everything."""
    return bool(query.text.strip()) and not phrases(query.text)


def sendable(text: str) -> str:
    """The text with NUL as a space and lone surrogates as `?`: what any store can be asked."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def folded(text: str) -> str:
    """Lower case without diacritics: what `atencion` and `Atención` have in common."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
