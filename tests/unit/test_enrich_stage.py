"""The `enrich` stage by function call: what leaves it for a post, and what never does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.codec import Limits
from schemas.enriched import EnrichedPost, Span, Translation
from schemas.signals import Lesson, Signal
from streams.headers import RAW, VERSION
from streams.records import Message, Record
from streams.settings import load_settings
from streams.stages.enrich import EnrichStage
from streams.topics import topics_of

pytestmark = pytest.mark.unit

TOPICS = topics_of(load_settings(environ={}))
GOOD = {"id": "1", "source": "shop", "channel": "review", "text": "The parcel came late again", "brand": "Lumbre"}


class Marking:
    name = "marking"
    version = "1"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        made = []
        for draft in drafts:
            text = draft.post.text
            span = Span(start=0, end=len(text), language="en", translation=Translation(status="identity", text=text))
            marked = draft.with_post(clean_text=text, spans=[span])
            made.append(Draft(marked.post, np.ones((1, 4), np.float32) / 2, np.ones(4, np.float32) / 2))
        return made

    def close(self) -> None:
        """Nothing is open."""


class Redacting(Marking):
    name = "redact"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        raise ValueError("out of order")


def record(value: object, **fields: object) -> Record:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    values: dict[str, object] = {
        "topic": TOPICS.raw["review"],
        "partition": 2,
        "offset": 41,
        "key": b"k",
        "value": data,
        "timestamp_ms": 1_774_000_000_000,
        **fields,
    }
    return Record(**values)  # type: ignore[arg-type]


async def enriched(*records: Record, chain: Chain | None = None) -> dict[str, list[Message]]:
    stage = EnrichStage(TOPICS, lambda: chain or Chain([Marking()]), Limits())
    await stage.open()
    by_topic: dict[str, list[Message]] = {}
    for message in await stage.process(records):
        by_topic.setdefault(message.topic, []).append(message)
    stage.close()
    return by_topic


async def test_a_post_becomes_a_document_a_signal_and_a_lesson() -> None:
    sent = await enriched(record(GOOD, headers={"ce_id": b"e-1", "ce_time": b"2026-03-01T10:00:00Z"}))
    (document,) = sent[TOPICS.enriched]
    post = msgspec.json.decode(document.value or b"", type=EnrichedPost)
    assert document.key == post.identity.encode()
    assert post.event_time == "2026-03-01T10:00:00.000Z"
    assert post.provenance.raw == {"topic": TOPICS.raw["review"], "partition": 2, "offset": 41, "ce_id": "e-1"}
    assert document.headers[RAW] == b"feedback.raw.reviews/2/41"
    assert document.headers[VERSION] == b"1774000000000"
    assert document.headers["ce_type"] == b"vocero.post.enriched"
    (signal,) = sent[TOPICS.signals]
    assert signal.key == b"Lumbre"
    assert msgspec.json.decode(signal.value or b"", type=Signal).post_id == "1"
    (lesson,) = sent[TOPICS.learn]
    assert lesson.partition == 0
    # they go out after the post itself, so that a relabel or a comparison never comes too early
    assert (document.follows, signal.follows, lesson.follows) == (False, True, True)
    assert msgspec.json.decode(lesson.value or b"", type=Lesson).spans[0].text == GOOD["text"]
    assert set(sent) == {TOPICS.enriched, TOPICS.signals, TOPICS.learn}


async def test_without_a_brand_the_source_is_the_key_and_the_company_teaches_nothing() -> None:
    post = {**GOOD, "author": {"role": "company"}}
    del post["brand"]
    sent = await enriched(record(post))
    assert sent[TOPICS.signals][0].key == b"shop"
    assert TOPICS.learn not in sent


async def test_a_replay_keeps_its_version() -> None:
    (document,) = (await enriched(record(GOOD, headers={VERSION: b"123"})))[TOPICS.enriched]
    assert msgspec.json.decode(document.value or b"", type=EnrichedPost).version == 123


async def test_a_tombstone_is_settled_without_a_word() -> None:
    assert await enriched(replace(record(GOOD), value=None)) == {}


async def test_a_post_whose_personal_data_could_not_be_marked_never_leaves() -> None:
    leaky = {**GOOD, "text": "call ana at ana@example.org"}
    sent = await enriched(record(leaky), record(GOOD), chain=Chain([Redacting(), Marking()]))
    assert set(sent) == {TOPICS.dead_letters}
    assert all(b"ana" not in (letter.value or b"") for letter in sent[TOPICS.dead_letters])


async def test_a_mail_that_cannot_be_read_is_a_dead_letter() -> None:
    sent = await enriched(record({**GOOD, "content_type": "message/rfc822", "text": "YW5hQGV4YW1wbGUub3Jn"}))
    (letter,) = sent[TOPICS.dead_letters]
    assert letter.headers["__connect.errors.exception.class.name"] == b"bad-mail"
    assert set(sent) == {TOPICS.dead_letters}


async def test_good_posts_beside_bad_ones_go_on() -> None:
    sent = await enriched(record(b"{"), record(GOOD), record({**GOOD, "channel": "pigeon"}))
    assert len(sent[TOPICS.dead_letters]) == 2
    assert len(sent[TOPICS.enriched]) == 1
