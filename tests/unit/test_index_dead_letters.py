"""`index` stores dead letters without anyone's words, and never makes a dead letter of one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import RejectedInput
from sinks.base import Document, Outcome, Status
from sinks.documents import dead_letter_document
from sinks.memory import MemorySink
from streams.delivery.dead_letters import dead_letter
from streams.records import Message, Record
from streams.settings import load_settings
from streams.stages.index import IndexStage
from streams.topics import topics_of

pytestmark = pytest.mark.unit

TOPICS = topics_of(load_settings())
RAW = Record("feedback.raw.reviews", 2, 17, None, b"not JSON, but somebody's words", 1_774_000_000_000)


class Refusing(MemorySink):
    """Refuses every document for good."""

    def write(self, documents: Sequence[Document], *, until: float = math.inf) -> list[Outcome]:
        return [Outcome(Status.REJECTED, "of no use")] * len(documents)


async def indexed(sink: MemorySink, *values: bytes | None) -> list[Message]:
    stage = IndexStage(TOPICS, lambda: sink)
    await stage.open()
    return await stage.process([Record(TOPICS.dead_letters, 0, n, b"k", value, 5) for n, value in enumerate(values)])


def letter() -> bytes:
    sent = dead_letter(TOPICS.dead_letters, "enrich", RAW, RejectedInput("not-json", "the record is not valid JSON"))
    assert sent.value is not None
    assert b"words" in sent.value
    return sent.value


async def test_a_dead_letter_is_found_by_reason_and_place_and_tells_nobodys_words() -> None:
    sink = MemorySink()
    assert await indexed(sink, letter(), letter(), None) == []
    assert sink.count("dead-letters") == 1
    (document,) = sink.get("dead-letters", ["enrich:feedback.raw.reviews:2:17"])
    assert document is not None
    assert document.version == RAW.timestamp_ms
    kept = document.body["feedback"]["dead_letter"]
    assert (kept["reason"], kept["partition"], kept["offset"]) == ("not-json", 2, 17)
    assert "words" not in str(document.body)


async def test_what_is_no_dead_letter_comes_to_no_loop() -> None:
    sink = MemorySink()
    assert await indexed(sink, b"{}", b"\xff", letter()) == []
    assert sink.count("dead-letters") == 1


async def test_a_refused_dead_letter_comes_to_no_loop() -> None:
    assert await indexed(Refusing(), letter()) == []


def test_a_time_that_is_none_is_left_to_the_sink() -> None:
    odd = DeadLetter(
        stage="index", reason="failed", message="m", topic="t", partition=0, offset=1, sha256="s", at="then"
    )
    document = dead_letter_document(odd)
    assert (document.version, document.body["@timestamp"]) == (0, "then")
    assert encode(document.body)
