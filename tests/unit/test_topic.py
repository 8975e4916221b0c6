"""The enricher `topic` and the snapshot it reads: nearest centroids, emerging, order, courtesies."""

from __future__ import annotations

import numpy as np
import pytest

from enrichers.base import Draft
from enrichers.scoring.topic_model import TopicModel
from enrichers.topic import Topics, says_something
from schemas.enriched import EnrichedPost, Span, TopicRef
from schemas.topics import Topic
from schemas.vectors import Vector, encode_vector

pytestmark = pytest.mark.unit


def unit(*values: float) -> Vector:
    row = np.array(values, np.float32)
    return row / np.float32(np.linalg.norm(row))


def topic(name: str, centroid: Vector, **fields: object) -> Topic:
    return Topic(id=name, label=name.upper(), keywords=[name], centroid=encode_vector(centroid), **fields)  # type: ignore[arg-type]


DRESS, DELIVERY = unit(1, 0, 0, 0), unit(0, 1, 0, 0)
MODEL = TopicModel.from_topics([topic("dress", DRESS), topic("delivery", DELIVERY)])


def draft(*said: tuple[str, Vector]) -> Draft:
    text = " ".join(words for words, _ in said)
    spans, at = [], 0
    for own, _ in said:
        spans.append(Span(start=at, end=at + len(own), language="en"))
        at += len(own) + 1
    post = EnrichedPost(
        id="1",
        source="shop",
        channel="review",
        text=text,
        clean_text=text,
        identity="x",
        version=1,
        event_time="2026-01-01T00:00:00Z",
        spans=spans,
    )
    return Draft(post, vectors=np.stack([v for _, v in said]) if said else None)


def assigned(one: Draft, model: TopicModel = MODEL) -> list[TopicRef]:
    return Topics(lambda: model)([one])[0].post.topics


def test_two_topics_in_one_post_dominant_first() -> None:
    refs = assigned(draft(("a lovely dress", DRESS), ("but it came two whole weeks late", unit(0.2, 1, 0, 0))))
    assert [ref.id for ref in refs] == ["delivery", "dress"]
    assert [ref.spans for ref in refs] == [[1], [0]]
    assert refs[1] == TopicRef(
        status="assigned", id="dress", label="DRESS", keywords=["dress"], similarity=1.0, spans=[0]
    )


def test_spans_of_one_topic_are_one_reference() -> None:
    refs = assigned(draft(("it came two weeks late", DELIVERY), ("really very very late", unit(0.5, 1, 0, 0))))
    assert [(ref.id, ref.spans, ref.similarity) for ref in refs] == [("delivery", [0, 1], 1.0)]


def test_what_fits_none_is_emerging_and_stands_last() -> None:
    far = unit(0, 0.3, 1, 0)
    refs = assigned(draft(("the colour of the box is odd", far), ("it came two weeks late", DELIVERY)))
    assert [ref.status for ref in refs] == ["assigned", "emerging"]
    assert refs[1].id is None
    assert refs[1].similarity is not None
    assert refs[1].similarity < MODEL.threshold


def test_the_threshold_is_a_setting() -> None:
    near = unit(0.6, 0, 0.8, 0)
    strict = TopicModel.from_topics([topic("dress", DRESS)], threshold=0.7)
    loose = TopicModel.from_topics([topic("dress", DRESS)], threshold=0.5)
    one = draft(("something like a dress", near))
    assert assigned(one, strict)[0].status == "emerging"
    assert assigned(one, loose)[0].status == "assigned"


def test_an_empty_model_gives_one_emerging_reference() -> None:
    refs = assigned(draft(("a lovely dress", DRESS), ("it came very late", DELIVERY)), TopicModel.empty())
    assert refs == [TopicRef(status="emerging", spans=[0, 1])]


def test_courtesies_have_no_topic() -> None:
    refs = assigned(draft(("Dear team,", DRESS), ("it came two weeks late", DELIVERY), ("Kind regards", DRESS)))
    assert [ref.id for ref in refs] == ["delivery"]
    assert assigned(draft(("Kind regards", DRESS))) == []
    assert [ref.id for ref in assigned(draft(("Delivery", DELIVERY)))] == ["delivery"]


@pytest.mark.parametrize("text", ["Buenos días", "Muchas gracias de antemano", "Mit freundlichen Grüßen", "ok", ""])
def test_says_nothing(text: str) -> None:
    assert not says_something(text)


def test_posts_without_vectors_have_no_topics() -> None:
    bare = draft()
    assert assigned(bare) == []
    silent = draft(("a lovely dress", np.zeros(4, np.float32)))
    assert assigned(silent) == []


def test_the_model_is_asked_once_per_batch() -> None:
    asked = []

    def newest() -> TopicModel:
        asked.append(1)
        return MODEL

    Topics(newest)([draft(("a lovely dress", DRESS))] * 5)
    assert len(asked) == 1


def test_only_active_readable_topics_of_one_dimension_enter_the_model() -> None:
    model = TopicModel.from_topics(
        [
            topic("b", DELIVERY * 7),
            topic("a", DRESS),
            topic("merged", DRESS, status="merged", merged_into="a"),
            topic("short", np.ones(2, np.float32)),
            topic("zero", np.zeros(4, np.float32)),
            Topic(id="broken", label="x", centroid="!!!"),
            Topic(id="none", label="x"),
        ]
    )
    assert model.ids == ("a", "b")
    np.testing.assert_allclose(np.linalg.norm(model.centroids, axis=1), 1.0, atol=1e-6)


def test_vectors_of_another_dimension_are_emerging() -> None:
    refs = assigned(draft(("a lovely dress", np.ones(3, np.float32))))
    assert [ref.status for ref in refs] == ["emerging"]
