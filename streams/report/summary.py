"""Reads a store once, page by page, and gives what people want to know of it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TypeVar

import msgspec

from schemas.alerts import Alert
from schemas.cases import Case
from schemas.errors import StoreError
from schemas.topics import Topic
from sinks.base import Document, Kind, Sink
from sinks.documents import post_of
from streams.report.model import AlertLine, CaseLine, Day, FlagLine, ProductWishes, SourceRatings, Summary, TopicLine
from streams.report.ratings import by_source
from streams.report.reading import documents
from streams.report.tally import NamedTally, Series, Tally, feelings_of, groups_of
from streams.report.voices import excerpt, name

TOPICS = 30
ALERTS = 30
RECOVERED = 20
PRODUCTS = 12
SOURCES = 25
STEPS = 12
_WEEK = timedelta(days=7)
Record = TypeVar("Record", Alert, Case, Topic)


def summarise(sink: Sink, *, dead_letters: int | None = None) -> Summary:
    """What an open store holds. `dead_letters`: how many there were, where the caller knows.

    Memory does not grow with the number of posts. Posts of another version of the schema are counted as unread.
    Raises StoreError where the store cannot be read, or holds alerts, cases or topics of another version.
    """
    sink.refresh()
    alerts = [_record(one, "alert", Alert) for one in _some(sink, "alerts", 1000)]
    tally = Tally(tuple(dict.fromkeys(_series(one) for one in alerts)))
    there = sink.count("posts")
    for document in documents(sink, "posts"):
        try:
            post = post_of(document)
        except ValueError:
            continue  # of another version of the schema: it is among the unread
        tally.add(post)
    states: Counter[str] = Counter()
    recovered: list[CaseLine] = []
    for document in documents(sink, "cases"):
        case = _record(document, "case", Case)
        if case.queue != "complaint":
            continue  # told by their posts: praise and suggestions have chapters of their own
        states[case.state] += 1
        if case.state == "recovered" and len(recovered) < RECOVERED:
            recovered.append(_case(case))
    lines = sorted((_alert(one, tally) for one in alerts), key=lambda one: (-one.standing_out, one.id))
    return Summary(
        posts=tally.posts,
        unread=max(0, there - tally.posts),
        company_posts=tally.company,
        first=tally.first,
        last=tally.last,
        feelings=feelings_of(tally.feelings),
        days=tuple(Day(day, feelings_of(counts)) for day, counts in sorted(tally.days.items())),
        channels=groups_of(tally.channels),
        languages=groups_of(tally.languages),
        topics=_topics(sink, tally),
        topics_in_all=len(tally.topics),
        emerging=tally.emerging,
        two_topics=tally.two_topics,
        two_topic_examples=tally.two_topic_posts.items,
        complaints=tally.complaints.items,
        alerts=tuple(lines[:ALERTS]),
        alerts_in_all=sink.count("alerts"),
        case_states=tuple(states.most_common()),
        recovered=tuple(sorted(recovered, key=lambda case: (-case.severity, case.id))),
        suggestions=tally.suggestions,
        wishes=_wishes(tally),
        ratings=_ratings(tally),
        rating_disagrees=tally.rating_disagrees,
        flags=_flags(tally),
        redactions=tuple(tally.redactions.most_common()),
        failed=tuple(tally.failed.most_common()),
        failed_posts=tally.failed_posts,
        dead_letters=dead_letters,
    )


def _ratings(tally: Tally) -> tuple[SourceRatings, ...]:
    """The largest sources, and every one that stands out."""
    lines = by_source(tally.stars)
    return tuple(line for rank, line in enumerate(lines) if rank < SOURCES or line.stands_out)


def _some(sink: Sink, kind: Kind, limit: int) -> list[Document]:
    found = []
    for document in documents(sink, kind):
        found.append(document)
        if len(found) >= limit:
            break
    return found


def _record(document: Document, field: str, kind: type[Record]) -> Record:
    try:
        return msgspec.convert(document.body["feedback"][field], kind)
    except (KeyError, TypeError, msgspec.ValidationError):
        raise StoreError(
            f"the store holds {document.kind} of another version of vocero: choose another store, or remove this one"
        ) from None


def _series(alert: Alert) -> Series:
    return (alert.brand, alert.dimension, alert.value)


def _alert(alert: Alert, tally: Tally) -> AlertLine:
    days = tally.series[_series(alert)]
    peak_day = max(days, key=lambda day: (days[day], day), default=None)
    peak = days[peak_day] if peak_day is not None else 0
    length = (max(tally.days) - min(tally.days)).days if tally.days else 0
    label = tally.topics[alert.value].label if alert.dimension == "topic" and alert.value in tally.topics else ""
    return AlertLine(
        id=alert.id,
        brand=name(alert.brand),
        dimension=name(alert.dimension),
        value=label or name(alert.value),
        state=alert.state,
        since=alert.since,
        at=alert.at,
        window_seconds=alert.window_seconds,
        observed=alert.observed,
        expected=alert.expected,
        score=alert.score,
        topics=tuple(name(one) for one in alert.topics[:5] if one),
        exemplars=tuple(
            (excerpt(one.excerpt), excerpt(one.translation) if one.translation else None) for one in alert.exemplars[:5]
        ),
        days=tuple(sorted(days.items())),
        peak_day=peak_day,
        peak=peak,
        usual=(days.total() - peak) / length if length else 0.0,
    )


def _topics(sink: Sink, tally: Tally) -> tuple[TopicLine, ...]:
    """The most spoken of, named as the shared model names them now."""
    last = max(tally.days, default=None)
    ranked = sorted(tally.topics.items(), key=lambda item: (-item[1].posts, item[0]))[:TOPICS]
    wanted = [key for key, _ in ranked]
    models = [None if one is None else _record(one, "topic", Topic) for one in sink.get("topics", wanted)]
    return tuple(_topic(key, one, model, last) for (key, one), model in zip(ranked, models, strict=True))


def _topic(key: str, one: NamedTally, model: Topic | None, last: date | None) -> TopicLine:
    def within(newest: timedelta, oldest: timedelta) -> int:
        return sum(n for day, n in one.days.items() if last is not None and newest <= last - day < oldest)

    return TopicLine(
        id=key,
        label=name((model.label if model else "") or one.label or key),
        posts=one.posts,
        negative=one.negative,
        last_week=within(timedelta(0), _WEEK),
        week_before=within(_WEEK, 2 * _WEEK),
        days=tuple(sorted(one.days.items())),
        keywords=tuple(name(word) for word in model.keywords[:6]) if model else (),
        examples=one.examples.items,
    )


def _case(case: Case) -> CaseLine:
    return CaseLine(
        id=case.id,
        state=case.state,
        brand=name(case.brand),
        channel=name(case.channel),
        opened_at=case.opened_at,
        updated_at=case.updated_at,
        severity=case.severity,
        author=name(case.author) if case.author and case.channel != "email" else None,
        product=name(case.product) if case.product else None,
        place=name(case.place) if case.place else None,
        excerpt=excerpt(case.excerpt),
        translation=excerpt(case.translation) if case.translation else None,
        steps=tuple((event.at, name(event.action)) for event in case.history[-STEPS:] if event.refused is None),
    )


def _wishes(tally: Tally) -> tuple[ProductWishes, ...]:
    lines = [ProductWishes(product, one.posts, one.examples.items) for product, one in tally.wishes.items()]
    lines.sort(key=lambda line: (-line.posts, line.product or ""))
    return tuple(lines[:PRODUCTS])


def _flags(tally: Tally) -> tuple[FlagLine, ...]:
    lines = [
        FlagLine(key, one.posts, tuple(one.sources.most_common(5)), one.examples.items)
        for key, one in tally.flags.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.posts, line.name))[:PRODUCTS])
