"""A person's second thoughts: a merge undone, a post forgotten; and groups of topics that stay while topics come."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from enrichers.scoring.topic_model import TopicModel
from schemas.codec import encode
from schemas.signals import Lesson, LessonSpan
from schemas.topics import ForgetPost, Topic, TopicCommand
from schemas.vectors import Vector, encode_vector
from streams.learning.catalog import Catalog
from streams.learning.forgetting import forget_message, holds_post
from streams.learning.group_names import UNGROUPED, shown
from streams.learning.grouping import LearnRule
from streams.learning.groups import FEWEST, keep_grouped
from streams.learning.learner import TopicLearner
from streams.settings import load_settings
from streams.stages.learn import decode_input, restored
from streams.topics import topics_of

pytestmark = pytest.mark.unit

DIMENSIONS = 32
TEXTS = ("the courier brought the parcel late", "the label scratches my neck badly", "such a lovely wedding dress")
RULE = LearnRule(first=40, last=120, memory=300, mature=200)
AT = "2026-04-01T00:00:00Z"


def around(axis: int, dice: np.random.Generator, spread: float = 0.06) -> Vector:
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[axis] = 1.0
    vector += dice.normal(0, spread, DIMENSIONS).astype(np.float32)
    return vector / np.linalg.norm(vector)


class Broker:
    """What the compacted topic and the documents hold."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}
        self.told: dict[str, list[str | None]] = {}

    def take(self, learner: TopicLearner) -> None:
        changes = learner.changes()
        for key, record in changes.records.items():
            if record is None:
                self.records.pop(key.encode(), None)
            else:
                self.records[key.encode()] = encode(record)
        self.told |= {relabel.identity: [ref.id for ref in relabel.topics] for relabel in changes.relabels}


def teach(learner: TopicLearner, broker: Broker, offset: int, count: int = 90, seed: int = 1) -> int:
    """The next offset after `count` lessons of three kinds."""
    dice = np.random.default_rng(seed)
    for number in range(offset, offset + count):
        kind = number % 3
        span = LessonSpan(vector=encode_vector(around(kind, dice)), text=TEXTS[kind])
        time = 1_774_000_000_000 + 1000 * number
        learner.learn(Lesson(identity=f"{number:064d}", version=1, event_time=time, spans=[span]), number)
        if number % 7 == 0:
            broker.take(learner)
    broker.take(learner)
    return offset + count


def say(learner: TopicLearner, broker: Broker, offset: int, action: str, topic: str, **more: str) -> bool:
    order = {"id": "c", "kind": "topic-command", "action": action, "topic": topic, "actor": "ana", "at": AT, **more}
    done = learner.command(msgspec.convert(order, TopicCommand), offset)
    broker.take(learner)
    return done


def taught() -> tuple[TopicLearner, Broker, int]:
    learner, broker = TopicLearner(rule=RULE), Broker()
    return learner, broker, teach(learner, broker, 0)


def ids_by_kind(learner: TopicLearner) -> list[str | None]:
    model = TopicModel.from_topics(learner.topics)
    owners, _ = model.nearest(np.stack([around(axis, np.random.default_rng(5), 0.01) for axis in range(3)]))
    return [model.ids[owner] if owner >= 0 else None for owner in owners.tolist()]


def test_a_merge_that_is_undone_is_as_if_it_had_not_been() -> None:
    learner, broker, offset = taught()
    before = ids_by_kind(learner)
    gone, stays = before[0], before[1]
    assert gone is not None
    assert stays is not None
    assert say(learner, broker, offset, "merge", gone, into=stays)
    assert ids_by_kind(learner) == [stays, stays, before[2]]
    assert say(learner, broker, offset + 1, "undo", gone)
    assert ids_by_kind(learner) == before
    old = [identity for identity in broker.told if int(identity) % 3 == 0]
    assert old
    assert {topic for identity in old for topic in broker.told[identity]} == {gone}
    # and it stays so: through a restart and many fresh looks
    again = restored(broker.records, RULE)
    teach(again, broker, offset + 2, count=400, seed=9)
    assert ids_by_kind(again) == before
    assert all(topic.status == "active" for topic in again.topics)
    assert next(topic for topic in again.topics if topic.id == gone).apart == [stays]


def test_a_person_keeps_apart_what_the_model_would_join() -> None:
    dice = np.random.default_rng(3)
    for apart, left in ((["t-b"], 2), ([], 1)):
        near = around(0, dice, 0.01)
        topics = [
            Topic(id=key, label="late parcel", centroid=encode_vector(near), radius=0.5, count=20, apart=own)
            for key, own in (("t-a", apart), ("t-b", []))
        ]
        learner, broker = TopicLearner(topics, rule=LearnRule(first=40, last=40, moves=10_000)), Broker()
        dice = np.random.default_rng(4)
        for number in range(160):
            kind = 0 if number % 2 else 1 + number // 2 % 3
            span = LessonSpan(vector=encode_vector(around(kind, dice)), text=TEXTS[min(kind, 2)])
            learner.learn(Lesson(identity=f"{number:064d}", version=1, event_time=number, spans=[span]), number)
            for place, held in enumerate(learner.sentences):
                if number == 39 and held.topic == "t-a" and place % 4 == 1:
                    learner._memory.label(held.id, "t-b", "t-b")
        active = {topic.id for topic in learner.topics if topic.status == "active"} & {"t-a", "t-b"}
        assert len(active) == left, apart
        broker.take(learner)


@pytest.mark.parametrize(("action", "more"), [("undo", {}), ("merge", {"into": "t-none"}), ("rename", {})])
def test_a_word_that_cannot_be_says_so_and_changes_nothing(action: str, more: dict[str, str]) -> None:
    learner, broker, offset = taught()
    topic, before = learner.topics[0].id, learner.topics
    assert not say(learner, broker, offset, action, topic, **more)
    assert not say(learner, broker, offset + 1, action, "t-none", **more)
    assert learner.topics == before
    assert learner.state.applied == offset + 1


def test_a_forgotten_post_is_in_no_record_and_in_no_example() -> None:
    learner, broker, offset = taught()
    quoted = learner.topics[0].quoted[0]
    held = [one for one in learner.sentences if one.identity == quoted]
    assert held
    assert quoted.encode() in b"".join(broker.records.values())
    learner.forget(ForgetPost(identity=quoted, at=AT), offset)
    broker.take(learner)
    assert not [key for key in broker.records if holds_post(key, quoted)]
    assert quoted.encode() not in b"".join(broker.records.values())
    topic = next(topic for topic in learner.topics if topic.id == learner.topics[0].id)
    assert len(topic.examples) == len(topic.quoted)
    teach(learner, broker, offset + 1, count=200, seed=8)
    assert quoted.encode() not in b"".join(broker.records.values())
    learner.forget(ForgetPost(identity="never seen", at=AT), offset + 300)


def test_the_word_to_forget_goes_where_the_lessons_go() -> None:
    topics = topics_of(load_settings(environ={}))
    message = forget_message(topics, "a" * 64, AT)
    assert (message.topic, message.partition) == (topics.learn, 0)
    assert decode_input(message.value or b"") == ForgetPost(identity="a" * 64, at=AT)
    assert holds_post(b"s-" + b"a" * 64 + b"-0", "a" * 64)
    assert not holds_post(b"s-" + b"a" * 64 + b"-0", "a" * 63)
    assert not holds_post(b"t-0123456789ab", "0123456789ab")


def topics_of_kinds(count: int, first: int = 0) -> list[Topic]:
    """Topics that lie around three places."""
    dice = np.random.default_rng(first)
    return [
        Topic(id=f"t-{n:04d}", label=str(n), centroid=encode_vector(around(n % 3, dice, 0.1)))
        for n in range(first, first + count)
    ]


def test_few_topics_have_no_groups_and_many_have() -> None:
    few = Catalog(topics_of_kinds(FEWEST - 1))
    assert keep_grouped(few, 0) == 0
    assert all(topic.group is None for topic in few.all())
    many = Catalog(topics_of_kinds(30))
    assert keep_grouped(many, 0) == 30
    found = {(number % 3, topic.group) for number, topic in enumerate(many.all())}
    assert len(found) == 3
    assert len({group for _, group in found}) == 3


def test_groups_keep_their_ids_while_topics_come() -> None:
    catalog = Catalog(topics_of_kinds(30))
    grouped = keep_grouped(catalog, 0)
    first = {topic.id: topic.group for topic in catalog.all()}
    for topic in topics_of_kinds(12, first=30):
        catalog.put(topic)
    assert keep_grouped(catalog, grouped) == 30
    later = {topic.id: topic.group for topic in catalog.all()}
    assert first.items() <= later.items()
    assert all(later[f"t-{n:04d}"] == first[f"t-{n % 3:04d}"] for n in range(30, 42))
    for topic in topics_of_kinds(18, first=42):
        catalog.put(topic)
    assert keep_grouped(catalog, grouped) == 60  # all anew, and still under the same ids
    assert first.items() <= {topic.id: topic.group for topic in catalog.all()}.items()


def test_a_group_is_named_by_what_its_topics_share() -> None:
    def topic(key: str, count: int, group: str | None, *words: str) -> dict[str, Any]:
        return {"id": key, "label": words[0], "keywords": list(words), "count": count, "group": group}

    groups = shown(
        [
            topic("a", 9, "g-1", "late delivery", "courier"),
            topic("b", 5, "g-1", "delivery", "neighbour"),
            topic("c", 30, "g-2", "label", "scratches"),
            topic("d", 1, None, "colour"),
        ],
        10,
    )
    assert [(one["group"], one["count"]) for one in groups] == [("g-2", 30), ("g-1", 14), (None, 1)]
    assert groups[1]["label"].startswith("delivery")
    assert groups[2]["label"] == UNGROUPED
    assert json.dumps(groups)


def test_what_is_no_longer_active_is_bounded() -> None:
    catalog = Catalog(
        [
            Topic(id="t-1", label="", status="retired", updated_at="2026-01-01T00:00:00Z"),
            Topic(id="t-2", label="", status="merged", merged_into="t-5", updated_at="2026-01-02T00:00:00Z"),
            Topic(id="t-3", label="", status="merged", merged_into="t-5", pinned_merge=True),
            Topic(id="t-4", label="", status="retired", updated_at="2026-01-03T00:00:00Z"),
            Topic(id="t-5", label="", centroid=encode_vector(around(0, np.random.default_rng(0)))),
        ]
    )
    catalog.prune(2)
    assert [topic.id for topic in catalog.all()] == ["t-3", "t-4", "t-5"]
    assert catalog.changed == {"t-1": None, "t-2": None}
