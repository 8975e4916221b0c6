"""The Elasticsearch sink against a real server: what only a real one refuses, and a kill in the middle."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from schemas.enriched import EnrichedPost, Span, TopicRef, Translation
from schemas.errors import StoreError
from schemas.identity import identity
from schemas.raw import Point
from schemas.vectors import encode_vector
from sinks.base import KINDS, Document, Query, Status
from sinks.documents import post_document
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.elasticsearch.mapping import LANGUAGES

pytestmark = pytest.mark.integration

W, U, R, T = Status.WRITTEN, Status.UNCHANGED, Status.REJECTED, Status.RETRY


@pytest.fixture
def client(elasticsearch_server: str) -> Iterator[Elasticsearch]:
    client = connect(elasticsearch_server)
    yield client
    client.close()


@pytest.fixture
def prefix(client: Elasticsearch) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex[:12]}"
    yield name
    client.indices.delete(index=f"{name}-*")


@pytest.fixture
def sink(client: Elasticsearch, prefix: str) -> ElasticsearchSink:
    made = ElasticsearchSink(client, prefix=prefix)
    made.open()
    return made


def doc(post_id: str = "1", *, version: int = 1, text: str = "La atención", **fields: Any) -> Document:
    post = EnrichedPost(
        id=post_id,
        source="shop",
        channel="review",
        text=text,
        clean_text=text,
        identity=identity("review", "shop", post_id),
        version=version,
        event_time="2026-03-01T09:30:00.000Z",
        **fields,
    )
    return post_document(post)


def changed(document: Document, **body: Any) -> Document:
    return replace(document, body={**document.body, **body})


def statuses(sink: ElasticsearchSink, *documents: Document) -> list[Status]:
    return [outcome.status for outcome in sink.write(documents)]


def test_what_only_the_server_refuses_is_rejected_alone(sink: ElasticsearchSink) -> None:
    good = doc("good")
    field = changed(doc("field"), unheard_of="secret")
    shape = changed(doc("shape"), feedback={"clean_text": {"secret": "is an object"}})
    dims = doc("dims", embedding=encode_vector(np.ones(3, np.float32)))
    outcomes = sink.write([good, field, shape, dims])
    assert [outcome.status for outcome in outcomes] == [W, R, R, R]
    assert not any("secret" in outcome.reason for outcome in outcomes)
    assert "feedback.clean_text" in outcomes[2].reason


def test_odd_but_sound_posts_are_stored(sink: ElasticsearchSink) -> None:
    odd = [
        doc("long", text="palabra " * 300_000),
        doc("one word", text="x" * 2_000_000),
        doc("spans", text="a. " * 12_000, spans=[Span(start=3 * n, end=3 * n + 2) for n in range(12_000)]),
        doc("names", product="p" * 40_000, url="https://x.example/" + "u" * 40_000),
        doc("labels", labels={"..": 1, ".a": {"b.": 2}, " ": {"": []}, "x" * 9_000: "y" * 40_000}),
        doc("empty", text=""),
    ]
    assert statuses(sink, *odd) == [W] * len(odd)
    assert sink.get("posts", [one.id for one in odd]) == odd
    terms = {"..": 1, " ": 2, "": 3, "a.b": 4, ".": 5}
    topic = Document("topics", "t", 1, {"feedback": {"topic": {"id": "t", "label": "l", "terms": terms}}})
    assert statuses(sink, topic) == [W]


def test_dates_and_counts_that_are_none_do_not_cost_the_post(sink: ElasticsearchSink) -> None:
    odd = doc("odd", created_at="last summer", updated_at="9999-99-99", likes=10**30)
    assert statuses(sink, odd) == [W]
    assert sink.get("posts", [odd.id]) == [odd]


def test_a_missing_index_is_tried_again_and_not_made_up(
    sink: ElasticsearchSink, client: Elasticsearch, prefix: str
) -> None:
    client.indices.delete(index=f"{prefix}-posts-v1")
    (outcome,) = sink.write([doc()])
    assert outcome.status is T
    assert "vocero setup" in outcome.reason
    assert not client.indices.exists(index=f"{prefix}-posts")
    with pytest.raises(StoreError, match="vocero setup"):
        sink.search(Query())
    sink.open()
    assert statuses(sink, doc()) == [W]


def test_an_index_in_the_aliass_place_is_left_alone(client: Elasticsearch, prefix: str) -> None:
    client.indices.create(index=f"{prefix}-posts")
    with pytest.raises(StoreError, match="has to be an alias"):
        ElasticsearchSink(client, prefix=prefix).open()


def test_many_open_at_once(client: Elasticsearch, prefix: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: ElasticsearchSink(client, prefix=prefix).open(), range(6)))
    for kind in KINDS:
        assert list(client.indices.get_alias(name=f"{prefix}-{kind}").body) == [f"{prefix}-{kind}-v1"]


def test_a_blocked_index_is_tried_again(sink: ElasticsearchSink, client: Elasticsearch, prefix: str) -> None:
    blocked = {"index.blocks.read_only_allow_delete": True}
    client.indices.put_settings(index=f"{prefix}-posts", settings=blocked)
    case = Document("cases", "c", 1, {"feedback": {}})
    assert statuses(sink, doc(), case) == [T, W]
    client.indices.put_settings(index=f"{prefix}-posts", settings={"index.blocks.read_only_allow_delete": None})
    assert statuses(sink, doc(), case) == [W, W]


def test_stems_of_each_language_and_of_the_translation(sink: ElasticsearchSink) -> None:
    said = {
        "es": ("las entregas llegaron", "entrega"),
        "it": ("le consegne sono lente", "consegna"),
        "pt": ("as entregas atrasadas", "atrasada"),
        "fr": ("les livraisons tardives", "livraison"),
        "en": ("deliveries were late", "delivery"),
        "de": ("die Lieferungen kamen", "Lieferung"),
    }
    assert set(said) == set(LANGUAGES)
    sink.write([doc(code, text=text) for code, (text, _) in said.items()])
    translated = Translation(status="translated", text="complaints were ignored")
    sink.write([doc("translated", text="…", translation=translated)])
    sink.refresh()
    for code, (_, asked) in {**said, "translated": ("", "complaint")}.items():
        found = [one.body["feedback"]["id"] for one in sink.search(Query(text=asked)).documents]
        assert code in found, (code, found)


def test_what_dashboards_ask_for(sink: ElasticsearchSink, client: Elasticsearch, prefix: str) -> None:
    """Nearest vectors, nested topics, facets, and `message` work on the mapping as it is."""
    generator = np.random.default_rng(5)
    vectors = generator.normal(size=(20, 384)).astype(np.float32)
    topic = TopicRef(status="assigned", id="t1", label="size", similarity=0.5)
    other = TopicRef(status="assigned", id="t2", label="delay", similarity=0.9)
    posts = [
        doc(
            str(n), embedding=encode_vector(vector), topics=[topic, other] if n else [topic], labels={"shop": {"id": n}}
        )
        for n, vector in enumerate(vectors)
    ]
    assert statuses(sink, *posts) == [W] * 20
    sink.refresh()
    index = f"{prefix}-posts"

    nearest = {"field": "feedback.embedding", "query_vector": vectors[7].tolist(), "k": 3, "num_candidates": 20}
    assert client.search(index=index, knn=nearest, source=False)["hits"]["hits"][0]["_id"] == posts[7].id
    both = [{"term": {"feedback.topics.id": "t1"}}, {"range": {"feedback.topics.similarity": {"gt": 0.8}}}]
    nested = {"nested": {"path": "feedback.topics", "query": {"bool": {"must": both}}}}
    assert client.count(index=index, query=nested)["count"] == 0
    facet = {"topics": {"terms": {"field": "feedback.topics.label"}}}
    buckets = client.search(index=index, size=0, aggs=facet)["aggregations"]["topics"]["buckets"]
    assert {one["key"]: one["doc_count"] for one in buckets} == {"size": 20, "delay": 19}
    assert client.count(index=index, query={"term": {"feedback.labels.shop.id": "7"}})["count"] == 1
    assert client.count(index=index, query={"match": {"message": "atencion"}})["count"] == 20


def test_places_on_a_map(sink: ElasticsearchSink, client: Elasticsearch, prefix: str) -> None:
    """Posts are counted by area and found near a place."""
    places = {"valencia": (39.47, -0.38), "sagunto": (39.68, -0.28), "porto": (41.15, -8.61)}
    posts = [doc(name, place=name, place_point=Point(lat=lat, lon=lon)) for name, (lat, lon) in places.items()]
    assert statuses(sink, *posts) == [W] * 3
    assert sink.get("posts", [one.id for one in posts]) == posts
    sink.refresh()
    near = {"geo_distance": {"distance": "50km", "feedback.place_point": {"lat": 39.5, "lon": -0.4}}}
    assert client.count(index=f"{prefix}-posts", query=near)["count"] == 2
    grid = {"areas": {"geotile_grid": {"field": "feedback.place_point", "precision": 6}}}
    found = client.search(index=f"{prefix}-posts", size=0, aggs=grid)["aggregations"]["areas"]["buckets"]
    assert sorted(one["doc_count"] for one in found) == [1, 2]


def test_acknowledged_documents_survive_a_kill(own_elasticsearch: Callable[..., Any]) -> None:
    server = own_elasticsearch()
    server.environment["ES_HEAP"] = "512m"
    client = connect(server.start(), timeout_seconds=10)
    sink = ElasticsearchSink(client, prefix="kill")
    sink.open()
    documents = [doc(str(number), version=5) for number in range(3_000)]
    assert statuses(sink, *documents[:2_000]) == [W] * 2_000
    server.kill()
    assert statuses(sink, *documents[1_900:]) == [T] * 1_100
    server.start()
    assert statuses(sink, *documents[1_900:]) == [W] * 1_100
    assert statuses(sink, doc("0", version=4)) == [U]
    sink.refresh()
    assert sink.count("posts") == 3_000
    assert sink.get("posts", [one.id for one in documents]) == documents
    sink.close()
