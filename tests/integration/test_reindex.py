"""A changed mapping on a real Elasticsearch: copied and swapped while writers go on, and nothing lost or doubled."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from schemas.enriched import EnrichedPost, Relabel, TopicRef
from schemas.errors import StoreError
from schemas.identity import identity
from schemas.vectors import encode_vector
from sinks.base import KINDS, Document, Query, Removal, Status
from sinks.documents import post_document, relabelled
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.elasticsearch.administration import Administration
from sinks.elasticsearch.indices import Layout
from sinks.elasticsearch.mapping import mapping
from sinks.elasticsearch.reindex import Reindex

pytestmark = pytest.mark.integration

AT = "2026-05-01T00:00:00.000Z"
VECTOR = encode_vector(np.eye(1, 384, dtype=np.float32)[0])


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
    client.options(ignore_status=404).indices.delete_index_template(name=f"{name}-*")
    client.options(ignore_status=404).cluster.delete_component_template(name=f"{name}-*")


def changed(number: int) -> Callable[..., dict[str, Any]]:
    """The shipped mapping with a field of another type, which no index takes in place."""

    def made(kind: Any, *, dims: int) -> dict[str, Any]:
        found = mapping(kind, dims=dims)
        if kind == "posts":
            properties = {**found["properties"]["feedback"]["properties"], "brand": {"type": "text"}}
            properties["extra"] = {"type": "long", "meta": {"round": str(number)}}
            feedback = {**found["properties"]["feedback"], "properties": properties}
            found = {**found, "properties": {**found["properties"], "feedback": feedback}}
        return found

    return made


def wider(kind: Any, *, dims: int) -> dict[str, Any]:
    """The shipped mapping with one field more, which an index takes in place."""
    found = mapping(kind, dims=dims)
    feedback = found["properties"]["feedback"]
    more = {**feedback, "properties": {**feedback["properties"], "extra": {"type": "long"}}}
    return {**found, "properties": {**found["properties"], "feedback": more}}


def document(post_id: str, version: int, text: str) -> Document:
    return post_document(
        EnrichedPost(
            id=post_id,
            source="shop",
            channel="review",
            text=text,
            clean_text=text,
            brand="Lumo",
            identity=identity("review", "shop", post_id),
            version=version,
            event_time="2026-03-01T09:30:00.000Z",
            embedding=VECTOR,
        )
    )


Step = Document | Relabel | Removal


@dataclass
class Writer:
    """Writes as the `index` stage does: one batch after the other, each until all of it is settled."""

    sink: ElasticsearchSink
    name: str
    random: random.Random
    history: list[Step] = field(default_factory=list)
    stored: dict[str, Document] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    waited: int = 0

    def go(self, stop: threading.Event) -> None:
        """Posts, edits, late edits, relabels and erasures of this writer's own posts."""
        number = 0
        while not stop.is_set():
            batch: list[Step] = []
            for _ in range(20):
                number += 1
                post_id = f"{self.name}-{self.random.randrange(max(1, number // 2))}"
                version = 1_000 + number - self.random.choice([0, 0, 0, 400])
                batch.append(document(post_id, version, f"text {number}"))
            self.settle(batch)
            chosen = self.random.sample(sorted(self.stored), min(3, len(self.stored)))
            self.settle([self.relabel(one, number) for one in chosen[:2]])
            if number % 5 == 0 and len(chosen) == 3:
                self.settle([Removal("posts", chosen[2], self.stored[chosen[2]].version)])

    def relabel(self, identity: str, number: int) -> Relabel:
        topics = [TopicRef(status="assigned", id=f"t{number}", label="late")]
        return Relabel(identity=identity, version=self.stored[identity].version, topics=topics)

    def settle(self, batch: list[Step]) -> None:
        """Writes a batch of one sort of step, waiting in place, and keeps what the store must hold now."""
        self.history += batch
        for one in batch:
            self.expect(one)
        documents = [one for one in batch if isinstance(one, Document)]
        relabels = {one.identity: one for one in batch if isinstance(one, Relabel)}
        if relabels:
            stored = self.patiently(lambda: self.sink.get("posts", list(relabels)))
            documents += [
                relabelled(found, relabel)
                for found, relabel in zip(stored, relabels.values(), strict=True)
                if found is not None and found.version == relabel.version
            ]
        removals = [one for one in batch if isinstance(one, Removal)]
        while documents or removals:
            outcomes = self.sink.write(documents)
            documents = [d for d, o in zip(documents, outcomes, strict=True) if o.status is Status.RETRY]
            gone = self.sink.delete(removals, at=AT) if removals else []
            removals = [r for r, o in zip(removals, gone, strict=True) if o.status is Status.RETRY]
            assert all(one.status is not Status.REJECTED for one in [*outcomes, *gone])
            if documents or removals:
                self.waited += 1
                threading.Event().wait(0.05)

    def patiently(self, call: Callable[[], list[Document | None]]) -> list[Document | None]:
        try:
            return call()
        except StoreError:
            return self.patiently(call)

    def expect(self, step: Step) -> None:
        """The contract, as a model: the newest version, never what was deleted."""
        if isinstance(step, Removal):
            if step.id in self.stored and self.stored[step.id].version <= step.version:
                del self.stored[step.id]
            self.removed[step.id] = max(self.removed.get(step.id, 0), step.version)
        elif isinstance(step, Relabel):
            found = self.stored.get(step.identity)
            if found is not None and found.version == step.version:
                self.stored[step.identity] = relabelled(found, step)
        else:
            known = self.stored.get(step.id)
            newest = known is None or known.version <= step.version
            if newest and self.removed.get(step.id, -1) < step.version:
                self.stored[step.id] = step

    def redeliver(self) -> None:
        """Everything again, in its order, as after a consumer group that starts anew."""
        history, self.history = self.history, []
        sort: type = Document
        batch: list[Step] = []
        for one in [*history, None]:
            if batch and (one is None or not isinstance(one, sort) or len(batch) == 100):
                self.settle(batch)
                batch = []
            if one is not None:
                sort = type(one)
                batch.append(one)


def holds(sink: ElasticsearchSink, client: Elasticsearch, prefix: str, writers: list[Writer]) -> None:
    """The store holds exactly what the writers expect, once."""
    expected = {key: value for writer in writers for key, value in writer.stored.items()}
    sink.refresh()
    assert sink.count("posts") == len(expected)
    assert client.count(index=f"{prefix}-posts-v*")["count"] == len(expected), "in one index only"
    ids = sorted(expected)
    wrong = [(one, found) for one, found in zip(ids, sink.get("posts", ids), strict=True) if found != expected[one]]
    assert not wrong, f"{len(wrong)} of {len(ids)} differ, such as {wrong[0]}"
    removed = [key for writer in writers for key in writer.removed if key not in expected]
    assert removed, "the load deletes"
    assert not any(sink.get("posts", removed))


def test_nothing_is_lost_doubled_or_resurrected_by_a_swap_under_load(client: Elasticsearch, prefix: str) -> None:
    sink = ElasticsearchSink(client, prefix=prefix, shards=2)
    administration = Administration(client, Layout(prefix, shards=2))
    administration.apply()
    sink.open()
    writers = [Writer(sink, name, random.Random(seed)) for seed, name in enumerate("ab")]
    stop = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(writer.go, stop) for writer in writers]
        try:
            while sum(len(writer.history) for writer in list(writers)) < 1_500:
                stop.wait(0.05)
            administration = Administration(client, Layout(prefix, shards=2, mapping=changed(1)))
            moved = administration.reindex("posts")
            before = sum(len(writer.history) for writer in writers)
            while sum(len(writer.history) for writer in writers) < before + 200:
                assert not any(future.done() for future in running)
                stop.wait(0.05)
        finally:
            stop.set()
        for future in running:
            future.result()
    assert moved is not None
    assert (moved.old, moved.new) == (f"{prefix}-posts-v1", f"{prefix}-posts-v2")
    assert list(client.indices.get_alias(name=f"{prefix}-posts").body) == [f"{prefix}-posts-v2"]
    assert not client.indices.exists(index=f"{prefix}-posts-v1")
    holds(sink, client, prefix, writers)

    # a worker that starts anew reads everything again, and the mapping changes once more in the middle of it
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(writer.redeliver) for writer in writers]
        Administration(client, Layout(prefix, shards=2, mapping=changed(2))).reindex("posts")
        for future in running:
            future.result()
    assert list(client.indices.get_alias(name=f"{prefix}-posts").body) == [f"{prefix}-posts-v3"]
    holds(sink, client, prefix, writers)
    # the copy is indexed like any other: text, relabels, vectors
    some = next(one for one in writers[0].stored.values() if "topics" in one.body["feedback"])
    label = some.body["feedback"]["topics"][0]["id"]
    assert some.id in {one.id for one in sink.search(Query(topic=label)).documents}
    vector = np.eye(1, 384, dtype=np.float32)[0].tolist()
    near = {"field": "feedback.embedding", "query_vector": vector, "k": 5, "num_candidates": 20}
    assert len(client.search(index=f"{prefix}-posts", knn=near, source=False)["hits"]["hits"]) == 5


def test_what_is_purged_and_deleted_during_the_copy_does_not_come_back(client: Elasticsearch, prefix: str) -> None:
    sink = ElasticsearchSink(client, prefix=prefix)
    sink.open()
    old = [document(f"old{number}", 5, "x") for number in range(30)]
    old = [replace(one, body={**one.body, "@timestamp": "2020-01-01T00:00:00.000Z"}) for one in old]
    kept = [document(f"kept{number}", 5, "x") for number in range(20)]
    sink.write([*old, *kept])
    did: list[int] = []

    def meanwhile(what: str, done: int, total: int) -> None:
        if what == "copy" and done == total and not did:
            did.append(sink.purge("posts", before=1_600_000_000_000))
            assert sink.delete([Removal("posts", kept[0].id, 5)], at=AT)[0].status is Status.WRITTEN

    administration = Administration(client, Layout(prefix, mapping=changed(1)))
    assert administration.reindex("posts", progress=meanwhile) is not None
    assert did == [30]
    sink.refresh()
    assert sink.count("posts") == 19
    assert sink.get("posts", [one.id for one in old]) == [None] * 30
    assert [one.status for one in sink.write([kept[0]])] == [Status.UNCHANGED]
    fresh = ElasticsearchSink(client, prefix=prefix)  # one that has not read the journal: the new index knows by itself
    assert [one.status for one in fresh.write([kept[0]])] == [Status.UNCHANGED]


def test_a_copy_that_fails_leaves_everything_as_it_was(client: Elasticsearch, prefix: str) -> None:
    sink = ElasticsearchSink(client, prefix=prefix)
    sink.open()
    posts = [document(str(number), 5, "no number") for number in range(10)]
    sink.write(posts)

    def unfit(kind: Any, *, dims: int) -> dict[str, Any]:
        found = changed(1)(kind, dims=dims)
        if kind == "posts":
            found["properties"]["feedback"]["properties"]["clean_text"] = {"type": "date"}
        return found

    with pytest.raises(StoreError, match="do not fit the new mapping") as failed:
        Administration(client, Layout(prefix, mapping=unfit)).reindex("posts")
    assert "no number" not in str(failed.value)
    assert list(client.indices.get_alias(name=f"{prefix}-posts").body) == [f"{prefix}-posts-v1"]
    assert [one.status for one in sink.write(posts)] == [Status.WRITTEN] * 10

    class Interrupted(Reindex):
        def _compare(self) -> int:
            raise KeyboardInterrupt

    layout = Layout(prefix, mapping=changed(2))
    with pytest.raises(KeyboardInterrupt):
        Interrupted(client, layout, "posts", f"{prefix}-posts-v1", f"{prefix}-posts-v2").run()
    assert [one.status for one in sink.write(posts)] == [Status.WRITTEN] * 10, "the block is lifted"
    assert Administration(client, layout).reindex("posts") is not None
    assert sink.get("posts", [one.id for one in posts]) == posts


def test_setup_twice_changes_nothing_and_a_plan_touches_nothing(client: Elasticsearch, prefix: str) -> None:
    administration = Administration(client, Layout(prefix, shards=3))
    plan = administration.plan()
    assert {one.action for one in plan} == {"create"}
    assert administration.plan() == plan, "a plan changes nothing"
    assert administration.apply() == plan
    again = administration.plan()
    assert {one.action for one in again} == {"none"}
    assert [(one.what, one.name) for one in again] == [(one.what, one.name) for one in plan]
    assert administration.apply() == again
    for kind in KINDS:
        settings = client.indices.get_settings(index=f"{prefix}-{kind}")[f"{prefix}-{kind}-v1"]["settings"]["index"]
        assert settings["number_of_shards"] == "3"
        assert settings["gc_deletes"] == "3600s"
    # an index that something else makes under our name has our mapping all the same
    client.indices.create(index=f"{prefix}-posts-v7")
    made = client.indices.get_mapping(index=f"{prefix}-posts-v7")[f"{prefix}-posts-v7"]["mappings"]
    assert made["dynamic"] == "strict"
    assert "fingerprint" in made["_meta"]["vocero"]


def test_new_fields_are_added_in_place_and_reach_old_documents_by_reindex(client: Elasticsearch, prefix: str) -> None:
    sink = ElasticsearchSink(client, prefix=prefix)
    Administration(client, Layout(prefix)).apply()
    post = document("1", 5, "x")
    extra = replace(post, body={**post.body, "feedback": {**post.body["feedback"], "extra": 7}})
    sink.open()
    sink.write([extra])
    administration = Administration(client, Layout(prefix, mapping=wider))
    actions = {one.name: one.action for one in administration.plan() if one.what == "index"}
    assert actions[f"{prefix}-posts-v1"] == "reindex"
    actions = {one.name: one.action for one in administration.apply() if one.what == "index"}
    assert actions[f"{prefix}-posts-v1"] == "extend"

    def found() -> int:
        sink.refresh()
        return int(client.count(index=f"{prefix}-posts", query={"term": {"feedback.extra": 7}})["count"])

    assert found() == 0
    sink.write([replace(extra, id="2")])
    assert found() == 1
    assert administration.reindex("posts", keep_old=True) is not None
    assert administration.reindex("posts") is None
    assert found() == 2
    assert client.indices.exists(index=f"{prefix}-posts-v1")
    unfit = Administration(client, Layout(prefix, mapping=changed(3)))
    assert {one.action for one in unfit.apply() if one.what == "index"} >= {"reindex"}
