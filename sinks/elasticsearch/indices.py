"""Indices, aliases and templates by name: one index per kind behind its alias, never rolled over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from schemas.errors import StoreError
from sinks.base import KINDS, Kind
from sinks.elasticsearch.mapping import MAPPING_VERSION, mapping, settings


@dataclass(frozen=True, slots=True)
class Layout:
    """How indices are made. `mapping` gives a kind's, for embeddings of `dims` dimensions."""

    prefix: str
    shards: int = 1
    dims: int = 384
    mapping: Callable[..., dict[str, Any]] = mapping

    def body(self, kind: Kind) -> dict[str, Any]:
        """Mappings and settings of a kind's index; the mapping's `_meta` holds their fingerprint."""
        mappings = self.mapping(kind, dims=self.dims)
        own = settings(shards=self.shards)
        encoded = msgspec.json.encode([{**mappings, "_meta": None}, own["analysis"]], order="deterministic")
        meta = {"mapping": MAPPING_VERSION, "fingerprint": hashlib.sha256(encoded).hexdigest()[:16]}
        return {"mappings": {**mappings, "_meta": {"vocero": meta}}, "settings": own}


def alias(prefix: str, kind: Kind) -> str:
    """The name that is written to and searched, such as `feedback-posts`."""
    return f"{prefix}-{kind}"


def aliases(prefix: str) -> list[str]:
    """The aliases of all kinds."""
    return [alias(prefix, kind) for kind in KINDS]


def numbered(prefix: str, kind: Kind, number: int) -> str:
    """The name of an index, such as `feedback-posts-v1`."""
    return f"{alias(prefix, kind)}-v{number}"


def fingerprint(mappings: dict[str, Any]) -> str | None:
    """Which mapping all documents of an index were indexed with; None where it does not say."""
    meta = mappings.get("_meta", {}).get("vocero", {})
    found = meta.get("fingerprint") if isinstance(meta, dict) else None
    return found if isinstance(found, str) else None


def behind(client: Elasticsearch, name: str) -> list[str]:
    """The indices that an alias names; none where there is no such alias. Raises StoreError where it is an index."""
    # by GET: the refusal of a HEAD could not say which privilege is missing
    try:
        found = list(client.indices.get_alias(index=name))
    except NotFoundError:
        return []
    if name in found:
        raise StoreError(
            f"`{name}` is an index in Elasticsearch, and has to be an alias; remove or rename that index first"
        )
    return found


def create(client: Elasticsearch, layout: Layout, kinds: tuple[Kind, ...] = KINDS) -> list[str]:
    """Makes every missing index with its alias, and names them. Two that do it at the same time do no harm.

    Raises StoreError where a name is taken by something else, ApiError and TransportError as the client does.
    """
    made: list[str] = []
    for kind in kinds:
        name = alias(layout.prefix, kind)
        if behind(client, name):
            continue
        index = numbered(layout.prefix, kind, 1)
        try:
            client.indices.create(
                index=index,
                **layout.body(kind),
                aliases={name: {"is_write_index": True}},
                wait_for_active_shards="1",
            )
        except ApiError as error:
            if error.meta.status == 403:
                raise StoreError(
                    f"{index} is missing in Elasticsearch (HTTP 403), and these credentials may not make it; run "
                    "`vocero setup` with those of its role, see `vocero setup --print-roles`"
                ) from None
            if error.error != "resource_already_exists_exception":
                raise
            client.indices.put_alias(index=index, name=name, is_write_index=True)
        made.append(index)
    return made
