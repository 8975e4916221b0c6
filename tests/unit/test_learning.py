"""The topic learner on synthetic vectors: births, stable ids, repeats, restart and bounded candidates."""

import numpy as np
import pytest

from schemas.signals import Lesson, LessonSpan
from schemas.topics import Topic
from schemas.vectors import Vector, decode_vector, encode_vector
from streams.learning.keywords import keywords, merged, terms_of
from streams.learning.leader import Changes, LeaderRule, TopicLearner

pytestmark = pytest.mark.unit

DIMENSIONS = 32


def around(axis: int, dice: np.random.Generator, spread: float = 0.05) -> Vector:
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[axis] = 1.0
    vector += dice.normal(0, spread, DIMENSIONS).astype(np.float32)
    return vector / np.linalg.norm(vector)


def lesson(number: int, vector: Vector, text: str = "the parcel came late") -> Lesson:
    return Lesson(
        identity=f"{number:064d}",
        version=number,
        event_time=1_774_000_000_000 + number,
        spans=[LessonSpan(vector=encode_vector(vector), text=text)],
    )


def taught(lessons: list[Lesson], learner: TopicLearner, first: int = 0) -> Changes:
    changes = Changes()
    for offset, one in enumerate(lessons, start=first):
        learner.learn(one, offset, changes)
    return changes


def test_enough_alike_posts_make_a_topic_and_its_posts_are_labelled() -> None:
    dice = np.random.default_rng(1)
    learner = TopicLearner()
    before = taught([lesson(n, around(0, dice)) for n in range(4)], learner)
    assert {topic.status for topic in before.topics.values() if topic} == {"candidate"}
    assert before.relabels == []
    after = taught([lesson(4, around(0, dice))], learner, first=4)
    (topic,) = [topic for topic in after.topics.values() if topic]
    assert topic.status == "active"
    assert topic.label
    assert {relabel.identity for relabel in after.relabels} == {f"{n:064d}" for n in range(5)}
    assert all(relabel.topics[0].id == topic.id for relabel in after.relabels)


def test_one_post_that_repeats_itself_makes_no_topic() -> None:
    dice = np.random.default_rng(2)
    learner = TopicLearner()
    spans = [LessonSpan(vector=encode_vector(around(0, dice)), text="late parcel again late") for _ in range(9)]
    changes = Changes()
    learner.learn(Lesson(identity="x" * 64, version=1, event_time=1, spans=spans), 0, changes)
    assert {topic.status for topic in changes.topics.values() if topic} == {"candidate"}


def test_different_things_are_different_topics_with_words_of_their_own() -> None:
    dice = np.random.default_rng(3)
    learner = TopicLearner()
    lessons = [lesson(n, around(0, dice), "the courier brought the parcel late") for n in range(8)]
    lessons += [lesson(100 + n, around(1, dice), "the label scratches my neck") for n in range(8)]
    taught(lessons, learner)
    active = [topic for topic in learner.topics if topic.status == "active"]
    assert len(active) == 2
    words = [set(topic.keywords) for topic in active]
    assert {"courier", "parcel"} & words[0]
    assert {"label", "scratches"} & words[1]


def test_a_redelivered_lesson_changes_nothing() -> None:
    dice = np.random.default_rng(4)
    learner = TopicLearner()
    lessons = [lesson(n, around(n % 3, dice)) for n in range(30)]
    taught(lessons, learner)
    counts = {topic.id: topic.count for topic in learner.topics}
    assert taught(lessons, learner).topics == {}
    assert {topic.id: topic.count for topic in learner.topics} == counts


def test_a_restart_from_its_own_records_learns_on_as_if_nothing_had_happened() -> None:
    dice = np.random.default_rng(5)
    lessons = [lesson(n, around(n % 4, dice, 0.1)) for n in range(60)]
    whole = TopicLearner()
    taught(lessons, whole)
    stored: dict[str, Topic | None] = {}
    half = TopicLearner()
    stored.update(taught(lessons[:30], half).topics)
    again = TopicLearner([topic for topic in stored.values() if topic])
    taught(lessons[30:], again, first=30)
    assert {t.id: (t.count, t.status) for t in again.topics} == {t.id: (t.count, t.status) for t in whole.topics}
    for one, other in zip(again.topics, whole.topics, strict=True):
        assert float(decode_vector(one.centroid) @ decode_vector(other.centroid)) > 0.9999


def test_candidates_are_bounded_and_the_forgotten_are_tombstones() -> None:
    dice = np.random.default_rng(6)
    learner = TopicLearner(rule=LeaderRule(join=0.999, candidates=50))
    changes = taught([lesson(n, around(n % DIMENSIONS, dice, 0.5)) for n in range(300)], learner)
    assert len(learner.topics) <= 50
    assert any(topic is None for topic in changes.topics.values())


@pytest.mark.parametrize("bad", [np.full(DIMENSIONS, np.nan), np.zeros(DIMENSIONS), np.ones(7)])
def test_a_vector_that_is_none_is_left_out(bad: Vector) -> None:
    learner = TopicLearner()
    taught([lesson(0, around(0, np.random.default_rng(7)))], learner)
    assert taught([lesson(1, bad.astype(np.float32))], learner, first=1).topics == {}


def test_keywords_prefer_what_is_special() -> None:
    everywhere = {"parcel": 10, "late": 100, "good": 100}
    assert keywords({"parcel": 5, "late": 5, "good": 1}, everywhere, 3)[0] == "parcel"
    assert keywords({}, everywhere, 3) == []
    assert "the" not in terms_of("The parcel, and the label")
    assert merged({"a": 1}, {"a": 2, "b": 1}) == {"a": 3, "b": 1}
