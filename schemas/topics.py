"""One topic of the shared model, on the compacted topic `feedback.topics`, keyed by its id."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct


class Topic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A topic: an id that never changes meaning, and the newest of everything else."""

    id: str
    label: str
    keywords: list[str] = msgspec.field(default_factory=list)
    centroid: Annotated[str, Meta(description="Base64 of little-endian float32, unit length.")] = ""
    count: int = 0
    status: Literal["candidate", "active", "merged", "retired"] = "active"
    merged_into: str | None = None
    examples: Annotated[list[str], Meta(description="Redacted English sentences.")] = msgspec.field(
        default_factory=list
    )
    created_at: str | None = None
    updated_at: str | None = None
    applied: Annotated[int, Meta(description="Offset of the last lesson in it: makes a repeat harmless.")] = -1
    terms: Annotated[dict[str, int], Meta(description="Counts of English words, for keywords.")] = msgspec.field(
        default_factory=dict
    )
    members: Annotated[list[tuple[str, int]], Meta(description="(identity, version) of its first posts.")] = (
        msgspec.field(default_factory=list)
    )
