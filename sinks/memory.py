"""A sink in the process's own memory: for tests and small runs. It keeps the same contract as the real stores."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sinks.base import KINDS, Document, Hits, Kind, Outcome, Query, Removal, Subject
from sinks.documents import removal_document, removal_key
from sinks.fields import (
    CONTEXT,
    ENGLISH,
    ORIGINAL,
    facets,
    filters,
    folded,
    phrases,
    severity_of,
    sought,
    text_of,
    time_of,
    unsearchable,
    window,
)
from sinks.settling import UNCHANGED, WRITTEN, decode, encode, rejected, removal_fault, settle

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Stored:
    """A document as it is kept: JSON, so that no caller can change it, beside what searches compare."""

    version: int
    json: bytes
    words: str
    facets: set[tuple[str, str]]
    time: int | None
    severity: float | None


class MemorySink:
    """Keeps documents until the process ends. Thread-safe. Words match as they are, not by their stems."""

    name = "memory"

    def __init__(self) -> None:
        self._documents: dict[Kind, dict[str, _Stored]] = {kind: {} for kind in KINDS}
        self._lock = threading.Lock()

    def open(self) -> None:
        """Nothing to create."""

    def write(self, documents: Sequence[Document], *, until: float = math.inf) -> list[Outcome]:
        """See `Sink.write`."""
        with self._lock:
            return settle(documents, lambda batch: [self._put(document) for document in batch], until=until)

    def get(self, kind: Kind, ids: Sequence[str]) -> list[Document | None]:
        """In the order of `ids`; None where there is none."""
        with self._lock:
            found = [self._documents[kind].get(one) for one in ids]
        return [_document(kind, one, stored) if stored else None for one, stored in zip(ids, found, strict=True)]

    def search(self, query: Query) -> Hits:
        """Every word or quoted phrase must occur; ranked by how often they do."""
        ranked = self._matches(query)
        chosen = ranked[max(query.offset, 0) :][: max(query.limit, 0)]
        return Hits(len(ranked), [_document(query.kind, one, stored) for one, stored in chosen])

    def count(self, kind: Kind, query: Query | None = None) -> int:
        """How many documents of the kind match."""
        return len(self._matches(replace(query or Query(), kind=kind)))

    def find(self, kind: Kind, subject: Subject, *, after: str = "", limit: int = 1_000) -> list[Document]:
        """By id, after `after`."""
        wanted = set(sought(subject))
        with self._lock:
            everything = sorted(self._documents[kind].items())
        found = [(one, stored) for one, stored in everything if one > after and wanted & stored.facets]
        return [_document(kind, one, stored) for one, stored in found[:limit]]

    def delete(self, removals: Sequence[Removal], *, at: str) -> list[Outcome]:
        """See `Sink.delete`."""
        with self._lock:
            return [self._remove(removal, at) for removal in removals]

    def purge(self, kind: Kind, *, before: int, limit: int = 1_000) -> int:
        """The oldest first."""
        with self._lock:
            kept = self._documents[kind]
            old = [(stored.time, one) for one, stored in kept.items() if stored.time is not None]
            gone = [one for time, one in sorted(old)[:limit] if time < before]
            for one in gone:
                del kept[one]
        return len(gone)

    def refresh(self) -> None:
        """Writes are visible at once."""

    def close(self) -> None:
        """Nothing to free; the documents stay readable."""

    def _remove(self, removal: Removal, at: str) -> Outcome:
        if (reason := removal_fault(removal)) is not None:
            return rejected(reason)
        self._put(removal_document(removal, at))
        kept = self._documents[removal.kind]
        old = kept.get(removal.id)
        if old is not None and old.version > removal.version:
            return UNCHANGED
        kept.pop(removal.id, None)
        return WRITTEN

    def _put(self, document: Document) -> Outcome:
        kept = self._documents[document.kind]
        old = kept.get(document.id)
        if old is not None and old.version > document.version:
            return UNCHANGED
        removed = self._documents["journal"].get(removal_key(document.kind, document.id))
        if removed is not None and removed.version >= document.version:
            return UNCHANGED
        text = "\n".join(text_of(document, paths) for paths in (ORIGINAL, ENGLISH, CONTEXT))
        kept[document.id] = _Stored(
            document.version,
            encode(document.body),
            _words(text),
            facets(document),
            time_of(document),
            severity_of(document),
        )
        return WRITTEN

    def _matches(self, query: Query) -> list[tuple[str, _Stored]]:
        """What matches, in the order that the query asks for."""
        bounds, wanted = window(query), set(filters(query))
        parts = [_words(part) for part in phrases(query.text)]
        if unsearchable(query):
            return []
        enough = any if query.words == "any" and parts else all
        with self._lock:
            everything = list(self._documents[query.kind].items())
        found = [
            (sum(stored.words.count(part) for part in parts), one, stored)
            for one, stored in everything
            if wanted <= stored.facets and bounds.holds(stored.time) and enough(part in stored.words for part in parts)
        ]
        newest = float("-inf")
        found.sort(key=lambda item: item[1])
        found.sort(key=lambda item: item[2].time if item[2].time is not None else newest, reverse=True)
        if query.sort == "severity":
            found.sort(key=lambda item: item[2].severity if item[2].severity is not None else newest, reverse=True)
        elif query.sort == "relevance":
            found.sort(key=lambda item: item[0], reverse=True)
        return [(one, stored) for _, one, stored in found]


def _words(text: str) -> str:
    """Each word between two spaces of its own, so that a phrase is a substring, and repeats are counted."""
    return "".join(f" {word} " for word in _WORD.findall(folded(text)))


def _document(kind: Kind, identity: str, stored: _Stored) -> Document:
    return Document(kind, identity, stored.version, decode(stored.json))
