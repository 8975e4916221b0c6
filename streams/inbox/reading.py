"""What the inbox shows, read from the store: queues, a post with thread and trends, and a mark of what changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from schemas.cases import Case
from schemas.enriched import EnrichedPost, Span, TopicRef
from schemas.errors import StoreError
from schemas.identity import from_millis, parse_time, to_millis
from sinks.base import Document, Query, Sink
from sinks.documents import post_of
from streams.cases.reading import case_of, cases_of, suggestions_by_product
from streams.cases.rules import named

PAGE = 25
NEIGHBOURS = 200
"""Cases before and after the one shown, among which the next and the previous are looked for."""
OPTIONS = 500
"""Newest cases of a queue whose languages, products and channels can be chosen."""
THREAD = 30
WEEKS = 6
TOPICS = 3
NAMED_TOPICS = 500
"""The largest topics, among which a person can choose."""
FILTERS = ("state", "language", "brand", "product", "channel", "author", "customer")


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a post in one language, and its English where it has one of its own."""

    text: str
    language: str
    english: str | None
    status: str
    feeling: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """Another post of the thread, and what it has to do with the one shown."""

    post: EnrichedPost
    relation: str
    evidence: tuple[str, ...] = ()
    linked: bool = False
    """The same complaint, told elsewhere: a link that a person can undo."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Posts a week that speak of a topic, the last week ending with the newest post about it."""

    id: str
    label: str
    keywords: tuple[str, ...]
    weeks: tuple[int, ...]

    @property
    def words(self) -> str:
        """The last week against the one before."""
        now, before = self.weeks[-1], self.weeks[-2]
        if now == before:
            return f"steady at {now} a week"
        return f"{'up' if now > before else 'down'} from {before} to {now} a week"


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of a queue."""

    cases: list[Case]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many there are; the store answers no more than 10,000 cases."""
        return max(1, -(-min(self.total, 10_000) // PAGE))


@dataclass(frozen=True, slots=True)
class Shown:
    """A post with everything that stands around it. `post` None: the store holds only its case."""

    post: EnrichedPost | None
    cases: list[Case]
    lines: list[Line]
    thread: list[Told]
    trends: list[Trend]


class Board:
    """Reads one store. Blocking, thread-safe; raises StoreError where the store cannot be read."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def queue(self, query: Query, page: int) -> Queue:
        """A page of cases, the most severe first."""
        hits = self._sink.search(replace(query, limit=PAGE, offset=PAGE * (page - 1)))
        return Queue([_case(document.body) for document in hits.documents], hits.total, page)

    def open_in(self, queue: str) -> int:
        """How many cases of a queue are open."""
        return self._sink.count("cases", Query(kind="cases", queue=queue, state="open"))

    def options(self, queue: str) -> dict[str, list[str]]:
        """Values to filter by, of the newest cases of a queue."""
        found: dict[str, set[str]] = {name: set() for name in ("language", "brand", "product", "channel")}
        for document in self._sink.search(Query(kind="cases", queue=queue, sort="newest", limit=OPTIONS)).documents:
            for name, values in found.items():
                if value := document.body["feedback"]["case"].get(name):
                    values.add(value)
        return {name: sorted(values) for name, values in found.items()}

    def case(self, case: str) -> Case | None:
        """One case."""
        found = self._sink.get("cases", [case])[0]
        return None if found is None else _case(found.body)

    def neighbours(self, case: str, query: Query) -> tuple[str | None, str | None]:
        """The case before and the one after in the queue; None at its ends, or where it is not near its start."""
        ids = [document.id for document in self._sink.search(replace(query, limit=NEIGHBOURS)).documents]
        if case not in ids:
            return None, ids[0] if ids else None
        place = ids.index(case)
        return ids[place - 1] if place else None, ids[place + 1] if place + 1 < len(ids) else None

    def others_of(self, case: Case) -> int:
        """How many other cases the same person has in this queue."""
        query = Query(kind="cases", queue=case.queue, customer=case.customer_id)
        if not case.customer_id:
            if not case.author:
                return 0
            query = Query(kind="cases", queue=case.queue, author=case.author, source=case.source)
        return max(0, self._sink.count("cases", query) - 1)

    def shown(self, identity: str) -> Shown:
        """The post with its cases, its thread and its topics' trends."""
        found = self._sink.get("posts", [identity])[0]
        cases = cases_of(self._sink, identity)
        if found is None:
            return Shown(None, cases, [], [], [])
        post = _post(found.body, identity)
        return Shown(post, cases, lines_of(post), self._thread(post), self._trends(post))

    def topics(self) -> list[TopicRef]:
        """The topics that there are, by name: what a post can be said to speak of."""
        hits = self._sink.search(Query(kind="topics", sort="severity", limit=NAMED_TOPICS)).documents
        found = [document.body["feedback"]["topic"] for document in hits]
        named = [
            TopicRef(status="assigned", id=one["id"], label=one["label"], keywords=one.get("keywords", []))
            for one in found
            if one.get("status", "active") == "active"
        ]
        return sorted(named, key=lambda one: ((one.label or "").casefold(), one.id or ""))

    def post(self, identity: str) -> EnrichedPost | None:
        """One post by itself."""
        found = self._sink.get("posts", [identity])[0]
        return None if found is None else _post(found.body, identity)

    def suggestions(self) -> tuple[list[tuple[str, Counter[str]]], bool]:
        """Suggestions by product and what became of them; and whether all were counted."""
        return suggestions_by_product(self._sink)

    def marker(self, case: str | None = None) -> str:
        """Changes when a case does: that case, or any."""
        if case is not None:
            found = self._sink.get("cases", [case])[0]
            return "none" if found is None else f"{case}:{found.version}"
        hits = self._sink.search(Query(kind="cases", sort="newest", limit=1))
        newest = ":".join(f"{one.id}:{one.version}" for one in hits.documents)
        return f"{hits.total}:{newest}"

    def _thread(self, post: EnrichedPost) -> list[Told]:
        """Linked posts, replies, the same thread and the same customer: each once, in the order of time."""
        told: dict[str, Told] = {}
        links = post.links[:THREAD]
        for link, found in zip(links, self._sink.get("posts", [link.identity for link in links]), strict=True):
            if found is not None:
                sure = f"told elsewhere, {link.confidence:.0%} sure"
                told[link.identity] = Told(_post(found.body, link.identity), sure, tuple(link.evidence), True)
        author = post.author
        name = (author.handle or author.id) if author else None
        asked = [
            ("replies to it", Query(thread=post.id, source=post.source, channel=post.channel)),
            ("same thread", Query(thread=post.thread_id, source=post.source) if post.thread_id else None),
            ("what it replies to", Query(thread=post.in_reply_to, source=post.source) if post.in_reply_to else None),
            ("same customer", Query(customer=author.customer_id) if author and author.customer_id else None),
            ("same author", Query(author=name, source=post.source) if named(name) else None),
        ]
        for relation, query in asked:
            if query is None:
                continue
            for document in self._sink.search(replace(query, sort="newest", limit=THREAD)).documents:
                if document.id == post.identity or document.id in told:
                    continue
                other = _post(document.body, document.id)
                company = other.author is not None and other.author.role == "company"
                told[document.id] = Told(other, f"the company, {relation}" if company else relation)
        return sorted(told.values(), key=lambda one: one.post.event_time)[-THREAD:]

    def _trends(self, post: EnrichedPost) -> list[Trend]:
        found = []
        for topic in [topic for topic in post.topics if topic.id is not None][:TOPICS]:
            newest = self._sink.search(Query(topic=topic.id, sort="newest", limit=1)).documents
            moment = parse_time(newest[0].body.get("@timestamp")) if newest else None
            if moment is None:
                continue
            end = moment + timedelta(milliseconds=1)
            edges = [from_millis(to_millis(end - timedelta(weeks=back))) for back in range(WEEKS, -1, -1)]
            weeks = [
                self._sink.count("posts", Query(topic=topic.id, since=since, until=until))
                for since, until in pairwise(edges)
            ]
            found.append(Trend(topic.id or "", topic.label or topic.id or "", tuple(topic.keywords[:6]), tuple(weeks)))
        return found


def lines_of(post: EnrichedPost) -> list[Line]:
    """The clean text by span, what stands between spans kept with the one before: nothing of it is left out."""
    if not post.spans:
        words = post.clean_text or post.text
        english = post.translation.text if post.translation and post.translation.status != "identity" else None
        return [Line(words, post.language or "und", english, "unsupported", None)] if words else []
    lines = []
    starts = [0, *(span.start for span in post.spans[1:])]
    ends = [*starts[1:], len(post.clean_text)]
    for span, start, end in zip(post.spans, starts, ends, strict=True):
        lines.append(_line(span, post.clean_text[start:end].strip()))
    return lines


def _line(span: Span, text: str) -> Line:
    translation = span.translation
    status = translation.status if translation else "unsupported"
    english = translation.text if translation and status != "identity" else None
    feeling = span.sentiment.label if span.sentiment else None
    return Line(text, span.language, english, status, feeling)


def query_of(queue: str, given: dict[str, str]) -> Query:
    """The store's question for a queue and the filters of the page; unknown and empty ones do not count."""
    wanted: dict[str, Any] = {name: given[name] for name in FILTERS if given.get(name)}
    if wanted.get("state") == "any":
        del wanted["state"]
    return Query(kind="cases", queue=queue, text=given.get("text", "")[:200], sort="severity", **wanted)


def _case(body: dict[str, Any]) -> Case:
    return case_of(body["feedback"]["case"])


def _post(body: dict[str, Any], identity: str) -> EnrichedPost:
    try:
        return post_of(Document("posts", identity, 0, body))
    except ValueError:
        raise StoreError("the store holds a post of another version of vocero: index the posts again") from None
