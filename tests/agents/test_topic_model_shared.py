"""The topic model on a broker: every follower assigns alike, and a heir goes on from the topic alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest

from schemas.codec import encode
from schemas.signals import Lesson, LessonSpan
from schemas.topics import TopicCommand
from schemas.vectors import Vector, encode_vector
from streams.broker.client import client_config
from streams.broker.embedded import EmbeddedBroker
from streams.broker.outbox import Outbox
from streams.broker.state import read_partition
from streams.learning.follower import ModelFollower
from streams.learning.grouping import LearnRule
from streams.records import Message, Record
from streams.settings import Settings, load_settings
from streams.stages.learn import LearnStage, restored
from streams.topics import plan, topics_of

pytestmark = pytest.mark.agents

TEXTS = ("the courier brought the parcel late", "the label scratches my neck badly", "such a lovely wedding dress")
RULE = LearnRule(first=40, last=60, mature=200)
T0 = 1_774_000_000_000


@pytest.fixture
def settings() -> Iterator[Settings]:
    with EmbeddedBroker() as broker:
        found = load_settings(environ={"VOCERO_KAFKA_BOOTSTRAP_SERVERS": broker.address})
        broker.create([one.name for one in plan(topics_of(found), partitions=4)])
        yield found


def vectors(kinds: list[int], seed: int) -> Vector:
    found = np.random.default_rng(seed).normal(0, 0.04, (len(kinds), 16)).astype(np.float32)
    found[np.arange(len(kinds)), kinds] += 1.0
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def lessons(first: int, count: int, kinds: int = 3) -> list[Record]:
    numbers = range(first, first + count)
    topic = topics_of(load_settings(environ={})).learn
    made = []
    for number, vector in zip(numbers, vectors([n % kinds for n in numbers], first), strict=True):
        span = LessonSpan(vector=encode_vector(vector), text=TEXTS[number % kinds % 3], place=0)
        value = encode(Lesson(identity=f"{number:064d}", version=1, event_time=T0 + number, spans=[span]))
        made.append(Record(topic, 0, number, b"k", value, T0))
    return made


def stage(settings: Settings) -> LearnStage:
    """A `learn` worker that has just been given the partition."""
    made = LearnStage(topics_of(settings), partial(read_partition, client_config(settings)), RULE)
    asyncio.run(made.assigned(frozenset({0})))
    return made


def deliver(settings: Settings, messages: list[Message]) -> None:
    outbox = Outbox(client_config(settings))
    try:
        asyncio.run(outbox.send([one for one in messages if not one.state]))
        asyncio.run(outbox.send([one for one in messages if one.state]))
    finally:
        outbox.close()


def wait(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_three_workers_assign_alike_through_the_death_of_the_learner(settings: Settings) -> None:
    topics = topics_of(settings)
    followers = [ModelFollower(client_config(settings), topics.topics) for _ in range(2)]
    for follower in followers:
        follower.start()
    first = stage(settings)
    messages = asyncio.run(first.process(lessons(0, 90)))
    deliver(settings, messages)
    early = {t.id for t in restored(read_partition(client_config(settings), topics.topics, 0), RULE).topics}
    assert len(early) == 3
    # the next batch is learned, half of it is written, and the worker dies: its state was the last record
    lost = asyncio.run(first.process(lessons(90, 64)))
    deliver(settings, [one for one in lost if one.state][:10])
    heir = stage(settings)
    deliver(settings, asyncio.run(heir.process(lessons(90, 64))))
    order = TopicCommand(
        id="c", action="merge", topic=min(early), into=max(early), actor="ana", at="2026-04-01T00:00:00Z"
    )
    word = Record(topics.learn, 0, 154, b"k", encode(order), T0)
    deliver(settings, asyncio.run(heir.process([word, *lessons(155, 60)])))
    # a third worker joins when all is done
    followers.append(ModelFollower(client_config(settings), topics.topics))
    followers[-1].start()
    whole = restored(read_partition(client_config(settings), topics.topics, 0), RULE)
    asked = vectors([n % 5 for n in range(200)], seed=7)
    expected = whole.model.nearest(asked)
    try:
        wait(lambda: all(one.newest().ids == whole.model.ids for one in followers))
        wait(lambda: all(np.array_equal(one.newest().nearest(asked)[1], expected[1]) for one in followers))
        for follower in followers:
            assert np.array_equal(follower.newest().nearest(asked)[0], expected[0])
            assert follower.newest().labels == whole.model.labels
    finally:
        for follower in followers:
            follower.close()
    assert set(whole.model.ids) == early - {min(early)}
    assert early <= {topic.id for topic in whole.topics}
    assert whole.state.applied == 214
    assert len({one.identity for one in whole.sentences}) == 214
