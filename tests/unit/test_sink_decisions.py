"""What literal bulk responses mean, how batches are cut, and what is settled of a batch."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from schemas.vectors import encode_vector
from sinks.base import Document, Outcome, Status
from sinks.elasticsearch.decisions import item_outcomes, request_outcome
from sinks.elasticsearch.documents import original_body, stored_body
from sinks.elasticsearch.requests import Limits, Operation, chunks, operation
from sinks.settling import MAX_DEPTH, fault, rejected, retry, settle

pytestmark = pytest.mark.unit

W, U, R, T = Status.WRITTEN, Status.UNCHANGED, Status.REJECTED, Status.RETRY

# as Elasticsearch 9.4.3 answers
CONFLICT = {"type": "version_conflict_engine_exception", "reason": "[a]: version conflict, current version [2] …"}
UNPARSED = {
    "type": "document_parsing_exception",
    "reason": "[1:20] failed to parse field [feedback.embedding] of type [dense_vector] in document with id 'a'. "
    "Preview of field's value: 'secret'",
}
MISSING = {"type": "index_not_found_exception", "reason": "no such index [feedback-posts] and [require_alias] …"}
FULL = {"type": "es_rejected_execution_exception", "reason": "rejected execution of coordinating operation"}
BLOCKED = {"type": "cluster_block_exception", "reason": "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage]"}


def item(status: int, error: Any = None) -> dict[str, Any]:
    return {"index": {"_index": "feedback-posts-v1", "_id": "a", "status": status, "error": error}}


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (200, None, W),
        (201, None, W),
        (409, CONFLICT, U),
        (409, {"type": "something_else"}, T),
        (400, UNPARSED, R),
        (400, None, R),
        (404, {"type": "document_missing_exception"}, R),
        (404, MISSING, T),
        (413, {"type": "content_too_long"}, R),
        (429, FULL, T),
        (429, BLOCKED, T),
        (401, {"type": "security_exception"}, T),
        (403, BLOCKED, T),
        (408, None, T),
        (500, {"type": "unavailable_shards_exception"}, T),
        (503, {"type": "unavailable_shards_exception"}, T),
        (302, None, T),
    ],
)
def test_each_item(status: int, error: Any, expected: Status) -> None:
    answer = {"took": 1, "errors": True, "items": [item(201), item(status, error), item(200)]}
    outcomes = item_outcomes(answer, 3)
    assert [one.status for one in outcomes] == [W, expected, W]
    assert bool(outcomes[1].reason) == (expected in (R, T))


def test_reasons_name_the_field_and_never_the_value() -> None:
    (outcome,) = item_outcomes({"items": [item(400, UNPARSED)]}, 1)
    assert "feedback.embedding" in outcome.reason
    assert "secret" not in outcome.reason
    label = {**UNPARSED, "reason": "failed to parse field [feedback.labels.secret] of type [flattened]: 'secret'"}
    odd = {"type": "Secret type with 'values'", "reason": ["secret"]}
    for error in (label, odd, "secret", ["secret"]):
        assert "secret" not in item_outcomes({"items": [item(400, error)]}, 1)[0].reason.lower()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        [],
        {},
        {"items": None},
        {"items": []},
        {"items": [item(200)]},
        {"items": [item(200)] * 3},
        {"error": {"type": "x"}, "status": 500},
    ],
)
def test_an_answer_of_another_size_is_no_answer(answer: Any) -> None:
    assert [one.status for one in item_outcomes(answer, 2)] == [T, T]


@pytest.mark.parametrize("odd", [None, {}, {"index": None}, {"index": {}}, {"index": {"status": "200"}}, 5])
def test_an_item_that_cannot_be_read_is_tried_again(odd: Any) -> None:
    assert [one.status for one in item_outcomes({"items": [odd, item(200)]}, 2)] == [T, W]


def test_refused_requests() -> None:
    assert request_outcome(400) is request_outcome(413) is None
    for status in (401, 403, 404, 408, 429, 500, 502, 503, 504):
        outcome = request_outcome(status)
        assert outcome is not None
        assert outcome.status is T


def op(index: int, size: int) -> Operation:
    return Operation(index, b"", b"x" * (size - 2))


def test_chunks_by_count_and_bytes() -> None:
    limits = Limits(documents=3, request_bytes=100)
    cut = [
        [one.index for one in chunk]
        for chunk in chunks(
            [op(number, size) for number, size in enumerate([10, 10, 10, 10, 90, 11, 200, 50, 50])], limits
        )
    ]
    assert cut == [[0, 1, 2], [3, 4], [5], [6], [7, 8]]
    assert list(chunks([], limits)) == []


def posted(**feedback: Any) -> Document:
    return Document("posts", "a", 7, {"feedback": feedback})


def test_an_operation_carries_the_external_version() -> None:
    lines = operation(0, posted(text="línea\nuna"), "feedback-posts", dims=384)
    assert b'"version":7,"version_type":"external_gte"' in lines.action
    assert b'"require_alias":true' in lines.action
    assert b"\n" not in lines.action + lines.source
    assert lines.size == len(lines.action) + len(lines.source) + 2


@pytest.mark.parametrize("numbers", [False, True])
def test_the_embedding_travels_as_base64_or_as_numbers_and_comes_back_exact(numbers: bool) -> None:
    vector = np.random.default_rng(1).normal(size=8).astype(np.float32)
    body = posted(text="x", embedding=encode_vector(vector)).body
    sent = stored_body(body, dims=8, numbers=numbers)
    searched = sent["feedback"]["embedding"]
    packed = searched if numbers else np.frombuffer(base64.b64decode(searched), ">f4")
    assert np.allclose(packed, vector, atol=1e-6 if numbers else 0)
    assert original_body(sent) == body
    assert original_body({"feedback": {k: v for k, v in sent["feedback"].items() if k != "embedding"}}) == body
    assert stored_body({"feedback": {"text": "x"}}, dims=8) == original_body({"feedback": {"text": "x"}})


@pytest.mark.parametrize(
    "embedding",
    [
        "no base64!",
        encode_vector(np.ones(7, np.float32)),
        encode_vector(np.zeros(8, np.float32)),
        encode_vector(np.full(8, np.nan, np.float32)),
        "AAAAAA",
    ],
)
def test_an_unusable_embedding_is_refused(embedding: str) -> None:
    with pytest.raises(ValueError, match="embedding"):
        stored_body({"feedback": {"embedding": embedding}}, dims=8)


def versions(*numbers: int) -> list[Document]:
    return [Document("posts", "a", number, {"n": index}) for index, number in enumerate(numbers)]


def test_settle_stores_the_newest_once() -> None:
    calls: list[list[Document]] = []

    def store(batch: list[Document]) -> list[Outcome]:
        calls.append(batch)
        return [Outcome(W)] * len(batch)

    batch = versions(3, 5, 5, 1)
    assert [one.status for one in settle(batch, store)] == [U, U, W, U]
    assert calls == [[batch[2]]]
    assert settle([], store) == []


def test_settle_falls_back_to_the_next_newest_when_the_store_rejects() -> None:
    def store(batch: list[Document]) -> list[Outcome]:
        return [rejected("no") if one.version > 3 else Outcome(W) for one in batch]

    assert [one.status for one in settle(versions(3, 9, 7, 1), store)] == [W, R, R, U]
    assert [one.status for one in settle(versions(9, 8), store)] == [R, R]


def test_settle_keeps_older_ones_waiting_with_the_newest() -> None:
    outcomes = settle(versions(3, 9), lambda batch: [retry("busy")] * len(batch))
    assert [one.status for one in outcomes] == [T, T]


def test_faults_are_named_without_values() -> None:
    sound = {
        "text": "ok",
        "n": 1,
        "f": 1.5,
        "t": True,
        "none": None,
        "many": [1, [2]],
        "two": (1, 2),
        "digits": "7" * 999,
    }
    assert fault(posted(**sound)) is None
    assert fault(posted(many=[[{}]] * 99, big=10**200, accents="é😂")) is None
    deep: list[Any] = []
    for _ in range(MAX_DEPTH):
        deep = [deep]
    odd = ("secret\ud800", float("nan"), -float("inf"), 10**1_000, b"secret", {1: "secret"}, {"secret"}, deep)
    for value in (*odd, datetime(2026, 1, 1, tzinfo=UTC), Decimal("1.5")):
        reason = fault(posted(x=[{"y": value}]))
        assert reason
        assert "secret" not in reason
