"""The small records between stages: a signal for `alert` and `case`, a lesson for `learn`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.enriched import IntentLabel, SentimentLabel


class Signal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One post as `alert` and `case` need it, keyed by brand (or by source where no brand is known)."""

    identity: str
    version: int
    brand: str
    event_time: Annotated[int, Meta(description="Milliseconds since 1970.")]
    channel: str
    source: str
    post_id: str
    sentiment: SentimentLabel | None = None
    negativity: Annotated[float, Meta(ge=0, le=1)] = 0.0
    severity: Annotated[float, Meta(ge=0, le=1)] = 0.0
    reach: Annotated[float, Meta(ge=0, le=1)] = 0.0
    intents: list[IntentLabel] = msgspec.field(default_factory=list)
    relevant: Annotated[bool, Meta(description="False: an advert, spam, or not about us; it is no alert.")] = True
    language: str = "und"
    product: str | None = None
    place: str | None = None
    topics: Annotated[list[tuple[str, str]], Meta(description="(id, label) of assigned topics.")] = msgspec.field(
        default_factory=list
    )
    author: Annotated[str | None, Meta(description="Handle, id or keyed hash.")] = None
    customer_id: str | None = None
    role: Literal["customer", "company"] | None = None
    in_reply_to: str | None = None
    thread_id: str | None = None
    automatic: Annotated[bool, Meta(description="A machine's reply, such as a note of absence: nobody spoke.")] = False
    excerpt: Annotated[str, Meta(description="Redacted start of the clean text.")] = ""
    translation: str | None = None
    vector: str | None = None


class LessonSpan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One span of a lesson: its vector and its English text, for keywords."""

    vector: str
    text: str
    place: Annotated[int, Meta(ge=0, description="Index into the post's `spans`.")] | None = None
    topic: Annotated[str | None, Meta(description="What `enrich` assigned; null: emerging.")] = None


class Lesson(Struct, frozen=True, kw_only=True):
    """What the topic model learns from one post."""

    identity: str
    version: int
    event_time: int
    spans: list[LessonSpan]
