"""When a topic is born, the posts that made it carry it in every store: `learn` and `index` by call, real stores."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from schemas.codec import encode
from schemas.enriched import EnrichedPost, Span, TopicRef
from schemas.identity import from_millis, identity
from schemas.signals import Lesson, LessonSpan
from schemas.topics import TopicCommand
from schemas.vectors import encode_vector
from sinks.base import Query, Sink
from sinks.documents import post_of
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.memory import MemorySink
from sinks.sqlite import SQLiteSink
from streams.learning.grouping import LearnRule
from streams.records import Message, Record
from streams.settings import load_settings
from streams.stages.index import IndexStage
from streams.stages.learn import LearnStage
from streams.topics import topics_of

pytestmark = pytest.mark.contract

TOPICS = topics_of(load_settings(environ={}))
TEXTS = ("the courier brought the parcel late", "the label scratches my neck badly", "such a lovely wedding dress")
T0 = 1_774_000_000_000
POSTS = 96


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        pytest.param("elasticsearch", marks=[pytest.mark.integration, pytest.mark.timeout(900)]),
    ]
)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    made: Sink
    if request.param == "memory":
        made = MemorySink()
    elif request.param == "sqlite":
        made = SQLiteSink(tmp_path / "store.sqlite")
    else:
        made = ElasticsearchSink(
            connect(request.getfixturevalue("elasticsearch_server")), prefix=f"t{uuid.uuid4().hex[:12]}"
        )
    made.open()
    yield made
    made.close()


def post(number: int) -> EnrichedPost:
    text = TEXTS[number % 3]
    return EnrichedPost(
        id=str(number),
        source="shop",
        channel="review",
        text=text,
        clean_text=text,
        language="en",
        spans=[Span(start=0, end=len(text), language="en")],
        topics=[TopicRef(status="emerging", spans=[0])],
        identity=identity("review", "shop", str(number)),
        version=T0 + number,
        event_time=from_millis(T0 + number),
    )


def lesson(number: int) -> Lesson:
    dice = np.random.default_rng(number)
    vector = dice.normal(0, 0.03, 16).astype(np.float32)
    vector[number % 3] += 1.0
    one = post(number)
    span = LessonSpan(vector=encode_vector(vector), text=one.text, place=0)
    return Lesson(identity=one.identity, version=one.version, event_time=T0 + number, spans=[span])


def records(topic: str, values: Sequence[bytes | None], first: int = 0) -> list[Record]:
    return [Record(topic, 0, offset, b"k", value, T0) for offset, value in enumerate(values, start=first)]


def received(messages: Sequence[Message], first: int) -> list[Record]:
    """What `index` reads of them, in the order in which they are sent."""
    wanted = [one for one in messages if one.topic in (TOPICS.enriched, TOPICS.topics)]
    ordered = sorted(wanted, key=lambda one: one.state)
    return [Record(one.topic, 0, n, one.key, one.value, T0) for n, one in enumerate(ordered, start=first)]


async def story(sink: Sink) -> list[list[str | None]]:
    """The topic of each post after the birth, after everything came again, and after a person's merge."""
    learn = LearnStage(TOPICS, lambda topic, partition: {}, LearnRule(first=POSTS))
    index = IndexStage(TOPICS, lambda: sink)
    await learn.assigned(frozenset({0}))
    await index.open()

    def told() -> list[str | None]:
        stored = sink.get("posts", [post(number).identity for number in range(POSTS)])
        assert all(one is not None and one.version == post(n).version for n, one in enumerate(stored))
        return [post_of(one).topics[0].id for one in stored if one is not None]

    posts = records(TOPICS.enriched, [encode(post(number)) for number in range(POSTS)])
    assert await index.process(posts) == []
    assert told() == [None] * POSTS
    births = received(
        await learn.process(records(TOPICS.learn, [encode(lesson(number)) for number in range(POSTS)])), POSTS
    )
    assert await index.process(births) == []
    found = [told()]
    assert await index.process([*posts, *births]) == []  # a crash before the acknowledgement: all of it comes again
    found.append(told())
    gone, stays = found[0][0], found[0][1]
    order = TopicCommand(
        id="c", action="merge", topic=gone or "", into=stays, actor="ana", at=from_millis(T0 + 10_000_000)
    )
    merged = await learn.process(records(TOPICS.learn, [encode(order)], first=POSTS))
    assert await index.process(received(merged, 1000)) == []
    found.append(told())
    sink.refresh()
    assert sink.count("posts", Query(topic=stays)) == sum(topic == stays for topic in found[-1])
    (alias,) = sink.get("topics", [gone or ""])
    assert alias is not None
    assert alias.body["feedback"]["topic"]["merged_into"] == stays
    return found


def test_posts_that_made_a_topic_carry_it_and_a_merge_reaches_them(sink: Sink) -> None:
    born, again, merged = asyncio.run(story(sink))
    by_kind = [{topic for number, topic in enumerate(born) if number % 3 == kind} for kind in range(3)]
    assert all(len(ids) <= 2 and len(ids - {None}) == 1 for ids in by_kind), by_kind
    assert sum(topic is not None for topic in born) >= POSTS // 2  # what lies between may wait for the next look
    assert len(set(born) - {None}) == 3
    assert again == born
    assert merged == [born[1] if topic == born[0] else topic for topic in born]
