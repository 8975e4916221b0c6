"""A person's word on two posts, on the topic `feedback.links.commands`, keyed by brand."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct


class LinkCommand(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`unlink` parts two posts for good, `link` joins them. Both can be given again without harm."""

    id: str
    brand: Annotated[str, Meta(description="The posts' brand, or their source where they have none.")]
    action: Literal["link", "unlink"]
    identity: str
    other: str
    actor: str
    at: str
