"""`index` decodes a batch while the one before it is written, and writes them in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from schemas.codec import encode
from schemas.enriched import Compared, Correction, EnrichedPost, Flag, Relabel, Sentiment
from sinks.base import Document, Outcome
from sinks.memory import MemorySink
from streams.records import Record
from streams.settings import load_settings
from streams.stages.index import IndexStage
from streams.topics import topics_of

pytestmark = [pytest.mark.unit, pytest.mark.timeout(30)]

TOPICS = topics_of(load_settings())
VERSION = 1_774_000_000_000


class Slow(MemorySink):
    """Writes begin, and end when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[list[str]] = []
        self.let_go = threading.Semaphore(0)

    def write(self, documents: Sequence[Document]) -> list[Outcome]:
        self.begun.append([document.id for document in documents])
        assert self.let_go.acquire(timeout=20)
        return super().write(documents)


def post(identity: str, text: str = "x") -> EnrichedPost:
    return EnrichedPost(
        id=identity,
        source="shop",
        channel="review",
        text=text,
        clean_text=text,
        identity=identity,
        version=VERSION,
        event_time="2026-03-20T00:00:00Z",
        sentiment=Sentiment(status="unscored"),
    )


def records(*values: Any) -> list[Record]:
    return [Record(TOPICS.enriched, 0, n, b"k", encode(value), VERSION) for n, value in enumerate(values)]


async def begun(sink: Slow, count: int) -> None:
    for _ in range(2_000):
        if len(sink.begun) >= count:
            break
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)  # time for one too many
    assert len(sink.begun) == count


async def test_batches_are_written_in_order() -> None:
    sink = Slow()
    stage = IndexStage(TOPICS, lambda: sink)
    await stage.open()
    said = Compared(identity="b", version=VERSION, flags=[Flag(name="copied-text", evidence="")])
    batches = [records(post("a"), post("b")), records(post("c"), said), records(post("b", "newest"))]
    running = [asyncio.create_task(stage.process(batch)) for batch in batches]
    await begun(sink, 1)
    sink.let_go.release(20)
    assert await asyncio.gather(*running) == [[], [], []]
    assert sink.begun == [["a", "b"], ["c"], ["b"], ["b"]]
    (stored,) = sink.get("posts", ["b"])
    assert stored is not None
    assert stored.body["feedback"]["clean_text"] == "newest"


async def test_the_next_batch_is_decoded_while_one_is_written() -> None:
    sink = Slow()
    stage = IndexStage(TOPICS, lambda: sink)
    await stage.open()
    decoded: list[bytes | None] = []
    decode = stage._document
    stage._document = lambda record: (decoded.append(record.value), decode(record))[1]  # type: ignore[method-assign]
    first, second = records(post("a")), records(post("b"))
    running = [asyncio.create_task(stage.process(batch)) for batch in (first, second)]
    await begun(sink, 1)
    assert decoded == [first[0].value, second[0].value]
    sink.let_go.release(2)
    await asyncio.gather(*running)


async def test_a_correction_and_a_later_edition_of_its_post_keep_their_order() -> None:
    sink = Slow()
    sink.let_go.release(20)
    stage = IndexStage(TOPICS, lambda: sink)
    await stage.open()
    word = Correction(identity="a", post_version=VERSION, actor="ana", at="2026-03-21T00:00:00Z", sentiment="negative")
    batches = [records(post("a")), records(Relabel(identity="a", version=VERSION, correction=word))]
    await asyncio.gather(*(stage.process(batch) for batch in batches))
    (stored,) = sink.get("posts", ["a"])
    assert stored is not None
    assert stored.body["feedback"]["sentiment"]["label"] == "negative"
