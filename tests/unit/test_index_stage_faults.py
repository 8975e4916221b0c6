"""The whole index stage against a scripted Elasticsearch: whatever it answers, nothing is lost or written twice.

The server keeps documents by id and version as Elasticsearch does, but first plays the faults of its script.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.enriched import Compared, EnrichedPost, Flag, Relabel, TopicRef
from schemas.identity import identity
from schemas.signals import Signal
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.elasticsearch.requests import Limits
from streams.delivery.backoff import Backoff
from streams.delivery.lease import LeaseLost, leased
from streams.headers import FOR
from streams.records import Message, Record
from streams.settings import load_settings
from streams.stages.index import IndexStage
from streams.topics import topics_of

pytestmark = [pytest.mark.unit, pytest.mark.timeout(30)]

TOPICS = topics_of(load_settings(environ={"VOCERO_STORE": "memory"}))
BACKOFF = Backoff(base=0.001, cap=0.01)


@dataclass
class Store:
    """What the scripted server holds, and what it plays before it works: one fault a bulk request."""

    script: list[Callable[[Any, list[dict[str, Any]]], None]] = field(default_factory=list)
    documents: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    writes: list[tuple[str, int]] = field(default_factory=list)
    poison: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: None
    bulks: int = 0
    opened: int = 0
    away_at_open: int = 0
    away_at_get: int = 0

    def items(self, operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Elasticsearch's answer for each operation; sound ones are kept."""
        return [{"index": self._one(one)} for one in operations]

    def _one(self, operation: dict[str, Any]) -> dict[str, Any]:
        key, version, body = operation["id"], operation["version"], operation["body"]
        if (error := self.poison(operation)) is not None:
            return {"_id": key, "status": 400, "error": error}
        if key in self.documents and self.documents[key][0] > version:
            kind = "version_conflict_engine_exception"
            return {"_id": key, "status": 409, "error": {"type": kind, "reason": "current version is higher"}}
        self.documents[key] = (version, body)
        self.writes.append((key, version))
        return {"_id": key, "status": 201}


def answer(handler: Any, status: int, body: Any, *, length: int | None = None) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("X-Elastic-Product", "Elasticsearch")
    handler.send_header("Content-Type", "application/vnd.elasticsearch+json; compatible-with=9")
    handler.send_header("Content-Length", str(length or len(data)))
    handler.end_headers()
    handler.wfile.write(data)


@pytest.fixture
def served() -> Iterator[tuple[Store, str]]:
    """A store and the address where it is served."""
    store = Store()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            lines = self.rfile.read(int(self.headers["Content-Length"])).splitlines()
            operations = []
            for action, body in zip(lines[::2], lines[1::2], strict=True):
                index = json.loads(action)["index"]
                operations.append({"id": index["_id"], "version": index["version"], "body": json.loads(body)})
            store.bulks += 1
            if store.script:
                store.script.pop(0)(self, operations)
            else:
                fine(self, operations)

        def do_POST(self) -> None:
            if "_mget" not in self.path and "_search" not in self.path:
                return self.do_PUT()
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if "_search" in self.path:  # what was erased: nothing
                return answer(self, 200, {"hits": {"hits": []}})
            ids = asked["ids"]
            if store.away_at_get:
                store.away_at_get -= 1
                if store.away_at_get % 2:
                    return answer(self, 503, {"error": {"type": "x"}, "status": 503})
                return answer(self, 200, {"docs": [{"_id": one, "error": {"type": "no_shard"}} for one in ids]})
            found = []
            for one in ids:
                held = store.documents.get(one)
                more = {"found": True, "_version": held[0], "_source": held[1]} if held else {"found": False}
                found.append({"_id": one, **more})
            return answer(self, 200, {"docs": found})

        def do_GET(self) -> None:
            """What stands behind an alias: one index, always there."""
            store.opened += 1
            if store.opened <= store.away_at_open:
                return answer(self, 503, {"error": {"type": "x"}, "status": 503})
            name = self.path.rpartition("/")[2]
            return answer(self, 200, {f"{name}-v1": {"aliases": {name: {}}}})

        def log_message(self, *_: Any) -> None:
            pass

    def fine(handler: Any, operations: list[dict[str, Any]]) -> None:
        items = store.items(operations)
        answer(handler, 200, {"errors": any(one["index"]["status"] > 201 for one in items), "items": items})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield store, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def post(number: int, *, version: int = 1, text: str | None = None) -> Record:
    name = identity("review", "shop", str(number))
    enriched = EnrichedPost(
        id=str(number),
        source="shop",
        channel="review",
        text=text or f"text {number}",
        clean_text=text or f"text {number}",
        identity=name,
        version=version,
        event_time="2026-03-01T09:30:00.000Z",
    )
    return record(encode(enriched), number, name)


def record(value: bytes, offset: int, key: str) -> Record:
    return Record(
        topic=TOPICS.enriched, partition=0, offset=offset, key=key.encode(), value=value, timestamp_ms=1, headers={}
    )


async def indexed(url: str, *batches: list[Record], sleeps: list[float] | None = None, **options: Any) -> list[Message]:
    """The dead letters of the batches, one after the other through one stage."""
    sink = ElasticsearchSink(connect(url, timeout_seconds=0.5), **options)
    stage = IndexStage(TOPICS, lambda: sink, BACKOFF)
    letters: list[Message] = []
    await stage.open()
    try:
        for batch in batches:
            letters.extend(await stage.process(batch))
    finally:
        stage.close()
    return letters


def refuses(status: int, body: Any = None) -> Callable[[Any, Any], None]:
    def play(handler: Any, _: Any) -> None:
        answer(handler, status, {"error": {"type": "x"}, "status": status} if body is None else body)

    return play


def silent(handler: Any, _: Any) -> None:
    """Answers after the client has given up."""
    time.sleep(0.8)
    with suppress(OSError):
        answer(handler, 200, {"items": []})


def dripping(handler: Any, _: Any) -> None:
    """A byte now and then, for longer than anybody waits."""
    with suppress(OSError):
        answer(handler, 200, b"{", length=1_000)
        for _ in range(12):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)


def reset(handler: Any, _: Any) -> None:
    """Half an answer, then a connection reset."""
    answer(handler, 200, b'{"items": [', length=1_000)
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


FAULTS: dict[str, Callable[[Any, Any], None]] = {
    **{f"HTTP {status}": refuses(status) for status in (401, 403, 404, 408, 429, 500, 502, 503, 504)},
    "a proxy's page": refuses(502, b"<html>bad gateway</html>"),
    "invalid JSON": refuses(200, b'{"items": ['),
    "no JSON object": refuses(200, b"[]"),
    "fewer items than asked": refuses(200, {"errors": False, "items": [{"index": {"status": 201}}]}),
    "more items than asked": refuses(200, {"errors": False, "items": [{"index": {"status": 201}}] * 99}),
    "each item busy": lambda handler, ops: answer(
        handler,
        200,
        {"errors": True, "items": [{"index": {"status": 429, "error": {"type": "es_rejected"}}} for _ in ops]},
    ),
    "silence": silent,
    "a slow drip": dripping,
    "a reset in the middle": reset,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_passes_loses_and_doubles_nothing(served: tuple[Store, str], fault: str) -> None:
    store, url = served
    store.script = [FAULTS[fault]] * 2
    assert await indexed(url, [post(number) for number in range(10)]) == []
    assert store.bulks == 3
    assert {body["feedback"]["text"] for _, body in store.documents.values()} == {f"text {n}" for n in range(10)}
    assert len(store.writes) == len(store.documents) == 10


async def test_a_request_that_was_taken_but_not_confirmed_is_repeated_without_a_double(
    served: tuple[Store, str],
) -> None:
    store, url = served

    def taken_then_reset(handler: Any, operations: list[dict[str, Any]]) -> None:
        store.items(operations)
        reset(handler, operations)

    store.script = [taken_then_reset]
    assert await indexed(url, [post(number) for number in range(5)]) == []
    assert len(store.documents) == 5
    assert {version for version, _ in store.documents.values()} == {1}


@pytest.mark.parametrize(
    "error",
    [
        {"type": "document_parsing_exception", "reason": "failed to parse field [feedback.rating.value]: 'secret'"},
        {"type": "strict_dynamic_mapping_exception", "reason": "mapping set to strict, [secret] is not allowed"},
        {"type": "illegal_argument_exception", "reason": "mapper [feedback.x] cannot be changed: secret"},
    ],
)
async def test_a_poison_post_between_good_ones(served: tuple[Store, str], error: dict[str, Any]) -> None:
    store, url = served
    store.poison = lambda operation: error if operation["body"]["feedback"]["id"] == "3" else None
    store.script = [FAULTS["HTTP 503"]]
    letters = await indexed(url, [post(number) for number in range(7)])
    assert sorted(body["feedback"]["id"] for _, body in store.documents.values()) == list("012456")
    (letter,) = [json.loads(message.value or b"") for message in letters]
    assert letter["offset"] == 3
    assert letter["reason"] == "rejected-by-store"
    assert letter["identity"] == identity("review", "shop", "3")
    assert "secret" not in json.dumps(letter)
    assert DeadLetter(**letter).stage == "index"


@pytest.mark.parametrize("status", [400, 413])
async def test_one_post_that_no_request_can_carry(served: tuple[Store, str], status: int) -> None:
    store, url = served

    def too_much(handler: Any, operations: list[dict[str, Any]]) -> None:
        if any(one["body"]["feedback"]["id"] == "4" for one in operations):
            answer(handler, status, {"error": {"type": "x"}, "status": status})
        else:
            answer(handler, 200, {"errors": False, "items": store.items(operations)})

    store.script = [too_much] * 100
    letters = await indexed(url, [post(number) for number in range(9)])
    assert len(store.writes) == len(store.documents) == 8
    assert [json.loads(message.value or b"")["offset"] for message in letters] == [4]


async def test_only_the_items_that_failed_are_sent_again(served: tuple[Store, str]) -> None:
    store, url = served

    def half(handler: Any, operations: list[dict[str, Any]]) -> None:
        done = store.items(operations[::2])
        busy = {"index": {"status": 503, "error": {"type": "unavailable_shards_exception"}}}
        items = [done[place // 2] if place % 2 == 0 else busy for place in range(len(operations))]
        answer(handler, 200, {"errors": True, "items": items})

    store.script = [half, half, half]
    assert await indexed(url, [post(number) for number in range(8)]) == []
    assert len(store.writes) == len(store.documents) == 8


async def test_older_editions_are_settled_by_the_conflict(served: tuple[Store, str]) -> None:
    store, url = served
    batches = [[post(1, version=5, text="new")], [post(1, version=3, text="old")], [post(1, version=5, text="new")]]
    assert await indexed(url, *batches) == []
    assert [(version, body["feedback"]["text"]) for version, body in store.documents.values()] == [(5, "new")]


async def test_several_requests_of_one_batch_fail_each_for_itself(served: tuple[Store, str]) -> None:
    store, url = served
    store.script = [FAULTS["HTTP 429"], FAULTS["a reset in the middle"]]
    assert await indexed(url, [post(number) for number in range(10)], limits=Limits(documents=2)) == []
    assert len(store.writes) == len(store.documents) == 10


async def test_a_store_that_is_away_at_the_start_is_waited_for(served: tuple[Store, str]) -> None:
    store, url = served
    store.away_at_open = 3
    assert await indexed(url, [post(1)]) == []
    assert len(store.documents) == 1


async def test_nothing_is_written_once_another_worker_has_the_partitions(served: tuple[Store, str]) -> None:
    """While the store was away they moved: what their new owner has written meanwhile is not written over."""
    store, url = served
    store.script = [refuses(503)]

    async def lease() -> float:
        if store.bulks:
            raise LeaseLost
        return math.inf

    with leased(lease), pytest.raises(LeaseLost):
        await indexed(url, [post(1)])
    assert (store.bulks, store.documents) == (1, {})


async def test_what_was_written_too_late_is_compared_again(served: tuple[Store, str]) -> None:
    """Frozen in the middle of a request: its new owner may have written more of the post than this worker knew."""
    store, url = served

    def slow(handler: Any, operations: list[dict[str, Any]]) -> None:
        time.sleep(0.3)
        answer(handler, 200, {"errors": False, "items": store.items(operations)})

    async def lease() -> float:
        if store.bulks:
            raise LeaseLost
        return time.monotonic() + 0.2

    store.script = [slow]
    with leased(lease), pytest.raises(LeaseLost) as lost:
        await indexed(url, [post(1, version=7)])
    (asked,) = lost.value.amends
    assert (asked.topic, asked.key, asked.headers[FOR]) == (TOPICS.signals, b"shop", b"link")
    signal = msgspec.json.decode(asked.value or b"", type=Signal)
    assert (signal.identity, signal.version) == (identity("review", "shop", "1"), 7)


async def test_a_relabel_waits_for_the_store_too(served: tuple[Store, str]) -> None:
    """Neither a refused read nor a shard that is away may count as: there is no such post."""
    store, url = served
    store.away_at_get = 4
    name = identity("review", "shop", "1")
    topics = [TopicRef(id="t1", label="late parcels", status="assigned", similarity=0.9)]
    relabel = encode(Relabel(identity=name, version=1, topics=topics))
    assert await indexed(url, [post(1)], [record(relabel, 2, name)]) == []
    ((_, body),) = store.documents.values()
    assert body["feedback"]["topics"][0]["id"] == "t1"
    assert store.away_at_get == 0


def said_of(number: int, version: int) -> list[Record]:
    """What `learn` and `link` say of an edition of a post."""
    name = identity("review", "shop", str(number))
    topics = [TopicRef(id=f"t{version}", label="late parcels", status="assigned", similarity=0.9)]
    flag = Flag(name="copied-text", evidence=f"of version {version}")
    said = (
        Relabel(identity=name, version=version, topics=topics),
        Compared(identity=name, version=version, flags=[flag]),
    )
    return [record(encode(one), 100 * version + index, name) for index, one in enumerate(said)]


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(lambda: [post(1), *said_of(1, 1)], id="after"),
        pytest.param(lambda: [*said_of(1, 1), post(1)], id="before"),
        pytest.param(lambda: [post(1), *said_of(1, 1), post(1)], id="between repeats"),
        pytest.param(lambda: [post(1, version=2), *said_of(1, 2), post(1), *said_of(1, 1)], id="of two editions"),
    ],
)
async def test_what_is_said_in_the_batch_of_a_post_needs_no_second_write(
    served: tuple[Store, str], order: Callable[[], list[Record]]
) -> None:
    store, url = served
    assert await indexed(url, order()) == []
    assert store.bulks == 1
    ((version, together),) = store.documents.values()
    store.documents.clear()
    assert await indexed(url, *([one] for one in (post(1, version=version), *said_of(1, version)))) == []
    assert list(store.documents.values()) == [(version, together)]
    assert together["feedback"]["topics"][0]["id"] == f"t{version}"
    assert together["feedback"]["authenticity"]["flags"][0]["evidence"] == f"of version {version}"


async def test_the_wait_grows_and_is_capped(served: tuple[Store, str], monkeypatch: pytest.MonkeyPatch) -> None:
    store, url = served
    store.script = [FAULTS["HTTP 503"]] * 12
    waits: list[float] = []
    delay = Backoff.delay

    def noted(self: Backoff, attempt: int, chance: float) -> float:
        waits.append(delay(self, attempt, chance))
        return waits[-1]

    monkeypatch.setattr(Backoff, "delay", noted)
    assert await indexed(url, [post(1)]) == []
    assert len(waits) == 12
    assert waits[0] <= BACKOFF.base
    assert max(waits) <= BACKOFF.cap
    assert min(waits[5:]) >= BACKOFF.cap / 2
