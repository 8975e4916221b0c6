"""The one shape of a sink: write documents with an outcome each, and read them back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, Protocol, runtime_checkable

Kind = Literal["posts", "cases", "alerts", "topics", "dead-letters", "journal"]
KINDS: tuple[Kind, ...] = ("posts", "cases", "alerts", "topics", "dead-letters", "journal")
"""`journal` holds what was done to the store itself: deletions and purges."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document: `id` unique within its kind, `version` in milliseconds or steps, `body` as JSON types."""

    kind: Kind
    id: str
    version: int
    body: dict[str, Any]


class Status(Enum):
    """What became of one document."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"  # the store holds a newer version
    REJECTED = "rejected"  # this document can never be stored: a dead letter
    RETRY = "retry"  # the store is busy, away or refuses us: try this one again


@dataclass(frozen=True, slots=True)
class Outcome:
    """Per document: status, and for REJECTED and RETRY a reason without the document's values."""

    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for in posts. `text` empty: everything; filters are exact; `since`/`until` are RFC 3339.

    Of cases: `queue`, and `state`, which may also be `open` or `closed`. `corrected` names a field that a person
    corrected; `thread` an id of a thread, or of the post that is replied to.

    `words`: all of the text's words and quoted phrases must occur, or any of them.
    """

    text: str = ""
    words: Literal["all", "any"] = "all"
    kind: Kind = "posts"
    sentiment: str | None = None
    language: str | None = None
    channel: str | None = None
    source: str | None = None
    brand: str | None = None
    product: str | None = None
    place: str | None = None
    topic: str | None = None
    intent: str | None = None
    queue: str | None = None
    state: str | None = None
    corrected: str | None = None
    author: str | None = None
    customer: str | None = None
    thread: str | None = None
    since: str | None = None
    until: str | None = None
    sort: Literal["relevance", "newest", "severity"] = "relevance"
    limit: int = 20
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what to find everything of: a document matches where any of these values equals one of its own.

    `posts` are identities: it finds the posts themselves, and the cases and alerts that quote them.
    """

    customer_ids: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    """The author's id in the channel; of an e-mail, its keyed hash."""
    handles: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """A document to delete, and the version up to which it must never come back."""

    kind: Kind
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Hits:
    """Matches in rank order, and how many there are in all."""

    total: int
    documents: list[Document] = field(default_factory=list)


@runtime_checkable
class Sink(Protocol):
    """A store of documents. Methods block: callers on an event loop run them in a thread.

    A write is effective when `write` returns WRITTEN or UNCHANGED for it. Versions are external: a document whose
    version is lower than the stored one is UNCHANGED, an equal or higher one is WRITTEN (`external_gte`). Within one
    call, only the newest of each (kind, id) has to reach the store; the older ones are UNCHANGED. On equal versions
    the later one in the call wins.
    """

    name: str

    def open(self) -> None:
        """Creates what is missing; raises StoreError with one sentence on what to do. Idempotent."""
        ...

    def write(self, documents: Sequence[Document], *, until: float = math.inf) -> list[Outcome]:
        """As many outcomes as documents, in order. Never raises for a document's sake.

        What has not begun to be stored by `until` (`time.monotonic`) is not: RETRY. A worker that was frozen for so
        long may not own it any more.
        """
        ...

    def get(self, kind: Kind, ids: Sequence[str]) -> list[Document | None]:
        """In the order of `ids`; None where there is none. Sees every earlier `write` at once."""
        ...

    def search(self, query: Query) -> Hits:
        """Full text over original and English; may lag behind writes until `refresh`."""
        ...

    def count(self, kind: Kind, query: Query | None = None) -> int: ...

    def find(self, kind: Kind, subject: Subject, *, after: str = "", limit: int = 1_000) -> list[Document]:
        """What belongs to the subject, by id: the first `limit` whose id is greater than `after`.

        An empty subject has nothing. May lag behind writes until `refresh`.
        """
        ...

    def delete(self, removals: Sequence[Removal], *, at: str) -> list[Outcome]:
        """Deletes documents, and from then on leaves every write of them up to the removal's version UNCHANGED.

        As many outcomes as removals: WRITTEN where nothing of the document is left (or ever was), UNCHANGED where the
        store holds a newer version, which stays; RETRY: call again. The journal records each with the time `at`.
        """
        ...

    def purge(self, kind: Kind, *, before: int, limit: int = 1_000) -> int:
        """Removes the oldest `limit` documents whose event time, in milliseconds, is lower; how many it removed.

        What has no event time stays. A purged document that is written again may come back. Raises StoreError.
        """
        ...

    def refresh(self) -> None:
        """Makes every earlier write and delete visible to `search`, `count` and `find`."""
        ...

    def close(self) -> None: ...
