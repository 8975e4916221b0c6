"""Erasures, on the compacted topic `feedback.erasures`: which posts never come back, and what was done. No names."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

SubjectKind = Literal["post", "customer", "author", "email"]


class ErasedPost(Struct, frozen=True, kw_only=True):
    """Keyed by identity: whatever arrives of this post is not worked on any more."""

    identity: str
    at: Annotated[str, Meta(description="RFC 3339.")]
    erasure: Annotated[str, Meta(description="`id` of the erasure that it belongs to.")]


class Erasure(Struct, frozen=True, kw_only=True):
    """Keyed by `erasure-` and its id: when, by whom, of what kind, and how much. The subject is a keyed hash."""

    id: str
    at: Annotated[str, Meta(description="RFC 3339.")]
    by: str
    kind: SubjectKind
    subject: Annotated[str, Meta(description="HMAC-SHA256 of what was named, by the secret of the authors' hashes.")]
    posts: Annotated[int, Meta(description="Identities that were erased.")]
    documents: Annotated[dict[str, int], Meta(description="By kind: deleted, or freed of the post's words.")]
    raw_records: Annotated[int, Meta(description="Raw records that got a tombstone.")]
    without_key: Annotated[int, Meta(description="Raw records that only retention removes: no key, or a shared one.")]
