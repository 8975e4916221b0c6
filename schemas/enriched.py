"""What `enrich` sends on `feedback.enriched`: the raw post's fields plus what vocero found out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.raw import RawPost

SentimentLabel = Literal["negative", "neutral", "positive"]
IntentLabel = Literal["complaint", "suggestion", "question", "praise", "other"]
TranslationStatus = Literal["identity", "translated", "partial", "unsupported"]
Promotion = Literal["advert", "copies", "giveaway", "job", "scam", "spam"]
RedactionKind = Literal["EMAIL", "PHONE", "CARD", "ACCOUNT"]


class Sentiment(Struct, frozen=True, kw_only=True):
    """How the words feel. `unscored` is never shown as neutral: then label, score and confidence are null."""

    status: Literal["scored", "unscored"]
    label: SentimentLabel | None = None
    score: Annotated[float, Meta(ge=-1, le=1, description="-1 most negative, 1 most positive.")] | None = None
    confidence: Annotated[float, Meta(ge=0, le=1, description="Calibrated probability of the label.")] | None = None


UNSCORED = Sentiment(status="unscored")


class Translation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Into English. `identity`: it was English; `partial`: some of it has no engine; `unsupported`: none of it."""

    status: TranslationStatus
    text: Annotated[str | None, Meta(description="English text; null where nothing could be translated.")] = None
    engine: str | None = None
    confidence: Annotated[float, Meta(ge=0, le=1, description="Share of words that the engine knew.")] | None = None


class Span(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sentence or part of one, in one language: `clean_text[start:end]` (code points)."""

    start: int
    end: int
    language: Annotated[str, Meta(description="ISO 639-1 code, or `und` where it cannot be told.")] = "und"
    confidence: Annotated[float, Meta(ge=0, le=1)] = 0.0
    translation: Translation | None = None
    sentiment: Sentiment | None = None


class Intent(Struct, frozen=True, kw_only=True):
    """What the post wants; a post may hold several."""

    label: IntentLabel
    confidence: Annotated[float, Meta(ge=0, le=1)]


class TopicRef(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A topic of the shared model that the post speaks of; `emerging` where it fits none (then `id` is null)."""

    status: Literal["assigned", "emerging"]
    id: str | None = None
    label: str | None = None
    keywords: list[str] = msgspec.field(default_factory=list)
    similarity: Annotated[float, Meta(ge=-1, le=1, description="Cosine to the topic's centroid.")] | None = None
    spans: Annotated[list[int], Meta(description="Indexes into `spans`.")] = msgspec.field(default_factory=list)


class Flag(Struct, frozen=True, kw_only=True):
    """A doubt about authenticity, with its evidence. It never hides, lowers or deletes a post."""

    name: str
    evidence: str


class Authenticity(Struct, frozen=True, kw_only=True):
    flags: list[Flag] = msgspec.field(default_factory=list)


class Relevance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a post is feedback at all. A mark keeps it out of alerts, never out of the store, search or sentiment."""

    relevant: Annotated[bool, Meta(description="False: an advert, spam, or not about us.")]
    kind: Promotion | None = None
    evidence: Annotated[list[str], Meta(description="Why, in words.")] = msgspec.field(default_factory=list)


class Link(Struct, frozen=True, kw_only=True):
    """Another post that tells the same complaint, found by comparing; a person can undo it."""

    identity: Annotated[str, Meta(description="Identity of the other post.")]
    confidence: Annotated[float, Meta(ge=0, le=1)]
    evidence: Annotated[list[str], Meta(description="Why, in words.")]


class Severity(Struct, frozen=True, kw_only=True):
    """What a negative post can cost: negativity × reach, with the factors beside the score."""

    score: Annotated[float, Meta(ge=0, le=1)]
    negativity: Annotated[float, Meta(ge=0, le=1)]
    reach: Annotated[float, Meta(ge=0, le=1)]
    factors: dict[str, float] = msgspec.field(default_factory=dict)


class Redaction(Struct, frozen=True, kw_only=True):
    """Where a mark such as `[EMAIL]` stands in `field` (code points of the redacted text)."""

    field: str
    start: int
    end: int
    kind: RedactionKind


class Provenance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What made each field, and what went wrong or had to be assumed."""

    enrichers: Annotated[dict[str, str], Meta(description="Enricher name to model or rule version.")] = msgspec.field(
        default_factory=dict
    )
    failed: Annotated[dict[str, str], Meta(description="Enricher name to the reason it gave up on this post.")] = (
        msgspec.field(default_factory=dict)
    )
    notes: list[str] = msgspec.field(default_factory=list)
    raw: Annotated[dict[str, Any], Meta(description="Raw topic, partition, offset and SHA-256 of the record.")] = (
        msgspec.field(default_factory=dict)
    )


class CorrectedFields(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person says a post's fields are. A field that is null was not corrected."""

    sentiment: SentimentLabel | None = None
    intents: Annotated[list[IntentLabel], Meta(max_length=5)] | None = None
    topics: (
        Annotated[list[TopicRef], Meta(max_length=20, description="Topics of the shared model; empty: none of them.")]
        | None
    ) = None
    language: Annotated[str, Meta(pattern="^[a-z]{2,3}$", description="ISO 639 code.")] | None = None
    relevant: Annotated[bool | None, Meta(description="False: an advert, spam, or not about us.")] = None


class Correction(CorrectedFields, frozen=True, kw_only=True, omit_defaults=True):
    """A person's word on a post, on the compacted topic `feedback.corrections`, keyed by identity. It wins over models.

    It holds for the words that the person saw: for that version of the post, or another with the same clean text.
    """

    identity: str
    post_version: int | None = None
    words: Annotated[str | None, Meta(description="SHA-256 of the clean text that the person saw.")] = None
    actor: str
    at: str
    note: str | None = None
    step: Annotated[int, Meta(description="Grows by one with each correction of the post.")] = 1
    commands: Annotated[list[str], Meta(description="Ids of the newest commands in it: a repeat is harmless.")] = (
        msgspec.field(default_factory=list)
    )
    undone: Annotated[bool, Meta(description="Taken back: the models' word counts again.")] = False


class CorrectionNote(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """In a post: what a person corrected, and what the models had said."""

    fields: list[str]
    actor: str
    at: str
    step: int
    note: str | None = None
    relevant: bool | None = None
    model: Annotated[dict[str, Any], Meta(description="The models' own values of the corrected fields.")] = (
        msgspec.field(default_factory=dict)
    )


class EnrichedPost(RawPost, frozen=True, kw_only=True, omit_defaults=True):
    """A raw post plus everything that the enrichers found out about it."""

    identity: Annotated[str, Meta(description="SHA-256 of [channel, source, id]; the document's `_id`.")]
    version: Annotated[int, Meta(description="Milliseconds; the newest version of an identity wins.")]
    event_time: Annotated[str, Meta(description="RFC 3339 UTC: `created_at` if plausible, else the Kafka timestamp.")]
    clean_text: str = ""
    languages: list[str] = msgspec.field(default_factory=list)
    spans: list[Span] = msgspec.field(default_factory=list)
    translation: Translation | None = None
    sentiment: Sentiment = UNSCORED
    rating_disagrees: Annotated[
        bool | None, Meta(description="The rating and the words say opposite things; null where either is missing.")
    ] = None
    intents: list[Intent] = msgspec.field(default_factory=list)
    topics: Annotated[list[TopicRef], Meta(description="The dominant one first.")] = msgspec.field(default_factory=list)
    authenticity: Authenticity = msgspec.field(default_factory=Authenticity)
    relevance: Annotated[
        Relevance | None, Meta(description="Null: nothing speaks against its being feedback, or nobody has judged it.")
    ] = None
    severity: Severity | None = None
    correction: Annotated[CorrectionNote | None, Meta(description="Where a person's word replaced a model's.")] = None
    links: Annotated[list[Link], Meta(description="The same complaint told elsewhere, the surest first.")] = (
        msgspec.field(default_factory=list)
    )
    redactions: list[Redaction] = msgspec.field(default_factory=list)
    provenance: Provenance = msgspec.field(default_factory=Provenance)
    embedding: Annotated[str | None, Meta(description="Unit vector of the post: base64 of little-endian float32.")] = (
        None
    )


class Relabel(Struct, frozen=True, kw_only=True, tag_field="kind", tag="relabel"):
    """A later change to a document, sent on `feedback.enriched`; only `index` reads it, the others skip it."""

    identity: str
    version: int
    topics: list[TopicRef] | None = None
    correction: Annotated[Correction | None, Meta(description="A person's word; `index` applies it.")] = None


class Compared(Struct, frozen=True, kw_only=True, tag_field="kind", tag="compared"):
    """What comparing a post with others has shown, sent on `feedback.enriched` like a relabel; only `index` reads it.

    It is the whole of it: what an earlier one said and this one does not say no longer holds.
    """

    identity: str
    version: int
    links: list[Link] = msgspec.field(default_factory=list)
    flags: Annotated[list[Flag], Meta(description="Beside those that the post shows by itself.")] = msgspec.field(
        default_factory=list
    )
    factors: Annotated[dict[str, float], Meta(description="Recurrence, beside the severity's own factors.")] = (
        msgspec.field(default_factory=dict)
    )
    relevance: Annotated[
        Relevance | None, Meta(description="Kind `copies`; it yields to what the post itself shows, and to a person.")
    ] = None


COMPARED_FACTORS = ("author_recurrence", "topic_recurrence")
COMPARED_FLAGS = ("copied-text", "praise-burst", "many-posts")
"""Names of the severity factors and of the flags that only a comparison gives."""
