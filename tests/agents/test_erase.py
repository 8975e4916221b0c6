"""A person or a post erased on the embedded broker, by real agents: nothing is left, nothing brings it back."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from enrichers.redact import author_hash
from schemas.alerts import Alert, Exemplar
from schemas.codec import Limits, encode
from schemas.erasures import Erasure
from schemas.identity import identity
from sinks.base import Query, Subject
from streams.broker.client import client_config
from streams.broker.outbox import Outbox
from streams.broker.reading import Reader
from streams.erase.job import Erase
from streams.erase.subject import Asked
from streams.records import Message

if TYPE_CHECKING:
    from tests.agents.conftest import Bench

pytestmark = pytest.mark.agents
SECRET = b"of the test"


def erased(bench: Bench, asked: Asked) -> Erasure:
    outbox = Outbox(client_config(bench.settings))
    with Reader(client_config(bench.settings)) as reader:
        job = Erase(reader, bench.topics, bench.sink, outbox.send, limits=Limits(), now_ms=lambda: 1_800_000_000_000)
        result = asyncio.run(job.run(asked, by="the test"))
    outbox.close()
    return result


def texts(bench: Bench) -> set[str]:
    return {hit.body["feedback"]["text"] for hit in bench.sink.search(Query(limit=100)).documents}


def newest(bench: Bench, topic: str) -> dict[bytes, bytes]:
    """What compaction leaves of a topic."""
    state = {(one.partition, one.key or b""): one.value for one in bench.records(topic)}
    return {key: value for (_, key), value in state.items() if value is not None}


def test_a_person_is_erased_everywhere_and_a_redelivery_brings_nothing_back(bench: Bench) -> None:
    ana = {"author": {"customer_id": "C-1", "handle": "ana"}}
    ben = {"author": {"customer_id": "C-2", "handle": "ben"}}
    theirs = [bench.post(1, text="bad, says Ana", **ana), bench.post(2, text="bad again, says Ana", **ana)]
    others = [bench.post(3, text="bad, says Ben", **ben), bench.post(4, text="good, says Ben", **ben)]

    def story() -> None:
        bench.send(*theirs, *others)
        bench.until(lambda: bench.sink.count("posts") == 4 and bench.sink.count("cases") == 3)
        quoting = Alert(
            id="a1",
            series="brand=Lumbre/overall=all",
            brand="Lumbre",
            dimension="overall",
            value="all",
            state="started",
            version=1,
            since="2026-03-01T00:00:00Z",
            at="2026-03-01T00:00:00Z",
            window_seconds=3600,
            observed=2,
            expected=0,
            score=5,
            exemplars=[Exemplar(identity=identity("review", "shop", number), excerpt="bad") for number in ("1", "3")],
        )
        alert = Message(bench.topics.alerts, b"a", encode(quoting))
        bench.send(alert)
        bench.until(lambda: bench.sink.count("alerts") == 1)
        bench.until(lambda: len(newest(bench, bench.topics.cases)) == 3)

        record = erased(bench, Asked("customer", "C-1", SECRET))
        assert (record.posts, record.raw_records, record.without_key) == (2, 2, 0)
        assert record.documents == {"posts": 2, "cases": 2, "alerts": 1, "dead-letters": 0}
        assert b"C-1" not in encode(record)
        bench.until(lambda: len(newest(bench, bench.topics.cases)) == 1)
        bench.send(*theirs, alert, bench.post(5, text="good, the last"))
        bench.until(lambda: bench.text(5) is not None)

    bench.while_running(story)
    assert texts(bench) == {"bad, says Ben", "good, says Ben", "good, the last"}
    assert bench.sink.find("posts", Subject(customer_ids=("C-1",))) == []
    assert bench.sink.count("cases") == 1
    (alert,) = bench.sink.search(Query(kind="alerts")).documents
    assert [post["identity"] for post in alert.body["feedback"]["alert"]["exemplars"]] == [
        identity("review", "shop", "3")
    ]
    assert b"Ana" not in b"".join(newest(bench, bench.topics.cases).values())
    kept = [
        msgspec.json.decode(value)["kind"] for key, value in newest(bench, bench.topics.erasures).items() if b"-" in key
    ]
    assert kept == ["customer"]
    (journal,) = bench.sink.search(Query(kind="journal", limit=10)).documents[:1]
    assert journal.body["event"]["action"] in {"erase", "delete"}


def test_a_post_and_a_mails_author_are_found_by_their_names_and_the_next_run_finds_no_more(bench: Bench) -> None:
    mail = {
        "id": "m",
        "source": "support",
        "channel": "email",
        "text": "bad",
        "author": {"id": "Ana <ana@example.org>"},
    }
    from_ana = Message(bench.topics.raw["email"], b"m", json.dumps(mail).encode())
    naming = {**mail, "id": "n", "author": {"id": "ben@example.org"}, "text": "ana@example.org told me"}
    from_ben = Message(bench.topics.raw["email"], b"n", json.dumps(naming).encode())

    def story() -> None:
        bench.send(bench.post(1), bench.post(2), from_ana, from_ben)
        bench.until(lambda: bench.sink.count("posts") == 4)
        assert erased(bench, Asked.post("review", "shop", "1", SECRET)).posts == 1
        again = erased(bench, Asked.post("review", "shop", "1", SECRET))
        assert (again.posts, again.raw_records) == (1, 1)  # until compaction the record stands there
        assert erased(bench, Asked("email", "ANA@example.org", SECRET)).raw_records == 1
        assert erased(bench, Asked("author", author_hash("nobody@example.org", SECRET), SECRET)).posts == 0

    bench.while_running(story, "enrich", "index")
    assert {hit.body["feedback"]["id"] for hit in bench.sink.search(Query(limit=10)).documents} == {"2", "n"}


def test_a_raw_record_whose_key_is_shared_keeps_its_neighbours(bench: Bench) -> None:
    def story() -> None:
        bench.send(*(Message(one.topic, b"one", one.value) for one in (bench.post(1), bench.post(2))))
        bench.until(lambda: bench.sink.count("posts") == 2)
        record = erased(bench, Asked.post("review", "shop", "1", SECRET))
        assert (record.raw_records, record.without_key) == (1, 1)

    bench.while_running(story, "enrich", "index")
    assert all(record.value is not None for record in bench.records(bench.topics.raw["review"]))
