"""Edits in any order and everything delivered again and again: each real store ends with the newest edition, once."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.codec import encode
from schemas.enriched import EnrichedPost
from schemas.identity import identity
from sinks.base import Document, Sink
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.sqlite import SQLiteSink
from streams.records import Record
from streams.settings import load_settings
from streams.stages.index import IndexStage
from streams.topics import topics_of

pytestmark = pytest.mark.integration

TOPICS = topics_of(load_settings(environ={"VOCERO_STORE": "memory"}))
POSTS, EDITIONS = 30, 4


@pytest.fixture(params=["sqlite", "elasticsearch"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    if request.param == "sqlite":
        yield SQLiteSink(tmp_path / "posts.sqlite")
        return
    prefix = f"t{uuid.uuid4().hex[:12]}"
    client = connect(request.getfixturevalue("elasticsearch_server"))
    yield ElasticsearchSink(client, prefix=prefix)
    cleaner = connect(request.getfixturevalue("elasticsearch_server"))
    cleaner.indices.delete(index=f"{prefix}-*")
    cleaner.close()


def name_of(number: int) -> str:
    return identity("review", "shop", str(number))


def edition(number: int, version: int) -> Record:
    text = f"post {number} as of {version}"
    post = EnrichedPost(
        id=str(number),
        source="shop",
        channel="review",
        text=text,
        clean_text=text,
        identity=name_of(number),
        version=version,
        event_time="2026-03-01T09:30:00.000Z",
    )
    return Record(
        topic=TOPICS.enriched,
        partition=0,
        offset=0,
        key=post.identity.encode(),
        value=encode(post),
        timestamp_ms=1,
        headers={},
    )


@pytest.mark.timeout(900)
async def test_the_newest_edition_stays_whatever_comes_when_and_how_often(sink: Sink) -> None:
    stage = IndexStage(TOPICS, lambda: sink)
    await stage.open()
    ids = [name_of(number) for number in range(POSTS)]

    def held() -> dict[str, Document | None]:
        return dict(zip(ids, sink.get("posts", ids), strict=True))

    async def deliver(records: list[Record], size: int) -> None:
        for start in range(0, len(records), size):
            assert await stage.process(records[start : start + size]) == []

    chance = random.Random(7)
    records = [edition(number, version) for number in range(POSTS) for version in range(1, EDITIONS + 1)]
    chance.shuffle(records)
    await deliver(records, 17)
    first = held()
    for number, name in enumerate(ids):
        document = first[name]
        assert document is not None
        assert document.version == EDITIONS
        assert document.body["feedback"]["text"] == f"post {number} as of {EDITIONS}"
    for size in (5, 64):
        chance.shuffle(records)
        await deliver(records, size)
        assert held() == first
    await deliver([edition(3, EDITIONS + 1)], 1)
    after = held()
    changed = [name for name in ids if after[name] != first[name]]
    assert changed == [name_of(3)]
    sink.refresh()
    assert sink.count("posts") == POSTS
    stage.close()
