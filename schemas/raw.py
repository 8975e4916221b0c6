"""What producers send: a raw post, one JSON object on `feedback.raw.<channel>`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""What every store can hold. A channel may count below zero: votes against."""
ContentType = Literal["text/plain", "text/html", "message/rfc822"]


class Author(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who wrote the post. For e-mail, what leaves `enrich` is a keyed hash in `id` and nothing else."""

    id: str | None = None
    customer_id: Annotated[str | None, Meta(description="The producer's own key that joins a person's channels.")] = (
        None
    )
    name: str | None = None
    handle: str | None = None
    followers: Annotated[Count | None, Meta(description="Audience of the author, in people.")] = None
    role: Literal["customer", "company"] | None = None


class Rating(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The channel's own rating: `value` out of `best`. Kept apart from sentiment."""

    value: float
    best: float = 5.0


class Point(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Coordinates in degrees (WGS 84)."""

    lat: float
    lon: float


class Attachment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file beside the post: listed, never opened."""

    name: str | None = None
    content_type: str | None = None
    size: Annotated[Count | None, Meta(description="Bytes.")] = None
    url: str | None = None


class RawPost(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A post as its channel gives it. `id`, `source`, `channel` and `text` are required."""

    id: Annotated[str, Meta(description="The channel's own identifier of the post.", min_length=1)]
    source: Annotated[str, Meta(description="Which shop, mailbox or feed.", min_length=1)]
    channel: Annotated[str, Meta(description="review, email, social, or a channel named in the settings.")]
    text: str
    created_at: Annotated[str | None, Meta(description="RFC 3339; without a zone it is read as UTC.")] = None
    updated_at: Annotated[str | None, Meta(description="RFC 3339; the newest one wins.")] = None
    content_type: ContentType = "text/plain"
    url: str | None = None
    title: str | None = None
    language: Annotated[str | None, Meta(description="The channel's own claim, a prior and not believed blindly.")] = (
        None
    )
    author: Author | None = None
    brand: str | None = None
    product: str | None = None
    place: str | None = None
    place_point: Annotated[Point | None, Meta(description="Where `place` lies, for a map.")] = None
    rating: Rating | None = None
    likes: Count | None = None
    shares: Count | None = None
    views: Count | None = None
    attachments: list[Attachment] = msgspec.field(default_factory=list)
    in_reply_to: Annotated[str | None, Meta(description="`id` of the post that this one answers.")] = None
    thread_id: str | None = None
    incentivised: Annotated[bool | None, Meta(description="The channel says that the author got something for it.")] = (
        None
    )
    labels: Annotated[dict[str, Any], Meta(description="Anything else, unknown fields included.")] = msgspec.field(
        default_factory=dict
    )
