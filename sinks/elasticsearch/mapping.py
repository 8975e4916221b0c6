"""The source of the Elasticsearch mappings and index settings, one index per kind."""

from __future__ import annotations

from typing import Any

from sinks.base import Kind

MAPPING_VERSION = 1
"""Grows with each change that an index in place cannot take; it names the index: `feedback-posts-v1`."""

LANGUAGES = {
    "es": "spanish",
    "it": "italian",
    "pt": "portuguese",
    "fr": "french",
    "en": "english",
    "de": "german",
}
"""Sub-fields of the original text, each with the analyzer of its language."""

MAX_SPANS = 50_000
"""Nested objects in one document; Elasticsearch's own default of 10,000 would refuse a very long post."""

MAX_KEYWORD = 8191
"""Characters. Lucene's longest term is 32,766 bytes: what is longer is kept and shown, but not filtered by."""

GC_DELETES_SECONDS = 3_600
"""How long an index remembers the version of a deleted document by itself."""

Properties = dict[str, Any]

_KEYWORD: Properties = {"type": "keyword", "ignore_above": MAX_KEYWORD}
_FOLDED: Properties = {"type": "text", "analyzer": "folded"}
_ENGLISH: Properties = {**_FOLDED, "fields": {"en": {"type": "text", "analyzer": "english"}}}
_ORIGINAL: Properties = {
    **_FOLDED,
    "fields": {code: {"type": "text", "analyzer": name} for code, name in LANGUAGES.items()},
}
_NAME: Properties = {**_KEYWORD, "fields": {"text": _FOLDED}}
# channels send odd dates and counts: the post is kept as it came, that field of it is not searchable
_DATE: Properties = {"type": "date", "ignore_malformed": True}
_LONG: Properties = {"type": "long", "ignore_malformed": True}
_DOUBLE: Properties = {"type": "double", "ignore_malformed": True}
_BOOLEAN: Properties = {"type": "boolean"}
_FLATTENED: Properties = {"type": "flattened", "ignore_above": MAX_KEYWORD, "depth_limit": 100}
_OPAQUE: Properties = {"type": "object", "enabled": False}


def _object(**fields: Any) -> Properties:
    return {"dynamic": False, "properties": fields}


def _each(kind: Properties, *names: str) -> Properties:
    return dict.fromkeys(names, kind)


_SENTIMENT = _object(**_each(_KEYWORD, "status", "label"), **_each(_DOUBLE, "score", "confidence"))
_TRANSLATION = _object(**_each(_KEYWORD, "status", "engine"), confidence=_DOUBLE, text=_ENGLISH)


def _post(dims: int) -> Properties:
    """`feedback` of a post: schema names; text is found in the words as they stand and in their language's stems."""
    return _object(
        **_each(_KEYWORD, "id", "identity", "source", "channel", "content_type", "url", "language", "languages"),
        **_each(_KEYWORD, "in_reply_to", "thread_id"),
        **_each(_NAME, "brand", "product", "place"),
        **_each(_DATE, "created_at", "updated_at", "event_time"),
        **_each(_LONG, "version", "likes", "shares", "views"),
        **_each(_BOOLEAN, "incentivised", "rating_disagrees"),
        text={"type": "text", "index": False},
        clean_text=_ORIGINAL,
        title=_ORIGINAL,
        author=_object(**_each(_KEYWORD, "id", "customer_id", "name", "handle", "role"), followers=_LONG),
        place_point={"type": "geo_point", "ignore_malformed": True},
        rating=_object(**_each(_DOUBLE, "value", "best")),
        attachments=_object(**_each(_KEYWORD, "name", "content_type", "url"), size=_LONG),
        labels=_FLATTENED,
        spans={
            "type": "nested",
            **_object(
                **_each(_LONG, "start", "end"),
                language=_KEYWORD,
                confidence=_DOUBLE,
                sentiment=_SENTIMENT,
                translation=_object(status=_KEYWORD),
            ),
        },
        translation=_TRANSLATION,
        sentiment=_SENTIMENT,
        intents=_object(label=_KEYWORD, confidence=_DOUBLE),
        topics={
            "type": "nested",
            # also as plain fields, for facets and dashboards that know no nested documents
            "include_in_parent": True,
            **_object(
                **_each(_KEYWORD, "id", "status", "keywords"),
                label={**_NAME, "copy_to": "feedback.topic_labels"},
                similarity=_DOUBLE,
            ),
        },
        # not in the document: Kibana's charts leave out every field below a nested one
        topic_labels=_KEYWORD,
        authenticity=_object(flags=_object(name=_KEYWORD, evidence={"type": "text", "index": False})),
        relevance=_object(relevant=_BOOLEAN, kind=_KEYWORD, evidence={"type": "text", "index": False}),
        severity=_object(**_each(_DOUBLE, "score", "negativity", "reach"), factors=_OPAQUE),
        correction=_object(
            **_each(_KEYWORD, "fields", "actor"), at=_DATE, step=_LONG, relevant=_BOOLEAN, model=_OPAQUE
        ),
        links=_object(identity=_KEYWORD, confidence=_DOUBLE),
        redactions=_object(**_each(_KEYWORD, "field", "kind")),
        provenance=_object(enrichers=_FLATTENED, failed=_FLATTENED, notes=_KEYWORD, raw=_OPAQUE),
        # the exact vector, for reading back; what is searched is the list of floats beside it
        embedding_base64={"type": "binary"},
        embedding={
            "type": "dense_vector",
            "dims": dims,
            "index": True,
            "similarity": "cosine",
            "index_options": {"type": "int8_hnsw"},
        },
    )


_CASE = _object(
    **_each(_KEYWORD, "id", "identity", "queue", "state", "channel", "source", "post_id", "author", "customer_id"),
    **_each(_KEYWORD, "status", "language", "thread_id"),
    **_each(_NAME, "brand", "product", "place", "company", "department"),
    **_each(_DATE, "opened_at", "updated_at", "acknowledged_at", "contacted_at", "mediation_at", "resolved_at"),
    **_each(_DATE, "answered_at", "removal_requested_at", "recovered_at"),
    **_each(_LONG, "version", "step", "post_version", "first_contact_seconds", "resolution_seconds"),
    **_each(_DOUBLE, "severity", "reach"),
    topics=_OPAQUE,
    excerpt=_ORIGINAL,
    translation=_ENGLISH,
    our_version=_FOLDED,
    reply=_object(at=_DATE, text=_FOLDED, translation=_ENGLISH, identity=_KEYWORD),
    history=_object(at=_DATE, **_each(_KEYWORD, "action", "actor", "identity", "state")),
)
_ALERT = _object(
    **_each(_KEYWORD, "id", "series", "dimension", "state", "measure", "incident", "leading"),
    **_each(_NAME, "brand", "value", "topics", "new_words"),
    **_each(_DATE, "since", "at", "peak_at"),
    **_each(_LONG, "version", "window_seconds", "posts"),
    **_each(_DOUBLE, "observed", "expected", "score", "log10_p", "usual_share", "severity", "expected_severity"),
    **_each({"type": "boolean"}, "leads", "wakes"),
    routed_to=_KEYWORD,
    acknowledged=_object(**_each(_KEYWORD, "by", "command"), at=_DATE, note=_ENGLISH, observed=_DOUBLE),
    exemplars=_object(identity=_KEYWORD, excerpt=_ORIGINAL, translation=_ENGLISH, severity=_DOUBLE),
)
_TOPIC = _object(
    **_each(_KEYWORD, "id", "status", "merged_into", "split_from", "apart", "group", "quoted"),
    **_each(_NAME, "label", "keywords"),
    **_each(_DATE, "created_at", "updated_at"),
    **_each({"type": "boolean"}, "pinned_label", "pinned_merge"),
    count=_LONG,
    radius=_DOUBLE,
    examples=_ENGLISH,
    # what only the model itself reads; the keys of `terms` are words, not fields
    **_each(_OPAQUE, "terms", "members"),
    **_each({"type": "long", "index": False}, "applied"),
    centroid={"type": "keyword", "index": False, "doc_values": False},
)

_DEAD_LETTER = _object(
    **_each(_KEYWORD, "stage", "reason", "topic", "sha256", "identity"),
    **_each(_LONG, "partition", "offset"),
    message=_FOLDED,
    at=_DATE,
)
_JOURNAL = _object(**_each(_KEYWORD, "action", "kind", "id"), **_each(_LONG, "version", "documents"), before=_DATE)


def mapping(kind: Kind, *, dims: int) -> Properties:
    """The mapping of a kind's index. The top level is strict: only Elastic Common Schema fields and `feedback`."""
    feedback = {
        "posts": _post(dims),
        "cases": _object(case=_CASE),
        "alerts": _object(alert=_ALERT),
        "topics": _object(topic=_TOPIC),
        "dead-letters": _object(dead_letter=_DEAD_LETTER),
        "journal": _object(journal=_JOURNAL),
    }[kind]
    properties: Properties = {
        "@timestamp": {"type": "date"},
        "ecs": {"properties": {"version": _KEYWORD}},
        "event": {
            "properties": {
                **_each(_KEYWORD, "id", "kind", "module", "dataset", "provider", "action"),
                "created": {"type": "date"},
            }
        },
        "url": {"properties": {"original": _KEYWORD}},
        "feedback": feedback,
    }
    if kind == "posts":
        # what Kibana shows of a document, without storing the words twice
        properties["message"] = {"type": "alias", "path": "feedback.clean_text"}
    return {"dynamic": "strict", "_meta": {"vocero": {"mapping": MAPPING_VERSION}}, "properties": properties}


DYNAMIC_SETTINGS: Properties = {
    # one replica as soon as there is a second node
    "auto_expand_replicas": "0-1",
    "mapping.nested_objects.limit": MAX_SPANS,
    "gc_deletes": f"{GC_DELETES_SECONDS}s",
}
"""What an index in place takes as well."""


def settings(*, shards: int) -> Properties:
    """Settings of an index."""
    return {
        "number_of_shards": shards,
        **DYNAMIC_SETTINGS,
        "analysis": {
            "analyzer": {
                # words as they stand, whatever their language: without case and diacritics, stop words kept
                "folded": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]}
            }
        },
    }
