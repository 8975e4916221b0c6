"""Counting posts one by one: what it keeps is bounded, however many posts there are and whatever they hold."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from schemas.enriched import EnrichedPost
from schemas.identity import parse_time
from streams.report.model import Feelings, Group, Voice
from streams.report.ratings import Stars, on_five
from streams.report.voices import language_of, name, voice_of

KEYS = 2000
"""Different names (sources, products, topics) that are counted by themselves; the rest are counted together."""
OTHERS = "(others)"
GROUPS = 40
WORST = 10
EXAMPLES = 3

Key = TypeVar("Key", bound=Hashable)
Series = tuple[str, str, str]
"""Brand, dimension and value, as an alert names them."""


class Best:
    """The `size` posts with the greatest rank; of equals, the one that came first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[tuple[float, ...], int, Any]] = []
        self._count = 0

    def offer(self, rank: tuple[float, ...], item: Any) -> None:
        """Keeps the item if it is among the best so far."""
        self._count += 1
        entry = (rank, -self._count, item)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, entry)
        elif entry[:2] > self._heap[0][:2]:
            heapq.heapreplace(self._heap, entry)

    @property
    def items(self) -> tuple[Any, ...]:
        """Greatest first."""
        return tuple(item for *_, item in sorted(self._heap, key=lambda entry: entry[:2], reverse=True))


@dataclass(slots=True)
class GroupTally:
    """A channel or a language."""

    posts: int = 0
    feelings: Counter[str] = field(default_factory=Counter)
    translation: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class NamedTally:
    """A topic, a product's suggestions or a flag: how many, by day and by source, and some posts."""

    posts: int = 0
    negative: int = 0
    label: str = ""
    days: Counter[date] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    examples: Best = field(default_factory=lambda: Best(EXAMPLES))


class Tally:
    """Takes every post once. `series` are the ones whose negatives are counted by day."""

    def __init__(self, series: tuple[Series, ...] = ()) -> None:
        self.posts = self.company = self.emerging = self.two_topics = 0
        self.rating_disagrees = self.failed_posts = self.suggestions = 0
        self.first: str | None = None
        self.last: str | None = None
        self.feelings: Counter[str] = Counter()
        self.days: dict[date, Counter[str]] = {}
        self.channels: dict[str, GroupTally] = {}
        self.languages: dict[str, GroupTally] = {}
        self.topics: dict[str, NamedTally] = {}
        self.wishes: dict[str | None, NamedTally] = {}
        self.flags: dict[str, NamedTally] = {}
        self.stars: dict[tuple[str, str | None], Stars] = {}
        self.series: dict[Series, Counter[date]] = {one: Counter() for one in series}
        self.redactions: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.complaints = Best(WORST)
        self.two_topic_posts = Best(EXAMPLES)

    def add(self, post: EnrichedPost) -> None:
        """Counts one post. What a company writes itself is counted as a post, and nowhere else."""
        self.posts += 1
        company = post.author is not None and post.author.role == "company"
        self.company += company
        time = post.event_time
        self.first = time if self.first is None else min(self.first, time)
        self.last = time if self.last is None else max(self.last, time)
        self.redactions.update(str(one.kind) for one in post.redactions)
        for one in post.provenance.failed:
            _count(self.failed, name(one))
        self.failed_posts += bool(post.provenance.failed)
        feeling = post.sentiment.label or "unscored"
        for table, key in ((self.channels, name(post.channel)), (self.languages, language_of(post))):
            group = _at(table, key, GroupTally, OTHERS)
            group.posts += 1
            group.translation[post.translation.status if post.translation else "none"] += 1
            if not company:
                group.feelings[feeling] += 1
        if not company:
            self._customer(post, feeling)

    def _customer(self, post: EnrichedPost, feeling: str) -> None:
        moment = parse_time(post.event_time)
        day = None if moment is None else moment.date()
        voice = voice_of(post)
        self.feelings[feeling] += 1
        if day is not None:
            self.days.setdefault(day, Counter())[feeling] += 1
        self.rating_disagrees += bool(post.rating_disagrees)
        if post.severity is not None and feeling == "negative":
            self.complaints.offer((post.severity.score,), voice)
        if feeling == "negative" and day is not None:
            for one in _series_of(post) & self.series.keys():
                self.series[one][day] += 1
        if post.rating is not None and (value := on_five(post.rating)) is not None:
            product = name(post.product) if post.product else None
            _at(self.stars, (name(post.source), product), Stars, (OTHERS, None)).add(value)
        self._topics(post, voice, day, feeling)
        if any(intent.label == "suggestion" for intent in post.intents):
            self.suggestions += 1
            wish = _at(self.wishes, voice.product, NamedTally, OTHERS)
            wish.posts += 1
            wish.examples.offer((max(i.confidence for i in post.intents if i.label == "suggestion"),), voice)
        for key, evidence in {flag.name: flag.evidence for flag in post.authenticity.flags}.items():
            flag = _at(self.flags, name(key), NamedTally, OTHERS)
            flag.posts += 1
            _count(flag.sources, voice.source)
            flag.examples.offer((), (name(evidence), voice))

    def _topics(self, post: EnrichedPost, voice: Voice, day: date | None, feeling: str) -> None:
        refs = {one.id: one for one in post.topics if one.status == "assigned" and one.id}
        self.emerging += any(one.status == "emerging" for one in post.topics) and not refs
        for key, ref in refs.items():
            topic = _at(self.topics, key, NamedTally, OTHERS)
            topic.posts += 1
            topic.negative += feeling == "negative"
            topic.label = topic.label or name(ref.label or "")
            if day is not None:
                topic.days[day] += 1
            topic.examples.offer((ref.similarity or 0.0,), voice)
        if len(refs) > 1:
            self.two_topics += 1
            # praise and complaint in one post is what a single label would hide
            felt = {span.sentiment.label for span in post.spans if span.sentiment}
            mixed = {"negative", "positive"} <= felt
            self.two_topic_posts.offer((mixed, -abs(len(refs) - 2), -len(voice.text)), voice)


def feelings_of(counts: Counter[str]) -> Feelings:
    """Counts as a value."""
    return Feelings(counts["negative"], counts["neutral"], counts["positive"], counts["unscored"])


def groups_of(table: dict[str, GroupTally]) -> tuple[Group, ...]:
    """Largest first; beyond GROUPS they are one group."""
    ranked = sorted(table.items(), key=lambda item: (-item[1].posts, item[0]))
    if len(ranked) > GROUPS:
        rest = GroupTally()
        for _, one in ranked[GROUPS:]:
            rest.posts += one.posts
            rest.feelings += one.feelings
            rest.translation += one.translation
        ranked = [*ranked[:GROUPS], (OTHERS, rest)]
    return tuple(
        Group(key, one.posts, feelings_of(one.feelings), one.translation["unsupported"], one.translation["partial"])
        for key, one in ranked
    )


def _series_of(post: EnrichedPost) -> set[Series]:
    """The series of `streams.spikes.watch.dimensions` that a post counts in."""
    brand = post.brand or post.source
    pairs = [
        ("overall", "all"),
        ("channel", post.channel),
        ("language", post.language or "und"),
        ("place", post.place or ""),
        ("product", post.product or ""),
        *(("topic", one.id or "") for one in post.topics if one.status == "assigned"),
    ]
    return {(brand, dimension, value[:200]) for dimension, value in pairs if value}


def _at(table: dict[Key, Any], key: Key, make: type[Any], others: Key) -> Any:
    """The entry of a key, or the common one where the table is full."""
    if key not in table:
        if len(table) >= KEYS:
            key = others
        table.setdefault(key, make())
    return table[key]


def _count(counter: Counter[str], key: str) -> None:
    counter[key if key in counter or len(counter) < KEYS else OTHERS] += 1
