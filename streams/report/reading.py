"""Every document of a kind, page by page: one page in memory, and past the depth that a store pages to."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.identity import from_millis, parse_time, to_millis
from sinks.base import Document, Kind, Query, Sink

PAGE = 250
DEPTH = 10_000
"""`offset + limit` that every store answers; Elasticsearch's default is the least."""


def documents(sink: Sink, kind: Kind, *, page: int = PAGE, depth: int = DEPTH) -> Iterator[Document]:
    """Newest first, each once. Every page starts at the time where the last one stopped: an offset costs a store more
    the deeper it goes, and is used only to get past documents that share a millisecond.

    Ends early where more than `depth` documents share one millisecond, or have no time: see `Summary.unread`.
    """
    until: str | None = None
    offset = 0
    edge: set[str] = set()  # ids at the last time: the next search gives them again
    edge_time: int | None = None
    while True:
        limit = min(page, depth - offset)
        found = sink.search(Query(kind=kind, sort="newest", limit=limit, offset=offset, until=until)).documents
        for document in found:
            moment = parse_time(str(document.body.get("@timestamp", "")))
            time = None if moment is None else to_millis(moment)
            if time != edge_time:
                edge, edge_time = set(), time
            elif document.id in edge:
                continue
            edge.add(document.id)
            yield document
        offset += len(found)
        if len(found) < limit:
            return
        onward = None if edge_time is None else from_millis(edge_time + 1)
        if onward is not None and onward != until and (len(edge) <= page // 2 or offset >= depth):
            until, offset = onward, 0
        elif offset >= depth:
            return
