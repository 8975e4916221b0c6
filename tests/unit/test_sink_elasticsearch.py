"""The Elasticsearch sink against a scripted server: refused requests, odd answers, no answer; and its settings."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.alerts import Alert
from schemas.cases import Case
from schemas.enriched import EnrichedPost
from schemas.errors import SettingsError, StoreError
from schemas.topics import Topic
from schemas.vectors import encode_vector
from sinks.base import Document, Query, Status
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.elasticsearch.mapping import mapping
from sinks.elasticsearch.requests import Limits

pytestmark = pytest.mark.unit

W, U, R, T = Status.WRITTEN, Status.UNCHANGED, Status.REJECTED, Status.RETRY
Answer = tuple[int, Any]
Script = Callable[[list[str]], Answer]


@pytest.fixture
def scripted() -> Iterator[Callable[[Script], tuple[str, list[list[str]]]]]:
    """`scripted(answer)` serves `answer(ids of the bulk request)` and gives its URL and the requests seen."""
    servers: list[ThreadingHTTPServer] = []

    def serve(script: Script) -> tuple[str, list[list[str]]]:
        seen: list[list[str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                lines = self.rfile.read(int(self.headers["Content-Length"])).splitlines()
                ids = [json.loads(line)["index"]["_id"] for line in lines[::2]]
                seen.append(ids)
                if isinstance(script, Old):
                    script.bodies = [json.loads(line) for line in lines[1::2]]
                status, body = script(ids)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Type", "application/vnd.elasticsearch+json; compatible-with=9")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_PUT  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", seen

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def docs(*ids: str, text: str = "x") -> list[Document]:
    return [Document("posts", one, 1, {"feedback": {"clean_text": text}}) for one in ids]


def fine(ids: list[str]) -> Answer:
    return 200, {"errors": False, "items": [{"index": {"_id": one, "status": 201}} for one in ids]}


def wrote(url: str, documents: list[Document], **options: Any) -> list[Status]:
    sink = ElasticsearchSink(connect(url, timeout_seconds=1), **options)
    outcomes = sink.write(documents)
    sink.close()
    for outcome in outcomes:
        assert bool(outcome.reason) == (outcome.status in (R, T))
    return [outcome.status for outcome in outcomes]


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 502, 503, 504])
def test_a_refused_request_is_tried_again_by_the_caller_only(scripted: Any, status: int) -> None:
    url, seen = scripted(lambda ids: (status, {"error": {"type": "x", "reason": "y"}, "status": status}))
    assert wrote(url, docs("a", "b")) == [T, T]
    assert len(seen) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"<html>", b'{"items":', b"\xff", b"null", b"[]", {"items": []}, {"items": [1]}]
)
def test_an_answer_that_is_none(scripted: Any, body: Any) -> None:
    url, _ = scripted(lambda ids: (200, body))
    assert wrote(url, docs("a", "b")) == [T, T]


@pytest.mark.parametrize("status", [400, 413])
def test_a_request_that_is_too_large_or_broken_is_halved_until_the_culprit_is_alone(scripted: Any, status: int) -> None:
    url, seen = scripted(lambda ids: (status, {"error": {"type": "x"}}) if "bad" in ids else fine(ids))
    assert wrote(url, docs("a", "b", "bad", "c", "d")) == [W, W, R, W, W]
    assert ["bad"] in seen


def test_one_failed_request_does_not_stop_the_next(scripted: Any) -> None:
    url, seen = scripted(lambda ids: (503, {}) if "a" in ids else fine(ids))
    assert wrote(url, docs("a", "b", "c", "d", "e"), limits=Limits(documents=2)) == [T, T, W, W, W]
    assert sorted(seen) == [["a", "b"], ["c", "d"], ["e"]]  # several are on their way at once


class Old:
    """An Elasticsearch that takes vectors as numbers only, where it is one before 9.3; it refuses the id `bad`."""

    def __init__(self, *, before: bool) -> None:
        self.before = before
        self.forms: list[str] = []
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, ids: list[str]) -> Answer:
        items = []
        for one, body in zip(ids, self.bodies, strict=True):
            vector = body["feedback"].get("embedding")
            self.forms.append(f"{one} {type(vector).__name__}")
            refused = one == "bad" or (self.before and isinstance(vector, str))
            error = {"status": 400, "error": {"type": "document_parsing_exception"}}
            items.append({"index": error if refused else {"status": 201}})
        return 200, {"items": items}


def with_vector(*ids: str) -> list[Document]:
    vector = encode_vector(np.ones(8, np.float32))
    return [Document("posts", one, 1, {"feedback": {"embedding": vector}}) for one in ids]


def test_an_older_elasticsearch_gets_its_vectors_as_numbers(scripted: Any) -> None:
    old = Old(before=True)
    url, _ = scripted(old)
    sink = ElasticsearchSink(connect(url, timeout_seconds=1), dims=8)
    assert [one.status for one in sink.write([*with_vector("bad"), *docs("x")])] == [R, W]
    assert old.forms == ["bad str", "x NoneType", "bad list"]  # may be at fault itself: nothing is learned
    assert [one.status for one in sink.write([*with_vector("a", "bad", "b"), *docs("x")])] == [W, R, W, W]
    assert old.forms[3:] == ["a str", "bad str", "b str", "x NoneType", "a list", "bad list", "b list"]
    assert [one.status for one in sink.write(with_vector("c", "bad"))] == [W, R]
    assert old.forms[10:] == ["c list", "bad list"]
    sink.close()


def test_a_newer_one_gets_them_as_base64_and_what_it_refuses_only_once(scripted: Any) -> None:
    new = Old(before=False)
    url, _ = scripted(new)
    sink = ElasticsearchSink(connect(url, timeout_seconds=1), dims=8)
    assert [one.status for one in sink.write(with_vector("a", "bad"))] == [W, R]
    assert [one.status for one in sink.write(with_vector("bad"))] == [R]
    assert new.forms == ["a str", "bad str", "bad str"]
    sink.close()


def test_a_document_over_the_limit_is_rejected_and_never_sent(scripted: Any) -> None:
    url, seen = scripted(fine)
    batch = [*docs("a"), *docs("big", text="x" * 2_000), *docs("alone", text="x" * 600), *docs("b")]
    limits = Limits(request_bytes=500, document_bytes=1_000)
    assert wrote(url, batch, limits=limits) == [W, R, W, W]
    assert sorted(seen) == [["a"], ["alone"], ["b"]]


def test_nothing_sound_sends_nothing(scripted: Any) -> None:
    url, seen = scripted(fine)
    assert wrote(url, docs("\ud800", "")) == [R, R]
    assert wrote(url, []) == []
    assert seen == []


def test_nobody_answers(scripted: Any) -> None:
    slow = threading.Event()
    url, _ = scripted(lambda ids: (slow.wait(3), fine(ids))[1])
    assert wrote(url, docs("a")) == [T]
    slow.set()
    # a port that was just free
    assert wrote("http://127.0.0.1:9", docs("a", "b")) == [T, T]
    sink = ElasticsearchSink(connect("http://127.0.0.1:9", timeout_seconds=1))
    for call in (sink.open, sink.refresh, lambda: sink.get("posts", ["a"]), lambda: sink.search(Query())):
        with pytest.raises(StoreError, match="cannot be reached"):
            call()
    sink.close()


def test_pages_beyond_the_window_are_refused_in_words() -> None:
    sink = ElasticsearchSink(connect("http://127.0.0.1:9"))
    with pytest.raises(StoreError, match="narrow the search"):
        sink.search(Query(offset=9_990, limit=20))
    sink.close()


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("localhost:9200", {}),
        ("https://host", {}),
        ("ftp://host:1", {}),
        ("https://host:port", {}),
        ("https://user:secret@host:9200", {}),
        ("http://search.example:9200", {"api_key": "secret"}),
        ("http://search.example:9200", {"basic_auth": ("a", "secret")}),
        ("https://h:9200", {"api_key": "secret", "basic_auth": ("a", "secret")}),
        ("http://localhost:9200", {"ca_file": "ca.pem"}),
        ("https://localhost:9200", {"ca_file": "/nowhere/ca.pem"}),
    ],
)
def test_settings_that_cannot_work(url: str, options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        connect(url, **options)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match="PEM"):
        connect("https://h:9200", ca_file=tmp_path / "ca.pem")


def test_settings_that_work() -> None:
    for url, options in (
        ("http://127.0.0.1:9200", {"api_key": "key"}),
        ("https://h:9200", {"basic_auth": ("a", "b")}),
        ("http://[::1]:9200", {}),
    ):
        connect(url, **options).close()


def test_the_mapping_covers_the_schema() -> None:
    """Every field of a post, an alert, a case and a topic is mapped, so that none is silently unsearchable."""
    feedback = {
        kind: mapping(kind, dims=384)["properties"]["feedback"]["properties"]
        for kind in ("posts", "cases", "alerts", "topics")
    }
    assert set(EnrichedPost.__struct_fields__) <= set(feedback["posts"])
    assert set(Case.__struct_fields__) <= set(feedback["cases"]["case"]["properties"])
    assert set(Alert.__struct_fields__) <= set(feedback["alerts"]["alert"]["properties"])
    assert set(Topic.__struct_fields__) <= set(feedback["topics"]["topic"]["properties"])
