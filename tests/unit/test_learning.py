"""The topic learner on synthetic vectors: births, stable ids, repeats, restart, bounds, and a person's word."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import numpy as np
import pytest

from enrichers.scoring.topic_model import TopicModel
from schemas.codec import encode
from schemas.enriched import Relabel
from schemas.signals import Lesson, LessonSpan
from schemas.topics import Topic, TopicCommand
from schemas.vectors import Vector, encode_vector
from streams.learning.grouping import LearnRule
from streams.learning.learner import TopicLearner
from streams.stages.learn import decode_input, restored

pytestmark = pytest.mark.unit

DIMENSIONS = 32
TEXTS = (
    "the courier brought the parcel late",
    "the label scratches my neck badly",
    "such a lovely dress for the wedding",
    "nobody answers the telephone of support",
    "my size was sold out everywhere",
)
RULE = LearnRule(first=40, last=120, memory=300, mature=200)


def around(axis: int, dice: np.random.Generator, spread: float = 0.06) -> Vector:
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[axis] = 1.0
    vector += dice.normal(0, spread, DIMENSIONS).astype(np.float32)
    return vector / np.linalg.norm(vector)


def lesson(number: int, *spans: tuple[Vector, str], version: int = 1, topic: str | None = None) -> Lesson:
    return Lesson(
        identity=f"{number:064d}",
        version=version,
        event_time=1_774_000_000_000 + 1000 * number,
        spans=[LessonSpan(vector=encode_vector(vector), text=text, topic=topic) for vector, text in spans],
    )


def stream(count: int, seed: int = 1, kinds: int = 5, first: int = 0) -> list[Lesson]:
    dice = np.random.default_rng(seed)
    return [lesson(n, (around(n % kinds, dice), TEXTS[n % kinds])) for n in range(first, first + count)]


@dataclass
class Broker:
    """What the compacted topic and the documents hold."""

    records: dict[bytes, bytes] = field(default_factory=dict)
    told: dict[str, Relabel] = field(default_factory=dict)

    def take(self, learner: TopicLearner) -> int:
        changes = learner.changes()
        for key, record in changes.records.items():
            if record is None:
                self.records.pop(key.encode(), None)
            else:
                self.records[key.encode()] = encode(record)
        self.told.update({relabel.identity: relabel for relabel in changes.relabels})
        return len(changes.records)


def taught(learner: TopicLearner, lessons: list[Lesson], broker: Broker, first: int = 0, batch: int = 7) -> None:
    for offset, one in enumerate(lessons, start=first):
        learner.learn(one, offset)
        if offset % batch == 0:
            broker.take(learner)
    broker.take(learner)


def active(learner: TopicLearner) -> list[Topic]:
    return [topic for topic in learner.topics if topic.status == "active"]


def test_what_many_speak_of_becomes_a_topic_and_the_posts_that_made_it_are_told() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    lessons = stream(60)
    taught(learner, lessons[:39], broker)
    assert active(learner) == []
    assert broker.told == {}
    taught(learner, lessons[39:], broker, first=39)
    topics = active(learner)
    assert len(topics) == 5
    assert len({topic.label for topic in topics}) == 5
    assert all(topic.examples and topic.radius is not None for topic in topics)
    assert set(broker.told) <= {one.identity for one in lessons[:40]}
    assert len(broker.told) >= 36  # one far out may wait for the next look
    kinds = {int(identity) % 5: relabel.topics[0].id for identity, relabel in broker.told.items()}
    assert all(relabel.topics[0].id == kinds[int(identity) % 5] for identity, relabel in broker.told.items())
    assert len(set(kinds.values())) == 5
    names = {topic.id: (topic.label, topic.keywords) for topic in topics}
    told = [ref for relabel in broker.told.values() for ref in relabel.topics if ref.id is not None]
    assert all((ref.label, ref.keywords) == names[ref.id] for ref in told), (
        "a topic is told by the name it was born with"
    )


def test_one_post_that_repeats_itself_makes_no_topic() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    dice = np.random.default_rng(2)
    loud = lesson(999, *[(around(9, dice), "late parcel again, always late") for _ in range(15)])
    taught(learner, [loud, *stream(120)], broker)
    assert len(active(learner)) == 5
    assert all(one.topic is None for one in learner.sentences if one.identity == loud.identity)


def test_a_redelivered_lesson_changes_nothing() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    lessons = stream(100)
    taught(learner, lessons, broker)
    before = dict(broker.records)
    taught(learner, lessons, broker)
    assert broker.records == before


def test_a_restart_from_the_records_goes_on_to_the_very_same_records() -> None:
    lessons = stream(500, seed=5)
    whole, alone = TopicLearner(rule=RULE), Broker()
    taught(whole, lessons, alone)
    half, broker = TopicLearner(rule=RULE), Broker()
    taught(half, lessons[:263], broker)
    again = restored(broker.records, RULE)
    assert again.state == half.state
    taught(again, lessons[263:], broker, first=263)
    assert broker.records == alone.records
    assert broker.told == alone.told


def test_a_batch_that_was_half_written_when_the_worker_died_is_taken_again() -> None:
    lessons = stream(200, seed=6)
    whole, alone = TopicLearner(rule=RULE), Broker()
    taught(whole, lessons, alone)
    learner, broker = TopicLearner(rule=RULE), Broker()
    taught(learner, lessons[:100], broker)
    for offset in range(100, 110):
        learner.learn(lessons[offset], offset)
    lost = learner.changes()
    for key, record in list(lost.records.items())[:6]:  # the state comes last and was not written
        assert record is not None
        broker.records[key.encode()] = encode(record)
    again = restored(broker.records, RULE)
    assert again.state.applied == 99
    taught(again, lessons[100:], broker, first=100)
    assert {t.id: t.count for t in active(again)} == {t.id: t.count for t in active(whole)}
    assert [one.id for one in again.sentences] == [one.id for one in whole.sentences]


def test_a_topic_keeps_its_id_while_others_come() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    taught(learner, stream(100, kinds=3), broker)
    early = {topic.id: topic.label for topic in active(learner)}
    assert len(early) == 3
    dice = np.random.default_rng(8)
    news = [lesson(1000 + n, (around(20, dice), "the voucher code was refused twice")) for n in range(60)]
    mixed = [one for pair in zip(stream(60, seed=9, kinds=3, first=500), news, strict=True) for one in pair]
    taught(learner, mixed, broker, first=100)
    late = {topic.id: topic.label for topic in active(learner)}
    assert early.items() <= late.items()
    (born,) = set(late) - set(early)
    assert "voucher" in late[born]


def test_an_edit_replaces_what_the_post_said_and_a_late_old_version_does_not() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    dice = np.random.default_rng(3)
    first = lesson(1, (around(0, dice), TEXTS[0]), version=10)
    edited = lesson(1, (around(1, dice), TEXTS[1]), (around(2, dice), TEXTS[2]), version=20)
    taught(learner, [first, edited, first], broker)
    assert [one.text for one in learner.sentences] == [TEXTS[1], TEXTS[2]]
    assert {one.version for one in learner.sentences} == {20}


def test_memory_is_bounded_and_small_topics_stay_in_it() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    dice = np.random.default_rng(4)
    kinds = [4 if n % 40 == 0 else n % 4 for n in range(2000)]
    taught(learner, [lesson(n, (around(k, dice), TEXTS[k])) for n, k in enumerate(kinds)], broker)
    assert len(learner.sentences) <= RULE.memory + RULE.last
    assert len(broker.records) < RULE.memory + RULE.last + 50
    rare = [one for one in learner.sentences if one.text == TEXTS[4]]
    assert len(rare) == 50


def test_topics_are_bounded_too() -> None:
    rule = LearnRule(first=40, last=60, memory=100, topics=4)
    learner, broker = TopicLearner(rule=rule), Broker()
    lessons = []
    for wave in range(4):
        dice = np.random.default_rng(wave)
        for n in range(120):
            kind = 4 * wave + n % 3
            lessons.append(lesson(1000 * wave + n, (around(kind, dice), f"{TEXTS[n % 3]} wave")))
    taught(learner, lessons, broker)
    assert len(active(learner)) == 4
    assert any(topic.status == "retired" for topic in learner.topics)


@pytest.mark.parametrize("bad", [np.full(DIMENSIONS, np.nan), np.zeros(DIMENSIONS), np.ones(7)])
def test_a_vector_that_is_none_is_left_out(bad: Vector) -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    taught(learner, [lesson(0, (around(0, np.random.default_rng(7)), TEXTS[0]))], broker)
    taught(learner, [lesson(1, (bad.astype(np.float32), TEXTS[1]))], broker, first=1)
    assert len(learner.sentences) == 1


def test_greetings_teach_nothing() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    dice = np.random.default_rng(7)
    taught(learner, [lesson(n, (around(0, dice), "Dear Sir, good morning,")) for n in range(50)], broker)
    assert learner.sentences == []


def order(action: str, topic: str, **fields: str) -> TopicCommand:
    value = {"id": "c", "kind": "topic-command", "action": action, "topic": topic, "actor": "ana", **fields}
    return msgspec.convert({"at": "2026-04-01T00:00:00Z", **value}, TopicCommand)


def test_a_persons_name_stays_and_the_posts_in_memory_get_it() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    taught(learner, stream(100), broker)
    topic = active(learner)[0]
    learner.command(order("rename", topic.id, label="Post that never comes"), 100)
    broker.take(learner)
    again = restored(broker.records, RULE)
    taught(again, stream(300, seed=11, first=200), broker, first=101)
    (renamed,) = [one for one in active(again) if one.id == topic.id]
    assert renamed.label == "Post that never comes"
    assert renamed.count > 2 * topic.count
    labels = {ref.label for relabel in broker.told.values() for ref in relabel.topics if ref.id == topic.id}
    assert "Post that never comes" in labels


def test_a_persons_merge_stays_though_the_two_lie_apart() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    taught(learner, stream(100), broker)
    gone, stays = active(learner)[:2]
    learner.command(order("merge", gone.id, into=stays.id), 100)
    broker.take(learner)
    assert {ref.id for relabel in broker.told.values() for ref in relabel.topics} >= {stays.id}
    again = restored(broker.records, RULE)
    taught(again, stream(400, seed=12, first=200), broker, first=101)
    assert len(active(again)) == 4
    alias = next(topic for topic in again.topics if topic.id == gone.id)
    assert (alias.status, alias.merged_into) == ("merged", stays.id)
    model = TopicModel.from_topics(again.topics)
    dice = np.random.default_rng(13)
    owners, _ = model.nearest(np.stack([around(axis, dice, 0.01) for axis in range(5)]))
    ids = [model.ids[owner] for owner in owners]
    assert len(set(ids)) == 4
    assert ids.count(stays.id) == 2


@pytest.mark.parametrize(
    "command",
    [
        order("merge", "t-unknown", into="t-other"),
        order("rename", "t-unknown", label="x"),
        order("rename", "t-unknown"),
    ],
)
def test_a_word_on_what_is_not_there_changes_nothing(command: TopicCommand) -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    taught(learner, stream(100), broker)
    before = learner.topics
    learner.command(command, 100)
    assert learner.topics == before


def test_commands_and_lessons_share_a_topic() -> None:
    command = order("rename", "t-1", label="x")
    assert decode_input(encode(command)) == command
    one = stream(1)[0]
    assert decode_input(encode(one)) == one
    with pytest.raises(msgspec.MsgspecError):
        decode_input(b'{"kind":"topic-command"}')


def test_a_post_of_two_topics_is_told_both() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    dice = np.random.default_rng(14)
    both = lesson(999, (around(0, dice), TEXTS[0]), (around(2, dice), TEXTS[2]))
    taught(learner, [both, *stream(60)], broker)
    relabel = broker.told[both.identity]
    assert len({ref.id for ref in relabel.topics}) == 2
    assert [ref.spans for ref in relabel.topics] in ([[0], [1]], [[1], [0]])


def test_a_sentence_that_enrich_had_not_placed_is_told_at_the_next_look() -> None:
    learner, broker = TopicLearner(rule=RULE), Broker()
    taught(learner, stream(60), broker)
    # enriched with a model from before the birth: it names no topic
    late = lesson(500, (around(0, np.random.default_rng(15), 0.01), TEXTS[0]))
    learner.learn(late, 60)
    assert learner.sentences[-1].topic is not None
    assert learner.sentences[-1].told is None
    taught(learner, stream(60, seed=16, first=600), broker, first=61)
    assert broker.told[late.identity].topics[0].status == "assigned"
