"""A better model over posts that were enriched before: the same documents, and nothing else happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from schemas.codec import encode
from schemas.enriched import Correction
from sinks.base import KINDS, Document, Query
from streams.records import Message

if TYPE_CHECKING:
    from tests.agents.conftest import Bench

pytestmark = pytest.mark.agents


def test_a_model_upgrade_changes_documents_and_nothing_else(bench: Bench) -> None:
    def before() -> None:
        bench.send(*(bench.post(number, text="bad" if number % 2 else "good") for number in range(10)))
        bench.send(bench.post(3, text="bad, and edited"))
        bench.until(lambda: bench.sink.count("posts") == 10 and bench.sink.count("cases") == 5)
        bench.until(lambda: bench.text(3) == "bad, and edited")

    def after() -> None:
        bench.until(lambda: models() == {"2"} and bench.finish(upgrade).done())

    def models() -> set[str]:
        return {hit.body["feedback"]["provenance"]["enrichers"]["marking"] for hit in posts()}

    def posts() -> list[Document]:
        return bench.sink.search(Query(limit=100)).documents

    def versions() -> dict[str, int]:
        return {hit.id: hit.version for hit in posts()}

    def others() -> dict[str, int]:
        topics = bench.topics
        return {name: len(bench.records(name)) for name in (topics.signals, topics.learn, topics.cases, topics.alerts)}

    bench.while_running(before)
    (fifth,) = [hit for hit in posts() if hit.body["feedback"]["id"] == "5"]
    word = Correction(identity=fifth.id, post_version=fifth.version, sentiment="neutral", actor="ana", at="2026-03-01")
    bench.send(Message(bench.topics.corrections, fifth.id.encode(), encode(word)))
    known, told = versions(), others()
    cases = {one.id: one.version for one in bench.sink.search(Query(kind="cases", limit=100)).documents}
    assert models() == {"1"}
    bench.model = "2"
    # a group of its own for `index` too: everything is delivered to it twice
    bench.settings = msgspec.structs.replace(bench.settings, kafka_group_prefix="second")
    upgrade = bench.again("upgrade")
    bench.while_running(after, "enrich", "index", again=upgrade)
    assert versions() == known
    labels = {hit.body["feedback"]["id"]: hit.body["feedback"]["sentiment"]["label"] for hit in posts()}
    assert labels == {str(n): "neutral" if n == 5 else "negative" if n % 2 else "positive" for n in range(10)}
    assert others() == told
    assert {one.id: one.version for one in bench.sink.search(Query(kind="cases", limit=100)).documents} == cases
    assert bench.text(3) == "bad, and edited"
    assert {kind: bench.sink.count(kind) for kind in KINDS} == {
        "posts": 10,
        "cases": 5,
        "alerts": 0,
        "topics": 0,
        "journal": 0,
        "dead-letters": 0,
    }
    written = len(bench.records(bench.topics.enriched))
    bench.enrich_again("upgrade")  # done already: nothing is left of it
    bench.enrich_again("later", since_ms=2**42)
    assert len(bench.records(bench.topics.enriched)) == written == 22
