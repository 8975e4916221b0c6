"""One suite over every sink: memory, SQLite, and a real Elasticsearch."""

from __future__ import annotations

import copy
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.alerts import Alert, Exemplar
from schemas.cases import Case, CaseEvent
from schemas.enriched import (
    EnrichedPost,
    Intent,
    Relabel,
    Sentiment,
    Severity,
    Span,
    TopicRef,
    Translation,
)
from schemas.errors import SettingsError
from schemas.identity import identity
from schemas.raw import Author, Rating
from schemas.topics import Topic
from schemas.vectors import encode_vector
from sinks.base import KINDS, Document, Query, Removal, Sink, Status, Subject
from sinks.documents import alert_document, case_document, post_document, post_of, relabelled, topic_document
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.memory import MemorySink
from sinks.sqlite import SQLiteSink

pytestmark = pytest.mark.contract

W, U, R = Status.WRITTEN, Status.UNCHANGED, Status.REJECTED
T0 = 1_770_000_000_000


@pytest.fixture(params=["memory", "sqlite", pytest.param("elasticsearch", marks=pytest.mark.integration)])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Sink]]:
    """Opens the store, each time by a new sink on the same data (memory: the same sink)."""
    opened: list[Sink] = []
    prefix = f"t{uuid.uuid4().hex[:12]}"
    memory = MemorySink()
    url = request.getfixturevalue("elasticsearch_server") if request.param == "elasticsearch" else ""

    def make() -> Sink:
        made: Sink
        if request.param == "memory":
            made = memory
        elif request.param == "sqlite":
            made = SQLiteSink(tmp_path / "folder" / "store.sqlite")
        else:
            made = ElasticsearchSink(connect(url), prefix=prefix)
        made.open()
        opened.append(made)
        return made

    yield make
    for sink in opened:
        sink.close()
    if request.param == "elasticsearch":
        client = connect(url)
        client.indices.delete(index=f"{prefix}-*")
        client.close()


@pytest.fixture
def sink(reopen: Callable[[], Sink]) -> Sink:
    return reopen()


def post(post_id: str = "1", *, version: int = T0, text: str = "La atención fue mala", **fields: Any) -> EnrichedPost:
    """An enriched post with something in every field; `fields` replace."""
    base: dict[str, Any] = {
        "id": post_id,
        "source": "shop",
        "channel": "review",
        "text": text,
        "clean_text": text,
        "language": "es",
        "languages": ["es"],
        "brand": "Lumo",
        "identity": identity("review", "shop", post_id),
        "version": version,
        "event_time": "2026-03-01T09:30:00.000Z",
    }
    return EnrichedPost(**{**base, **fields})


def doc(post_id: str = "1", **fields: Any) -> Document:
    return post_document(post(post_id, **fields))


def statuses(sink: Sink, *documents: Document) -> list[Status]:
    return [outcome.status for outcome in sink.write(documents)]


def found(sink: Sink, **query: Any) -> list[str]:
    """The channel's ids of what a search finds, in rank order."""
    hits = sink.search(Query(**query))
    assert sink.count("posts", Query(**query)) == hits.total
    if hits.total <= query.get("limit", 20):
        assert len(hits.documents) == hits.total
    return [one.body["feedback"]["id"] for one in hits.documents]


def test_is_a_sink(sink: Sink) -> None:
    assert isinstance(sink, Sink)
    sink.open()
    sink.open()


def test_a_post_comes_back_as_it_was(sink: Sink) -> None:
    vector = np.random.default_rng(7).normal(size=384).astype(np.float32)
    full = post(
        "full",
        text="¡Qué vestido! \u0000 \U0001f600 It came late.",
        title="NUL \u0000 in a title",
        url="https://shop.example/p?id=1",
        created_at="not a date",
        author=Author(handle="@ana", followers=3),
        rating=Rating(value=1),
        likes=2**63 - 1,
        labels={"a.b": {"": 1, "x": [1, 2.5, None, True]}, "deep": {"er": "x" * 40_000}, "ñ": "\u0000"},
        spans=[Span(start=0, end=13, language="es", sentiment=Sentiment(status="scored", label="positive", score=0.9))],
        translation=Translation(status="translated", text="What a dress! It came late."),
        sentiment=Sentiment(status="scored", label="negative", score=-0.5, confidence=0.75),
        intents=[Intent(label="complaint", confidence=0.5)],
        topics=[TopicRef(status="assigned", id="t1", label="late delivery", keywords=["late"], similarity=0.7)],
        severity=Severity(score=0.5, negativity=0.5, reach=0.25, factors={"followers": 0.1}),
        embedding=encode_vector(vector),
    )
    document = post_document(full)
    before = copy.deepcopy(document.body)
    assert statuses(sink, document) == [W]
    assert document.body == before
    (back,) = sink.get("posts", [document.id])
    assert back == document
    assert post_of(back) == full
    sink.refresh()
    assert sink.search(Query(text="vestido")).documents == [document]


def test_what_is_read_back_is_a_copy(sink: Sink) -> None:
    document = doc()
    sink.write([document])
    document.body["feedback"]["brand"] = "changed"
    (first,) = sink.get("posts", [document.id])
    assert first is not None
    assert first.body["feedback"]["brand"] == "Lumo"
    first.body["feedback"]["brand"] = "changed"
    (second,) = sink.get("posts", [document.id])
    assert second is not None
    assert second.body["feedback"]["brand"] == "Lumo"


def test_versions(sink: Sink) -> None:
    assert statuses(sink, doc(version=T0, text="uno")) == [W]
    assert statuses(sink, doc(version=T0, text="dos")) == [W]  # equal: written again
    assert statuses(sink, doc(version=T0 + 1, text="tres")) == [W]
    assert statuses(sink, doc(version=T0, text="cuatro")) == [U]  # an edit that arrives late
    (back,) = sink.get("posts", [doc().id])
    assert back is not None
    assert (back.version, back.body["feedback"]["clean_text"]) == (T0 + 1, "tres")
    sink.refresh()
    assert found(sink, text="tres") == ["1"]
    assert found(sink, text="dos") == []
    assert sink.count("posts") == 1


def test_what_has_not_begun_in_time_is_left_for_another_try(sink: Sink) -> None:
    late = sink.write([doc(), doc("2")], until=time.monotonic() - 1)
    assert [outcome.status for outcome in late] == [Status.RETRY] * 2
    assert sink.get("posts", [doc().id]) == [None]
    assert [outcome.status for outcome in sink.write([doc()], until=time.monotonic() + 60)] == [W]


def test_duplicates_in_one_batch(sink: Sink) -> None:
    batch = [
        doc(version=T0 + 1, text="b"),
        doc("2", text="other"),
        doc(version=T0 + 5, text="first of the newest"),
        doc(version=T0 + 5, text="second of the newest"),
        doc(version=T0 + 3, text="c"),
    ]
    assert statuses(sink, *batch) == [U, W, U, W, U]
    (back,) = sink.get("posts", [batch[0].id])
    assert back is not None
    assert back.body["feedback"]["clean_text"] == "second of the newest"


def test_kinds_do_not_meet(sink: Sink) -> None:
    same = [Document(kind, "same", 1, {"feedback": {}}) for kind in KINDS]
    assert statuses(sink, *same) == [W] * len(KINDS)
    sink.refresh()
    assert [sink.count(kind) for kind in KINDS] == [1] * len(KINDS)
    assert [sink.get(kind, ["same"]) for kind in KINDS] == [[one] for one in same]


UNSTORABLE: dict[str, dict[str, Any]] = {
    "nan": {"feedback": {"rating": {"value": float("nan")}}},
    "inf": {"feedback": {"labels": {"a": [float("inf")]}}},
    "surrogate": {"feedback": {"clean_text": "secret \ud800"}},
    "surrogate in a name": {"feedback": {"labels": {"secret \udfff": 1}}},
    "no json": {"feedback": {"clean_text": b"secret"}},
    "not a name": {"feedback": {"labels": {1: 2}}},
    "a number without end": {"feedback": {"labels": {"n": 10**5_000}}},
    "no time": {"@timestamp": "secret yesterday"},
    "time of another type": {"@timestamp": 5},
}


def test_rejects_one_and_writes_the_others(sink: Sink) -> None:
    for label, change in UNSTORABLE.items():
        bad = doc("bad")
        bad = replace(bad, body={**bad.body, **change})
        outcomes = sink.write([doc("1"), bad, doc("2")])
        assert [outcome.status for outcome in outcomes] == [W, R, W], label
        assert outcomes[1].reason, label
        assert "secret" not in outcomes[1].reason, label
        assert sink.get("posts", [bad.id]) == [None], label


def test_rejects_impossible_ids_and_versions(sink: Sink) -> None:
    for identifier, version in (("", 1), ("x" * 513, 1), ("\ud800", 1), ("a", -1), ("a", 2**63)):
        assert statuses(sink, Document("posts", identifier, version, {"feedback": {}}), doc()) == [R, W]
    assert statuses(sink, Document("posts", "x" * 512, 2**62, {"feedback": {}})) == [W]


def test_depth_is_bounded(sink: Sink) -> None:
    nested: dict[str, Any] = {}
    for _ in range(60):
        nested = {"a": nested, "l": [1]}
    assert statuses(sink, doc("60", labels={"deep": nested})) == [W]
    for _ in range(5_000):
        nested = {"a": nested}
    assert statuses(sink, doc("5060", labels={"x": 1}), _with_labels(doc("deep"), nested)) == [W, R]


def _with_labels(document: Document, labels: dict[str, Any]) -> Document:
    return replace(document, body={**document.body, "feedback": {**document.body["feedback"], "labels": labels}})


def test_an_unusable_newest_does_not_take_the_older_with_it(sink: Sink) -> None:
    newest = doc(version=T0 + 9)
    newest = replace(newest, body={**newest.body, "@timestamp": "?"})
    assert statuses(sink, doc(version=T0), newest) == [W, R]


def test_get_keeps_order_and_sees_writes_at_once(sink: Sink) -> None:
    documents = [doc(str(number)) for number in range(5)]
    sink.write(documents)
    ids = [documents[3].id, "missing", documents[0].id, documents[3].id, "", "\ud800", "a\u0000"]
    assert sink.get("posts", ids) == [documents[3], None, documents[0], documents[3], None, None, None]
    assert sink.get("posts", []) == []
    assert sink.get("cases", [documents[0].id]) == [None]


def test_empty_batch_and_empty_store(sink: Sink) -> None:
    assert sink.write([]) == []
    sink.refresh()
    assert sink.count("posts") == 0
    assert sink.search(Query()).documents == []
    assert found(sink, text="x", sort="severity") == []


TRANSLATED = Translation(status="translated", text="The delivery came late and nobody answers")


def test_search_by_original_and_by_translation(sink: Sink) -> None:
    sink.write(
        [
            doc("es", text="La entrega llegó tarde y nadie contesta", translation=TRANSLATED),
            doc("en", text="Lovely dress, wrong size", language="en", languages=["en"]),
            doc("title", text="…", title="Atención pésima"),
            doc("name", text="!", product="Vestido Azul", place="Valencia"),
        ]
    )
    sink.refresh()
    assert found(sink, text="entrega") == ["es"]
    assert found(sink, text="delivery") == ["es"]
    assert found(sink, text="late nadie") == ["es"]  # one word from each
    assert found(sink, text="late dress") == []  # each word has to occur
    assert found(sink, text="LLEGO") == found(sink, text="llegó") == ["es"]
    assert found(sink, text="atencion") == found(sink, text="ATENCIÓN") == found(sink, text="pesima") == ["title"]
    assert found(sink, text="vestido valencia") == ["name"]
    assert found(sink, text='"came late"') == ["es"]
    assert found(sink, text='"late came"') == []
    assert found(sink, text="the") == ["es"]  # no word is too common to be asked for
    assert set(found(sink, text="  ")) == {"es", "en", "title", "name"}


HOSTILE = [
    '"',
    '""',
    "'",
    '"a" OR "b"',
    "NEAR(a b, 2)",
    "clean_text:a",
    "a*",
    "^a",
    "a AND NOT b",
    "{a}:b -c +d",
    "(((",
    "a\\",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "x \udfff y",
    "😡",
    "%_",
    "<script>",
    "'; DROP TABLE documents; --",
    "x" * 100_000,
    "a " * 50_000,
    "]}",
    "\u202e\u200b",
    "AND",
    "OR",
    "NOT",
]


def test_hostile_queries_are_words(sink: Sink) -> None:
    sink.write([doc("1", text="there are nothings of this kind"), doc("2", text="zz")])
    sink.refresh()
    for text in HOSTILE:
        assert found(sink, text=text) == [], text[:40]
        assert found(sink, brand=text, source=text, topic=text) == [], text[:40]
        assert found(sink, text=text + " zz") in ([], ["2"]), text[:40]


def test_a_text_without_words_finds_nothing(sink: Sink) -> None:
    sink.write([doc(text="😡 !!!")])
    sink.refresh()
    assert found(sink, text="😡") == found(sink, text="!!!") == []


def test_filters(sink: Sink) -> None:
    scored = Sentiment(status="scored", label="negative", score=-0.9, confidence=0.9)
    sink.write(
        [
            doc(
                "a",
                sentiment=scored,
                product="Dress",
                place="Valencia",
                languages=["es", "en"],
                topics=[
                    TopicRef(status="assigned", id="t1", label="late delivery"),
                    TopicRef(status="emerging"),
                    TopicRef(status="assigned", id="t2", label="size"),
                ],
                intents=[Intent(label="complaint", confidence=0.9), Intent(label="question", confidence=0.5)],
            ),
            doc("b", channel="email", source="inbox", brand="Other", language="en", languages=["en"]),
            doc("c", brand=None, language=None, languages=[], place="valencia"),
        ]
    )
    sink.refresh()
    expected = {
        "sentiment": {"negative": "a", "unscored": "bc", "positive": ""},
        "product": {"Dress": "a", "dress": "", "Dres": ""},
        "place": {"Valencia": "a", "valencia": "c"},
        "brand": {"Lumo": "a", "Other": "b", "": ""},
        "language": {"es": "a", "en": "ab", "und": ""},
        "channel": {"email": "b", "review": "ac"},
        "source": {"inbox": "b", "shop": "ac"},
        "topic": {"t1": "a", "t2": "a", "size": "a", "late delivery": "a", "late": ""},
        "intent": {"complaint": "a", "question": "a", "praise": ""},
    }
    for name, cases in expected.items():
        for value, ids in cases.items():
            assert sorted(found(sink, **{name: value})) == list(ids), (name, value)
    assert found(sink, language="en", brand="Lumo") == ["a"]
    assert found(sink, text="atencion", brand="Other", channel="email") == ["b"]


def test_other_kinds_are_searched_by_what_they_have(sink: Sink) -> None:
    alert = Alert(
        id="a1",
        series="brand=Lumo/place=Valencia",
        brand="Lumo",
        dimension="place",
        value="Valencia",
        state="started",
        version=T0,
        since="2026-03-01T08:00:00Z",
        at="2026-03-01T09:00:00Z",
        window_seconds=3600,
        observed=12,
        expected=1.5,
        score=8.5,
        exemplars=[Exemplar(identity="x", excerpt="Nadie contesta", translation="Nobody answers")],
        topics=["late delivery"],
    )
    case = Case(
        id="c1",
        identity="x",
        version=1,
        brand="Lumo",
        state="opened",
        opened_at="2026-03-01T08:00:00Z",
        updated_at="2026-03-01T08:00:00Z",
        channel="review",
        source="shop",
        post_id="1",
        place="Valencia",
        excerpt="Nadie contesta",
        translation="Nobody answers",
        history=[CaseEvent(at="2026-03-01T08:00:00Z", action="open")],
    )
    topic = Topic(id="t1", label="late delivery", keywords=["courier"], count=7, examples=["It came late"])
    documents = [alert_document(alert), case_document(case), topic_document(topic)]
    assert statuses(sink, *documents) == [W] * 3
    sink.refresh()
    for document in documents:
        kind = document.kind
        text = "late" if kind == "topics" else "nobody"
        assert sink.get(kind, [document.id]) == [document]
        assert sink.search(Query(kind=kind, text=text)).documents == [document]
        assert sink.search(Query(kind=kind, text="unheard")).total == 0
        assert sink.search(Query(kind=kind, sort="severity")).documents == [document]
        # what a kind does not have, it does not match
        assert sink.search(Query(kind=kind, sentiment="negative")).total == 0
        assert sink.count(kind, Query(brand="Lumo")) == (0 if kind == "topics" else 1)
        assert sink.count(kind, Query(topic="late delivery")) == (0 if kind == "cases" else 1)
    assert sink.count("cases", Query(place="Valencia", channel="review", source="shop")) == 1
    assert sink.count("topics", Query(since="2026-01-01")) == 0  # it has no time


def test_time_window(sink: Sink) -> None:
    times = {"a": "2026-03-01T00:00:00Z", "b": "2026-03-01T12:00:00+02:00", "c": "2026-03-02T00:00:00.000Z"}
    sink.write([doc(one, event_time=time) for one, time in times.items()])
    sink.refresh()
    assert found(sink) == ["c", "b", "a"]
    assert found(sink, since="2026-03-01T10:00:00Z") == ["c", "b"]
    assert found(sink, since="2026-03-01T10:00:00.001Z") == ["c"]
    assert found(sink, until="2026-03-02") == ["b", "a"]
    assert found(sink, since="2026-03-01", until="2026-03-01") == []
    for wrong in ({"since": "yesterday"}, {"until": "2026-13-01"}):
        with pytest.raises(SettingsError):
            sink.search(Query(**wrong))


def test_sorts_pages_and_totals(sink: Sink) -> None:
    def severity(score: float) -> Severity:
        return Severity(score=score, negativity=score, reach=0)

    sink.write(
        [
            doc("a", event_time="2026-03-03T00:00:00Z", text="tarde"),
            doc("b", event_time="2026-03-02T00:00:00Z", text="tarde", severity=severity(0.9)),
            doc("c", event_time="2026-03-01T00:00:00Z", text="tarde tarde tarde", severity=severity(0.1)),
        ]
    )
    sink.refresh()
    assert found(sink, sort="newest", text="tarde") == ["a", "b", "c"]
    assert found(sink, sort="severity", text="tarde") == ["b", "c", "a"]
    assert found(sink, text="tarde")[0] == "c"  # says it most often
    page = sink.search(Query(sort="newest", limit=1, offset=1))
    assert (page.total, [one.body["feedback"]["id"] for one in page.documents]) == (3, ["b"])
    assert sink.search(Query(limit=0)).total == 3
    assert sink.search(Query(offset=3)).documents == []
    assert sink.search(Query(limit=-1, offset=-1)).documents == []


def test_relabel(sink: Sink) -> None:
    sink.write([doc(topics=[TopicRef(status="emerging")], embedding=encode_vector(np.ones(384, np.float32)))])
    (stored,) = sink.get("posts", [doc().id])
    assert stored is not None
    topics = [TopicRef(status="assigned", id="t9", label="rude staff")]
    changed = relabelled(stored, Relabel(identity=stored.id, version=stored.version, topics=topics))
    assert statuses(sink, changed) == [W]
    sink.refresh()
    (again,) = sink.search(Query(topic="t9")).documents
    before = post_of(stored)
    assert post_of(again).topics == topics
    assert post_of(again).embedding == before.embedding
    assert post_of(again).text == before.text


def test_five_thousand_documents(sink: Sink) -> None:
    documents = [doc(str(number), text=f"palabra{number} común") for number in range(5_000)]
    assert statuses(sink, *documents) == [W] * 5_000
    assert statuses(sink, *documents[:10]) == [W] * 10
    sink.refresh()
    assert sink.count("posts") == 5_000
    hits = sink.search(Query(text="comun", limit=3, offset=4_000))
    assert (hits.total, len(hits.documents)) == (5_000, 3)
    assert found(sink, text="palabra4999") == ["4999"]
    assert sink.get("posts", [one.id for one in documents]) == documents


def test_readers_beside_writers(sink: Sink) -> None:
    rounds = 6
    stop = threading.Event()

    def write(start: int) -> list[Status]:
        return [
            outcome.status
            for number in range(rounds)
            for outcome in sink.write([doc(f"{start}-{number}-{one}") for one in range(20)])
        ]

    def read() -> int:
        reads = 0
        while not stop.is_set():
            hits = sink.search(Query(text="atencion"))
            assert len(hits.documents) <= hits.total
            sink.get("posts", [doc("0-0-0").id])
            reads += 1
        return reads

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        writers = [pool.submit(write, start) for start in range(3)]
        results = [writer.result() for writer in writers]
        stop.set()
        assert all(reader.result() > 0 for reader in readers)
    assert results == [[W] * rounds * 20] * 3
    sink.refresh()
    assert sink.count("posts") == 3 * rounds * 20


def test_racing_edits_leave_the_newest(sink: Sink) -> None:
    versions = list(np.random.default_rng(3).permutation(40))
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda version: sink.write([doc(version=int(version))])[0].status, versions))
    assert set(outcomes) <= {W, U}
    (stored,) = sink.get("posts", [doc().id])
    assert stored is not None
    assert stored.version == 39


def test_reopening_keeps_everything(reopen: Callable[[], Sink]) -> None:
    first = reopen()
    first.write([doc(version=T0 + 5)])
    first.close()
    second = reopen()
    assert second.get("posts", [doc().id]) == [doc(version=T0 + 5)]
    assert statuses(second, doc(version=T0 + 4)) == [U]
    second.refresh()
    assert found(second, text="atencion") == ["1"]


def test_any_of_the_words_is_enough_where_the_query_says_so(sink: Sink) -> None:
    documents = [
        doc("1", text="la entrega llegó tarde", clean_text="la entrega llegó tarde"),
        doc("2", text="entrega perfecta", clean_text="entrega perfecta"),
        doc("3", text="nada", clean_text="nada"),
    ]
    assert statuses(sink, *documents) == [Status.WRITTEN] * 3
    sink.refresh()
    assert sink.count("posts", Query(text="entrega tarde")) == 1
    hits = sink.search(Query(text="entrega tarde", words="any"))
    assert hits.total == 2
    assert hits.documents[0].id == documents[0].id
    assert sink.count("posts", Query(text="!!!", words="any")) == 0
    assert sink.count("posts", Query(text="", words="any")) == 3


def at(number: int) -> str:
    return f"2026-04-01T00:00:{number:02d}.000Z"


def removed(sink: Sink, *documents: Document, version: int = T0) -> list[Status]:
    return [one.status for one in sink.delete([Removal(d.kind, d.id, version) for d in documents], at=at(0))]


def test_what_is_deleted_stays_deleted(reopen: Callable[[], Sink]) -> None:
    sink = reopen()
    sink.write([doc("1"), doc("2"), doc("3", version=T0 + 9)])
    assert removed(sink, doc("1"), doc("missing"), doc("3")) == [W, W, U]
    assert removed(sink, doc("1")) == [W]  # again: it is still gone
    assert sink.get("posts", [doc(one).id for one in "123"]) == [None, doc("2"), doc("3", version=T0 + 9)]
    sink.refresh()
    assert sorted(found(sink)) == ["2", "3"]
    assert found(sink, text="atencion", limit=5) == found(sink, text="atencion")
    for store in (sink, reopen()):  # redelivered here, and to a worker that starts later
        assert statuses(store, doc("1", version=T0 - 5), doc("1"), doc("missing"), doc("2")) == [U, U, U, W]
        assert store.get("posts", [doc("1").id]) == [None]
    # what is newer than the deletion is another matter
    assert statuses(sink, doc("1", version=T0 + 1)) == [W]
    assert removed(sink, doc("1"), version=T0 + 2) == [W]
    assert sink.get("posts", [doc("1").id]) == [None]


def test_deletions_of_one_call_and_impossible_ones(sink: Sink) -> None:
    sink.write([doc("1", version=5), doc("2", version=5)])
    calls = [
        Removal("posts", doc("1").id, 9),
        Removal("posts", "", 1),
        Removal("posts", doc("1").id, 3),
        Removal("cases", doc("2").id, 9),
        Removal("posts", doc("2").id, -1),
        Removal("posts", "\ud800", 2),
    ]
    assert [one.status for one in sink.delete(calls, at=at(0))] == [W, R, W, W, R, R]
    assert sink.delete([], at=at(0)) == []
    assert sink.get("posts", [doc("1").id, doc("2").id]) == [None, doc("2", version=5)]
    assert statuses(sink, doc("1", version=9), doc("1", version=10)) == [U, W]


def test_the_journal_records_deletions_without_what_was_deleted(sink: Sink) -> None:
    sink.write([doc("1", text="palabrasecreta", author=Author(handle="@ana"))])
    removed(sink, doc("1"))
    sink.refresh()
    (entry,) = sink.search(Query(kind="journal")).documents
    assert entry.body["@timestamp"] == at(0)
    assert entry.body["event"]["action"] == "delete"
    what = {"action": "delete", "kind": "posts", "id": doc("1").id, "version": T0}
    assert entry.body["feedback"] == {"journal": what}


def test_finding_what_belongs_to_a_person(sink: Sink) -> None:
    mail = doc("mail", channel="email", author=Author(id="keyed-hash"))
    social = doc("social", author=Author(handle="@ana", id="9", customer_id="c-7"))
    other = doc("other", author=Author(handle="@ANA", id="ana", name="c-7"))
    case = case_document(
        Case(
            id="k1",
            identity=social.id,
            version=1,
            brand="Lumo",
            state="opened",
            opened_at=at(1),
            updated_at=at(1),
            channel="social",
            source="shop",
            post_id="social",
            author="@ana",
            customer_id="c-7",
            history=[CaseEvent(at=at(1), action="open", identity=mail.id)],
        )
    )
    alert = alert_document(
        Alert(
            id="a1",
            series="brand=Lumo",
            brand="Lumo",
            dimension="overall",
            value="",
            state="started",
            version=T0,
            since=at(0),
            at=at(1),
            window_seconds=3600,
            observed=12,
            expected=1.5,
            score=8.5,
            exemplars=[Exemplar(identity=other.id, excerpt="a"), Exemplar(identity=mail.id, excerpt="b")],
        )
    )
    everything = [mail, social, other, case, alert]
    assert statuses(sink, *everything) == [W] * 5
    sink.refresh()

    def of(subject: Subject) -> list[str]:
        return [one.id for kind in KINDS for one in sink.find(kind, subject)]

    assert of(Subject(customer_ids=("c-7",))) == [social.id, case.id]
    assert of(Subject(authors=("keyed-hash",))) == [mail.id]
    assert of(Subject(handles=("@ana",))) == [social.id, case.id]
    assert of(Subject(posts=(mail.id,))) == [mail.id, case.id, alert.id]
    assert of(Subject(handles=("nobody", "@ANA"), authors=("keyed-hash",))) == sorted([mail.id, other.id])
    assert of(Subject()) == of(Subject(handles=("", "\ud800", "\0", "x" * 40_000))) == []
    assert sink.find("posts", Subject(posts=(mail.id,))) == [mail]
    assert sink.delete([Removal(case.kind, case.id, case.version)], at=at(2))[0].status is W
    sink.refresh()
    assert of(Subject(customer_ids=("c-7",))) == [social.id]


def test_finding_goes_page_by_page(sink: Sink) -> None:
    documents = [doc(str(number), author=Author(customer_id="c")) for number in range(25)]
    sink.write(documents)
    sink.refresh()
    seen: list[str] = []
    while page := sink.find("posts", Subject(customer_ids=("c",)), after=seen[-1] if seen else "", limit=10):
        assert len(page) <= 10
        seen += [one.id for one in page]
    assert seen == sorted(one.id for one in documents)


def test_purging_by_event_time(sink: Sink) -> None:
    times = {"a": "2026-01-01T00:00:00Z", "b": "2026-01-02T00:00:00Z", "c": "2026-01-03T00:00:00Z"}
    sink.write([doc(one, event_time=time, text=one * 3) for one, time in times.items()])
    no_time = topic_document(Topic(id="t1", label="late", keywords=[], count=1))
    sink.write([no_time, Document("cases", "old", 1, {"@timestamp": times["a"], "feedback": {}})])
    before = 1_767_398_400_000  # 2026-01-03
    assert sink.purge("posts", before=before, limit=1) == 1
    sink.refresh()
    assert found(sink, sort="newest") == ["c", "b"]  # the oldest went first
    assert sink.purge("posts", before=before) == 1
    assert sink.purge("posts", before=before) == 0
    assert sink.purge("topics", before=2**53) == 0
    sink.refresh()
    assert found(sink) == ["c"]
    assert found(sink, text="bbb") == []
    assert (sink.count("cases"), sink.count("topics")) == (1, 1)
    assert statuses(sink, doc("a", event_time=times["c"], version=T0 + 1)) == [W]  # an edit that dates it anew
    sink.refresh()
    assert sorted(found(sink)) == ["a", "c"]


def test_purging_many(sink: Sink) -> None:
    sink.write([doc(str(number)) for number in range(250)])
    counts = []
    while (count := sink.purge("posts", before=2**53, limit=100)) > 0:
        counts.append(count)
    assert counts == [100, 100, 50]
    sink.refresh()
    assert sink.count("posts") == 0
