"""The sink: sends requests and reads back. What a response means stands in `decisions`, what is sent in `requests`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError, UnsupportedProductError

from schemas.errors import StoreError
from sinks.base import Document, Hits, Kind, Outcome, Query, Removal, Status, Subject
from sinks.documents import removal_document
from sinks.elasticsearch import indices
from sinks.elasticsearch.decisions import item_outcomes, request_outcome
from sinks.elasticsearch.documents import has_vector, original_body
from sinks.elasticsearch.explain import explained, unanswered
from sinks.elasticsearch.queries import MAX_WINDOW, belonging, condition, older, search_request
from sinks.elasticsearch.removals import Removals, deleted, deletions
from sinks.elasticsearch.requests import Limits, Operation, chunks, joined, operation
from sinks.settling import LATE, UNCHANGED, WRITTEN, id_fault, rejected, removal_fault, retry, settle

_GET_CHUNK = 500
_AT_ONCE = 4
"""Requests of one `write` that are under way together: the next is made while the server works on those before."""
_LEAST = 64
"""Documents of a request, before a `write` is spread over several."""
_ANSWER = ("items.*.status", "items.*.error")
"""What is read of an answer: the rest of it would be half as long as the documents."""
# read back exactly from its base64; the floats would only make the answer longer
_WITHOUT = ["feedback.embedding"]


class ElasticsearchSink:
    """Documents in indices `{prefix}-{kind}-v1` behind aliases `{prefix}-{kind}`. Thread-safe, as the client is.

    `write` sends each document once: trying again, and when, is the caller's. `dims`: of the posts' embeddings.
    """

    name = "elasticsearch"

    def __init__(
        self,
        client: Elasticsearch,
        *,
        prefix: str = "feedback",
        shards: int = 1,
        dims: int = 384,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._layout = indices.Layout(prefix, shards=shards, dims=dims)
        self._limits = limits or Limits()
        self._removals = Removals(client, indices.alias(prefix, "journal"), clock)
        self._requests = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bulk")
        self._packed: bool | None = None
        """Whether Elasticsearch takes vectors as base64; None until it has taken or refused one."""

    def open(self) -> None:
        """Creates indices and aliases where missing. Raises StoreError with what to do."""
        explained(lambda: indices.create(self._client, self._layout))
        self._removals.watch()

    def write(self, documents: Sequence[Document], *, until: float = math.inf) -> list[Outcome]:
        """See `Sink.write`; a request that fails gives RETRY for its documents, the other requests go on."""
        try:
            explained(self._removals.refresh)
        except StoreError as error:
            return [retry(str(error))] * len(documents)
        return settle(documents, partial(self._store, until=until), until=until)

    def get(self, kind: Kind, ids: Sequence[str]) -> list[Document | None]:
        """In the order of `ids`; None where there is none. Reads through to unrefreshed writes."""
        askable = list(dict.fromkeys(one for one in ids if id_fault(one) is None))
        found: dict[str, Document] = {}
        for start in range(0, len(askable), _GET_CHUNK):
            found |= self._fetch(kind, askable[start : start + _GET_CHUNK])
        return [found.get(one) for one in ids]

    def search(self, query: Query) -> Hits:
        """Full text over original and English, in the stems of each language."""
        if query.offset + query.limit > MAX_WINDOW:
            raise StoreError(
                f"Elasticsearch shows the first {MAX_WINDOW} matches; narrow the search by time or filters"
            )
        answer = explained(
            lambda: self._client.search(
                index=self._alias(query.kind), body=search_request(query), source_excludes=_WITHOUT
            )
        )
        hits = answer["hits"]
        return Hits(hits["total"]["value"], [_document(query.kind, hit) for hit in hits["hits"]])

    def count(self, kind: Kind, query: Query | None = None) -> int:
        """How many documents of the kind match, as of the last refresh."""
        wanted = condition(replace(query or Query(), kind=kind))
        return int(explained(lambda: self._client.count(index=self._alias(kind), query=wanted))["count"])

    def find(self, kind: Kind, subject: Subject, *, after: str = "", limit: int = 1_000) -> list[Document]:
        """By id, after `after`; as of the last refresh."""
        answer = explained(
            lambda: self._client.search(
                index=self._alias(kind),
                query=belonging(kind, subject),
                sort=[{"event.id": "asc"}],
                search_after=[after],
                size=min(limit, MAX_WINDOW),
                version=True,
                source_excludes=_WITHOUT,
            )
        )
        return [_document(kind, hit) for hit in answer["hits"]["hits"]]

    def delete(self, removals: Sequence[Removal], *, at: str) -> list[Outcome]:
        """The journal first: what is deleted stays deleted, whatever stops this in the middle."""
        faults = [removal_fault(one) for one in removals]
        sound = [one for one, reason in zip(removals, faults, strict=True) if reason is None]
        outcomes = iter(self._delete(sound, at))
        return [next(outcomes) if reason is None else rejected(reason) for reason in faults]

    def purge(self, kind: Kind, *, before: int, limit: int = 1_000) -> int:
        """The oldest first; one that is edited meanwhile stays for the next call."""
        self.refresh()
        answer = explained(
            lambda: self._client.search(
                index=self._alias(kind),
                query=older(before),
                sort=[{"@timestamp": "asc"}],
                size=min(limit, MAX_WINDOW),
                version=True,
                source=False,
            )
        )
        old = [Removal(kind, hit["_id"], hit["_version"]) for hit in answer["hits"]["hits"]]
        return sum(gone is True for gone in self._send_deletions(old))

    def refresh(self) -> None:
        """Makes every earlier write visible to `search` and `count`."""
        explained(lambda: self._client.indices.refresh(index=indices.aliases(self._layout.prefix)))

    def close(self) -> None:
        """Closes the client's connections."""
        self._requests.shutdown()
        self._client.close()

    def _alias(self, kind: Kind) -> str:
        return indices.alias(self._layout.prefix, kind)

    def _fetch(self, kind: Kind, ids: list[str]) -> dict[str, Document]:
        answer = explained(lambda: self._client.mget(index=self._alias(kind), ids=ids, source_excludes=_WITHOUT))
        if any("error" in one for one in answer["docs"]):  # not the same as not found
            raise StoreError("Elasticsearch could not read some documents now; see its log, and try again")
        return {one["_id"]: _document(kind, one) for one in answer["docs"] if one.get("found")}

    def _delete(self, removals: list[Removal], at: str) -> list[Outcome]:
        journalled = self.write([removal_document(one, at) for one in removals])
        if waiting := [outcome for outcome in journalled if outcome.status is Status.RETRY]:
            return waiting[:1] * len(removals)
        try:
            explained(lambda: self._client.indices.refresh(index=self._alias("journal")))
            self._removals.watch()
            gone = self._send_deletions(removals)
            unsure = [one for one, result in zip(removals, gone, strict=True) if result is None]
            left = {one for one in unsure if self.get(one.kind, [one.id]) != [None]}
        except StoreError as error:
            return [retry(str(error))] * len(removals)
        return [UNCHANGED if one in left else WRITTEN for one in removals]

    def _send_deletions(self, removals: Sequence[Removal]) -> list[bool | None]:
        gone: list[bool | None] = []
        for start in range(0, len(removals), self._limits.documents):
            lines = deletions(removals[start : start + self._limits.documents], self._alias)
            answer = explained(partial(self._client.bulk, operations=lines))
            if len(answer["items"]) != len(lines):
                raise StoreError("Elasticsearch's answer does not fit the request; run this again")
            gone += [deleted(item) for item in answer["items"]]
        return gone

    def _store(self, documents: list[Document], *, until: float) -> list[Outcome]:
        numbers = self._packed is False
        outcomes = self._requested(documents, numbers=numbers, until=until)
        if self._packed or numbers:
            return outcomes
        vectors = [index for index, one in enumerate(documents) if has_vector(one.body)]
        if any(outcomes[index].status is Status.WRITTEN for index in vectors):
            self._packed = True
        elif refused := [index for index in vectors if outcomes[index].status is Status.REJECTED]:
            # an Elasticsearch before 9.3 refuses each of them; what is refused as numbers too is at fault itself
            again = self._requested([documents[index] for index in refused], numbers=True, until=until)
            for index, outcome in zip(refused, again, strict=True):
                outcomes[index] = outcome
                if outcome.status is Status.WRITTEN:
                    self._packed = False
        return outcomes

    def _requested(self, documents: list[Document], *, numbers: bool, until: float) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        most = min(self._limits.documents, max(_LEAST, -(-len(documents) // _AT_ONCE)))
        made = chunks(self._operations(documents, outcomes, numbers), replace(self._limits, documents=most))
        for sent in [self._requests.submit(self._send, chunk, until) for chunk in made]:
            outcomes |= sent.result()
        return [outcomes[index] for index in range(len(documents))]

    def _operations(
        self, documents: list[Document], outcomes: dict[int, Outcome], numbers: bool
    ) -> Iterator[Operation]:
        """What is to be sent; the others' outcomes are put into `outcomes`."""
        for index, document in enumerate(documents):
            if self._removals.covers(document):
                outcomes[index] = UNCHANGED
                continue
            try:
                one = operation(index, document, self._alias(document.kind), dims=self._layout.dims, numbers=numbers)
            except ValueError as error:
                outcomes[index] = rejected(str(error))
                continue
            if one.size > self._limits.document_bytes:
                outcomes[index] = rejected(f"the document is larger than {self._limits.document_bytes} bytes")
            else:
                yield one

    def _send(self, chunk: list[Operation], until: float) -> dict[int, Outcome]:
        """One request; where it is refused as a whole for what it holds, halves of it, down to single documents."""
        body = joined(chunk)
        if time.monotonic() > until:
            return {one.index: LATE for one in chunk}
        try:
            answer = self._client.bulk(operations=body, filter_path=_ANSWER).body
        except ApiError as error:
            outcome = request_outcome(error.meta.status, error.body)
            if outcome is None and len(chunk) > 1:
                half = len(chunk) // 2
                return self._send(chunk[:half], until) | self._send(chunk[half:], until)
            outcome = outcome or rejected(f"Elasticsearch refused the document (HTTP {error.meta.status})")
            return {one.index: outcome for one in chunk}
        except (TransportError, UnsupportedProductError) as error:
            return {one.index: retry(unanswered(error)) for one in chunk}
        return {one.index: outcome for one, outcome in zip(chunk, item_outcomes(answer, len(chunk)), strict=True)}


def _document(kind: Kind, hit: dict[str, Any]) -> Document:
    return Document(kind, hit["_id"], hit["_version"], original_body(hit["_source"]))
