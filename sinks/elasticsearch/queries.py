"""A query in Elasticsearch's words: every part must occur in some field, filters are exact, order is total."""

from __future__ import annotations

from typing import Any

from sinks.base import Kind, Query, Subject
from sinks.elasticsearch.mapping import LANGUAGES, MAX_KEYWORD
from sinks.fields import (
    CONTEXT,
    ENGLISH,
    FILTERS,
    ORIGINAL,
    SEVERITY,
    SUBJECTS,
    filters,
    phrases,
    sought,
    unsearchable,
    window,
)

MAX_WINDOW = 10_000
"""`offset + limit` that an index answers by default."""


def search_request(query: Query) -> dict[str, Any]:
    """The body of a search. Raises SettingsError for a time that is none."""
    return {
        "query": condition(query),
        "sort": _sort(query),
        "size": max(query.limit, 0),
        "from": max(query.offset, 0),
        "track_total_hits": True,
        "version": True,
    }


def belonging(kind: Kind, subject: Subject) -> dict[str, Any]:
    """What a document must fulfil to belong to the subject."""
    pairs = [(path, value) for name, value in sought(subject) for path in SUBJECTS[kind].get(name, ())]
    either = [{"term": {path: value}} for path, value in pairs if len(value) <= MAX_KEYWORD]
    return {"bool": {"should": either, "minimum_should_match": 1}} if either else {"match_none": {}}


def older(before: int) -> dict[str, Any]:
    """Event time lower than so many milliseconds."""
    return {"range": {"@timestamp": {"lt": before, "format": "epoch_millis"}}}


def condition(query: Query) -> dict[str, Any]:
    """What a document must fulfil."""
    if unsearchable(query):
        return {"match_none": {}}
    required: list[dict[str, Any]] = [
        {"multi_match": {"query": part, "type": "phrase", "fields": _text_fields(query.kind)}}
        for part in phrases(query.text)
    ]
    exact: list[dict[str, Any]] = []
    for name, value in filters(query):
        exact.append(_one_equals(FILTERS[query.kind].get(name, ()), value))
    bounds = window(query)
    limits = {"gte": bounds.since, "lt": bounds.until}
    if any(limit is not None for limit in limits.values()):
        given = {name: limit for name, limit in limits.items() if limit is not None}
        exact.append({"range": {"@timestamp": {**given, "format": "epoch_millis"}}})
    if required and query.words == "any":
        return {"bool": {"should": required, "minimum_should_match": 1, "filter": exact}}
    return {"bool": {"must": required or [{"match_all": {}}], "filter": exact}}


def _one_equals(paths: tuple[str, ...], value: str) -> dict[str, Any]:
    """One of the fields equals the value. No fields: nothing does, while an empty `bool` would match everything."""
    # a longer value is in no index, and the server refuses to be asked for it
    if not paths or len(value) > MAX_KEYWORD:
        return {"match_none": {}}
    return {"bool": {"should": [{"term": {path: value}} for path in paths], "minimum_should_match": 1}}


def _text_fields(kind: Kind) -> list[str]:
    """The words as they stand, their stems in every language, and the names around them at half the weight."""
    stems = [f"{path}.{code}" for path in ORIGINAL[kind] for code in LANGUAGES]
    english = [name for path in ENGLISH[kind] for name in (path, f"{path}.en")]
    names = [f"{path}.text^0.5" for path in CONTEXT[kind]]
    return [*ORIGINAL[kind], *stems, *english, *names]


def _sort(query: Query) -> list[dict[str, Any]]:
    newest = [
        {"@timestamp": {"order": "desc", "missing": "_last", "unmapped_type": "date"}},
        {"event.id": {"order": "asc"}},
    ]
    if query.sort == "severity":
        return [{SEVERITY[query.kind]: {"order": "desc", "missing": "_last"}}, *newest]
    if query.sort == "relevance" and phrases(query.text):
        return [{"_score": {"order": "desc"}}, *newest]
    return newest
