"""What could not be used: the value of a record on `feedback.dead-letters`. Its address is in the headers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class DeadLetter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an input was not used. `excerpt` is redacted; the original stays in the raw topic."""

    stage: str
    reason: str
    message: str
    topic: str
    partition: int
    offset: int
    sha256: Annotated[str, Meta(description="Of the original value's bytes.")]
    at: str
    excerpt: str = ""
    identity: str | None = None
