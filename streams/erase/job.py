"""Erasing: what is the subject's is found, refused from now on, forgotten by workers, deleted, proven and recorded."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import msgspec

from schemas.alerts import Alert
from schemas.cases import Case
from schemas.codec import Limits, decode_raw, encode
from schemas.erasures import ErasedPost, Erasure
from schemas.errors import RejectedInput, StoreError
from schemas.identity import from_millis, identity
from sinks.base import Document, Kind, Outcome, Removal, Sink, Status, Subject
from sinks.documents import journal_document
from sinks.settling import MAX_VERSION
from streams.broker.reading import Reader
from streams.cases.forgetting import without_post
from streams.erase.forgetting import forget_messages
from streams.erase.subject import Asked
from streams.headers import cloud_event
from streams.records import Message, Record
from streams.stages.index import without_posts
from streams.topics import Topics

PAGE = 500
TRIES = 6
KINDS: tuple[Kind, ...] = ("posts", "cases", "alerts", "dead-letters")

Send = Callable[[Sequence[Message]], Awaitable[list[Message]]]


@dataclass(slots=True)
class Found:
    """What is the subject's: posts, the keys of their raw records by topic and partition, and their documents."""

    identities: set[str] = field(default_factory=set)
    keys: set[tuple[str, int, bytes]] = field(default_factory=set)
    raw_records: int = 0
    without_key: int = 0
    documents: dict[Kind, list[Document]] = field(default_factory=dict)


class Erase:
    """One request. `on_progress` gets how many raw records were looked through."""

    def __init__(
        self,
        reader: Reader,
        topics: Topics,
        sink: Sink,
        send: Send,
        *,
        limits: Limits,
        now_ms: Callable[[], int],
        sleep: Callable[[float], None] = time.sleep,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._reader = reader
        self._topics = topics
        self._sink = sink
        self._send = send
        self._limits = limits
        self._now_ms = now_ms
        self._sleep = sleep
        self._on_progress = on_progress

    def find(self, asked: Asked) -> Found:
        """All that is the subject's, on the raw topics and in the store. Changes nothing."""
        self._sink.refresh()
        found = Found()
        if asked.kind == "post":
            found.identities.add(asked.value)
        for document in self._stored("posts", asked.stored):
            found.identities.add(document.id)
        for document in self._stored("cases", asked.stored):
            if asked.kind != "post":  # a case that only quotes the post is not of it
                found.identities.add(document.body["feedback"]["case"]["identity"])
        self._look_through(asked, found)
        for kind in KINDS:
            posts = [Subject(posts=page) for page in _pages(sorted(found.identities))]
            there = {one.id: one for subject in (*posts, asked.stored) for one in self._stored(kind, subject)}
            found.documents[kind] = list(there.values())
        return found

    async def run(self, asked: Asked, *, by: str) -> Erasure:
        """Erases it and returns the record of it. Raises StoreError or BrokerError: run it again then."""
        found = self.find(asked)
        request, at = uuid.uuid4().hex, from_millis(self._now_ms())
        # from now on no worker takes it in again
        erased = [ErasedPost(identity=one, at=at, erasure=request) for one in sorted(found.identities)]
        await self._send([self._message(one.identity, encode(one), "post.erased", at) for one in erased])
        partitions = self._reader.partitions(self._topics.signals)
        for one in erased:
            messages = forget_messages(self._topics, one.identity, at, partitions)
            await self._send([*messages, Message(self._topics.enriched, one.identity.encode(), None)])
        await self._send([Message(topic, key, None, partition=number) for topic, number, key in sorted(found.keys)])
        self._delete(found, at)
        self._prove(asked, found)
        erasure = Erasure(
            id=request,
            at=at,
            by=by,
            kind=asked.kind,
            subject=asked.hashed,
            posts=len(found.identities),
            documents={kind: len(documents) for kind, documents in found.documents.items()},
            raw_records=found.raw_records,
            without_key=found.without_key,
        )
        await self._send([self._message(f"erasure-{request}", encode(erasure), "erasure", at)])
        details = {"kind": asked.kind, "id": asked.hashed, "documents": sum(erasure.documents.values())}
        self._settled(lambda: self._sink.write([journal_document("erase", at, details, identity=request, version=1)]))
        return erasure

    def _message(self, key: str, value: bytes, kind: str, at: str) -> Message:
        headers = cloud_event(kind=kind, stage="erase", event_id=key, time=at)
        return Message(self._topics.erasures, key.encode(), value, headers)

    def _stored(self, kind: Kind, subject: Subject) -> Iterator[Document]:
        after = ""
        while page := self._sink.find(kind, subject, after=after, limit=PAGE):
            yield from page
            after = page[-1].id

    def _look_through(self, asked: Asked, found: Found) -> None:
        """The raw records of the subject: their posts, and the keys under which they stand."""
        theirs: dict[tuple[str, int], Counter[bytes]] = {}
        seen = 0
        for topic, number in self._raw_partitions():
            for record in self._reader.records(topic, number):
                seen += 1
                if seen % 1_000 == 0:
                    self._on_progress(seen)
                if (post := self._owned(asked, found, record)) is not None:
                    found.identities.add(post)
                    found.raw_records += 1
                    theirs.setdefault((topic, number), Counter())[record.key or b""] += 1
        self._on_progress(seen)
        for (topic, number), keys in theirs.items():
            # a tombstone takes all that stands under its key
            shared = {
                record.key or b""
                for record in self._reader.records(topic, number)
                if (record.key or b"") in keys and record.value and self._owned(asked, found, record) is None
            }
            for key, count in keys.items():
                if key and key not in shared:
                    found.keys.add((topic, number, key))
                else:
                    found.without_key += count

    def _raw_partitions(self) -> Iterator[tuple[str, int]]:
        for topic in dict.fromkeys(self._topics.raw.values()):
            for number in self._reader.partitions(topic):
                yield topic, number

    def _owned(self, asked: Asked, found: Found, record: Record) -> str | None:
        """The identity of a raw post that is the subject's."""
        if record.value is None:
            return None
        try:
            post = decode_raw(record.value, self._limits)
        except RejectedInput:
            return None  # nobody's: it holds no post that could be read
        name = identity(post.channel, post.source, post.id)
        return name if name in found.identities or asked.owns(post) else None

    def _delete(self, found: Found, at: str) -> None:
        """Posts and their cases for good; cases and alerts that quote them without the words."""
        removals = [Removal("posts", one, MAX_VERSION - 1) for one in sorted(found.identities)]
        removals += [Removal("dead-letters", one.id, MAX_VERSION - 1) for one in found.documents["dead-letters"]]
        rest: list[Document] = []
        for document in found.documents["cases"]:
            case = msgspec.convert(document.body["feedback"]["case"], Case)
            if case.identity in found.identities:
                removals.append(Removal("cases", document.id, MAX_VERSION - 1))
                continue
            for one in found.identities:
                case = without_post(case, one)
            rest.append(_changed(document, "case", msgspec.to_builtins(case)))
        for document in found.documents["alerts"]:
            alert = without_posts(msgspec.convert(document.body["feedback"]["alert"], Alert), found.identities)
            rest.append(_changed(document, "alert", msgspec.to_builtins(alert)))
        for page in _pages(removals):
            self._settled(lambda page=page: self._sink.delete(page, at=at))  # type: ignore[misc]
        for documents in _pages(rest):
            self._settled(lambda documents=documents: self._sink.write(documents))  # type: ignore[misc]

    def _settled(self, work: Callable[[], list[Outcome]]) -> None:
        """Until the store has done it; all of it is harmless to repeat."""
        for attempt in range(TRIES):
            outcomes = work()
            if all(outcome.status in (Status.WRITTEN, Status.UNCHANGED) for outcome in outcomes):
                return
            self._sleep(0.5 * 2**attempt)
        raise StoreError(f"the store does not delete ({outcomes[0].reason}): run the same command again")

    def _prove(self, asked: Asked, found: Found) -> None:
        """Raises StoreError where a search still finds something of the subject."""
        self._sink.refresh()
        subjects = [Subject(posts=page) for page in _pages(sorted(found.identities))]
        for kind in KINDS:
            for subject in (*subjects, asked.stored):
                for document in self._stored(kind, subject):
                    if kind != "cases" or document.body["feedback"]["case"]["identity"] in found.identities:
                        raise StoreError(f"{kind} still hold something of the subject: run the same command again")


T = TypeVar("T")


def _pages(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while page := tuple(islice(rest, PAGE)):
        yield page


def _changed(document: Document, name: str, value: object) -> Document:
    body = {**document.body, "feedback": {**document.body["feedback"], name: value}}
    return Document(document.kind, document.id, document.version, body)
