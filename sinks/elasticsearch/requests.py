"""Bulk requests: documents in, bodies of bounded count and size out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sinks.base import Document
from sinks.elasticsearch.documents import stored_body
from sinks.settling import encode


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one bulk request: documents, bytes, and the bytes of a document that is sent alone.

    The first two are those of Kafka Connect's Elasticsearch sink; the last is below the server's own 100 MB.
    """

    documents: int = 2_000
    request_bytes: int = 5 * 1024 * 1024
    document_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Operation:
    """One document of a bulk request: its place in the batch and its two lines."""

    index: int
    action: bytes
    source: bytes

    @property
    def size(self) -> int:
        """Bytes in the request, line ends included."""
        return len(self.action) + len(self.source) + 2


def operation(index: int, document: Document, target: str, *, dims: int, numbers: bool = False) -> Operation:
    """The document's lines, with its version as an external one; see `stored_body` for `numbers` and what it raises."""
    action = {
        "index": {
            "_index": target,
            "_id": document.id,
            "version": document.version,
            "version_type": "external_gte",
            # or a missing alias would be answered with a new index of guessed types
            "require_alias": True,
        }
    }
    return Operation(index, encode(action), encode(stored_body(document.body, dims=dims, numbers=numbers)))


def chunks(operations: Iterable[Operation], limits: Limits) -> Iterator[list[Operation]]:
    """The operations in requests that keep to the limits; one that is larger than a request stands alone."""
    chunk: list[Operation] = []
    size = 0
    for one in operations:
        if chunk and (len(chunk) >= limits.documents or size + one.size > limits.request_bytes):
            yield chunk
            chunk, size = [], 0
        chunk.append(one)
        size += one.size
    if chunk:
        yield chunk


def joined(chunk: list[Operation]) -> Any:
    """The request's body in one piece: the client sends bytes as they are, its types only know objects."""
    return b"".join(line for one in chunk for line in (one.action, b"\n", one.source, b"\n"))
