"""Corrections as people and trainers meet them: posts are found, commands made of what is said, examples read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.cases import CaseCommand
from schemas.enriched import EnrichedPost
from schemas.errors import StoreError
from schemas.identity import from_millis, to_millis
from sinks.base import Query, Sink
from sinks.documents import post_of
from streams.cases.corrections import FIELDS, words_of
from streams.cases.rules import case_id

NAME = 200
"""Characters of a brand that a signal carries: commands are keyed alike."""
PAGE = 1000
AT_MOST = 10_000
SHORTEST = 8


def find_post(sink: Sink, start: str) -> EnrichedPost:
    """The post of that identity, or the only one whose identity begins so. Raises StoreError where there is none."""
    found = sink.get("posts", [start])[0]
    if found is not None:
        return post_of(found)
    if len(start) < SHORTEST:
        raise StoreError(f"an identity has 64 hex digits: give at least the first {SHORTEST}")
    some = []
    for offset in range(0, AT_MOST, PAGE):
        page = sink.search(Query(sort="newest", limit=PAGE, offset=offset)).documents
        some += [document for document in page if document.id.startswith(start)]
        if len(page) < PAGE:
            break
    if len(some) != 1:
        many = "several posts begin" if some else f"no post among the newest {AT_MOST} begins"
        raise StoreError(f"{many} with {start}: give the whole identity (`vocero search --json` shows it)")
    return post_of(some[0])


def brand_of(post: EnrichedPost) -> str:
    """The brand that a post's signal, cases and commands are keyed by."""
    return (post.brand or post.source)[:NAME]


def correction_of(
    post: EnrichedPost, fields: dict[str, Any], actor: str, note: str | None = None, *, expected: int | None = None
) -> CaseCommand:
    """The command that corrects a post as it is seen now; no fields take every correction back.

    `expected` None: the step that the post shows. Raises ValidationError where a field does not fit the schema.
    """
    step = post.correction.step if post.correction else None
    command = {
        "id": uuid.uuid4().hex,
        "case_id": case_id(post.identity),
        "brand": brand_of(post),
        "action": "correct",
        "actor": actor,
        "at": from_millis(to_millis(datetime.now(UTC))),
        "note": note,
        "expected": step if expected is None else expected,
        "identity": post.identity,
        "post_version": post.version,
        "words": words_of(post),
        "correct": fields,
    }
    return msgspec.convert(command, CaseCommand)


def corrected_posts(sink: Sink, field: str | None = None) -> Iterator[EnrichedPost]:
    """Posts of which a person corrected something, each once."""
    seen: set[str] = set()
    for name in (field,) if field else FIELDS:
        for offset in range(0, AT_MOST, PAGE):
            page = sink.search(Query(corrected=name, sort="newest", limit=PAGE, offset=offset)).documents
            for document in page:
                if document.id not in seen:
                    seen.add(document.id)
                    yield post_of(document)
            if len(page) < PAGE:
                break


def example(post: EnrichedPost) -> dict[str, Any]:
    """A corrected post as a labelled example; a label that nobody corrected is the models', and `corrected` says so."""
    note = post.correction
    return {
        "id": post.identity,
        "text": post.clean_text,
        "language": post.language or "und",
        "channel": post.channel,
        "sentiment": post.sentiment.label,
        "intents": [intent.label for intent in post.intents],
        "split": "train",
        "corrected": note.fields if note else [],
        "relevant": note.relevant if note else None,
        "topics": [topic.id for topic in post.topics if topic.id],
        "actor": note.actor if note else None,
        "at": note.at if note else None,
        "model": note.model if note else {},
    }
