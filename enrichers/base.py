"""The one shape of an enricher, and what it works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self, runtime_checkable

import msgspec

from schemas.enriched import EnrichedPost, Provenance
from schemas.vectors import Vector


@dataclass(frozen=True, slots=True)
class Draft:
    """A post on its way through the enrichers, with the vectors that do not travel.

    `vectors` has shape (len(post.spans), d), one unit row per span; `vector` has shape (d,), the whole post's.
    Both are None before `embed`, and stay None for a post without words. `own_vectors` and `own_vector` are the same
    of the post's own words, whatever their language, by the engine that `sentiment` and `intent` were fitted on.
    """

    post: EnrichedPost
    vectors: Vector | None = None
    vector: Vector | None = None
    own_vectors: Vector | None = None
    own_vector: Vector | None = None

    def with_post(self, **fields: Any) -> Self:
        """A copy whose post has these fields replaced."""
        return replace(self, post=msgspec.structs.replace(self.post, **fields))

    def noted(self, note: str) -> Self:
        """A copy whose provenance holds one more note."""
        old = self.post.provenance
        return self.with_post(provenance=msgspec.structs.replace(old, notes=[*old.notes, note]))


@runtime_checkable
class Enricher(Protocol):
    """A pure function over a batch: as many drafts out as in, in the same order, none of them changed in place.

    What it says of a post does not depend on the other posts of the batch. It has no clock and no memory of
    other posts, and knows neither Kafka nor a store. It may raise EngineError; the chain then tries post by post.
    """

    name: str
    version: str

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]: ...

    def close(self) -> None: ...


def stamped(post: EnrichedPost, enricher: Enricher) -> EnrichedPost:
    """The post with the enricher's name and version in its provenance."""
    old: Provenance = post.provenance
    made = {**old.enrichers, enricher.name: enricher.version}
    return msgspec.structs.replace(post, provenance=msgspec.structs.replace(old, enrichers=made))
