"""A person's word on two posts, as people meet them: the command that parts or joins them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Literal

from schemas.enriched import EnrichedPost
from schemas.errors import StoreError
from schemas.identity import from_millis, to_millis
from schemas.links import LinkCommand
from streams.cases.correcting import brand_of


def word_on(post: EnrichedPost, other: EnrichedPost, action: Literal["link", "unlink"], actor: str) -> LinkCommand:
    """The command. Raises StoreError for posts of two brands, which are not compared."""
    if brand_of(post) != brand_of(other):
        raise StoreError("the two posts are of different brands, which are not compared")
    return LinkCommand(
        id=uuid.uuid4().hex,
        brand=brand_of(post),
        action=action,
        identity=post.identity,
        other=other.identity,
        actor=actor,
        at=from_millis(to_millis(datetime.now(UTC))),
    )
