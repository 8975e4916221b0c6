"""Indices and aliases: one index per kind, made once, never rolled over."""

from __future__ import annotations

from elasticsearch import ApiError, Elasticsearch

from schemas.errors import StoreError
from sinks.base import KINDS, Kind
from sinks.elasticsearch.mapping import MAPPING_VERSION, mapping, settings


def alias(prefix: str, kind: Kind) -> str:
    """The name that is written to and searched, such as `feedback-posts`."""
    return f"{prefix}-{kind}"


def aliases(prefix: str) -> list[str]:
    """The aliases of all kinds."""
    return [alias(prefix, kind) for kind in KINDS]


def create(client: Elasticsearch, prefix: str, *, shards: int, dims: int) -> None:
    """Makes every missing index with its alias. Two that do it at the same time do no harm.

    Raises StoreError where a name is taken by something else, ApiError and TransportError as the client does.
    """
    for kind in KINDS:
        name = alias(prefix, kind)
        if client.indices.exists_alias(name=name):
            continue
        if client.indices.exists(index=name):
            raise StoreError(
                f"`{name}` is an index in Elasticsearch, and has to be an alias; remove or rename that index first"
            )
        try:
            client.indices.create(
                index=f"{name}-v{MAPPING_VERSION}",
                mappings=mapping(kind, dims=dims),
                settings=settings(shards=shards),
                aliases={name: {"is_write_index": True}},
                wait_for_active_shards="1",
            )
        except ApiError as error:
            if error.error != "resource_already_exists_exception":
                raise
            client.indices.put_alias(index=f"{name}-v{MAPPING_VERSION}", name=name, is_write_index=True)
