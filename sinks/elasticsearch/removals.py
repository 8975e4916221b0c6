"""Deleting in Elasticsearch: bulk requests of deletions, and the journal's removals that every writer keeps to.

Elasticsearch forgets the version of a deleted document after `index.gc_deletes`. So each deletion also stands in the
journal, and a writer reads the journal's removals again before that time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from schemas.errors import StoreError
from sinks.base import Document, Kind, Removal
from sinks.documents import removal_key
from sinks.elasticsearch.explain import refusal
from sinks.settling import encode

FRESH_SECONDS = 60.0
"""After so long a writer asks for new removals: well within `mapping.GC_DELETES_SECONDS`."""
_PAGE = 5_000


class Removals:
    """What was deleted, as the journal has it: read when a writer starts, and again every minute."""

    def __init__(self, client: Elasticsearch, journal: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._journal = journal
        self._clock = clock
        self._versions: dict[str, int] = {}
        self._due: float | None = None

    def watch(self) -> None:
        """From now on the removals are read before the next write."""
        self._due = self._clock()

    def refresh(self) -> None:
        """Reads them where that is due. Raises what the client raises."""
        if self._due is None or self._clock() < self._due:
            return
        self._versions = dict(self._read())
        self._due = self._clock() + FRESH_SECONDS

    def covers(self, document: Document) -> bool:
        """True where the document was deleted at its version or a newer one."""
        # an empty journal is the rule, and costs nothing
        return bool(self._versions) and self._versions.get(removal_key(document.kind, document.id), -1) >= (
            document.version
        )

    def _read(self) -> Iterator[tuple[str, int]]:
        after: list[Any] | None = None
        while True:
            answer = self._client.search(
                index=self._journal,
                query={"term": {"event.action": "delete"}},
                sort=[{"event.id": "asc"}],
                search_after=after,
                size=_PAGE,
                source=False,
                version=True,
                track_total_hits=False,
            )
            hits = answer["hits"]["hits"]
            yield from ((hit["_id"], hit["_version"]) for hit in hits)
            if len(hits) < _PAGE:
                return
            after = hits[-1]["sort"]


def deletions(removals: Sequence[Removal], target: Callable[[Kind], str]) -> Any:
    """The lines of a bulk request. A deletion counts as the next version, so that an equal one cannot come after it."""
    return [
        encode(
            {
                "delete": {
                    "_index": target(one.kind),
                    "_id": one.id,
                    "version": one.version + 1,
                    "version_type": "external",
                    "require_alias": True,
                }
            }
        )
        for one in removals
    ]


def deleted(item: Any) -> bool | None:
    """Of one item of the answer: True where it is gone, None where the version decides, which has to be looked at.

    Raises StoreError for anything else.
    """
    result = item.get("delete") if isinstance(item, dict) else None
    status = result.get("status") if isinstance(result, dict) else None
    if isinstance(result, dict) and (status == 200 or (status == 404 and result.get("result") == "not_found")):
        return True
    if status == 409:
        return None
    if status == 403 and isinstance(result, dict) and result.get("error", {}).get("type") == "security_exception":
        raise StoreError(refusal(403, result))
    raise StoreError(f"Elasticsearch could not delete a document now (HTTP {status}); run this again")
