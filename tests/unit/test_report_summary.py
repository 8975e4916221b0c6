"""What a store is summed up to: every post once, customers apart from the company, and nothing unbounded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from schemas.alerts import Alert, Exemplar
from schemas.cases import Case, CaseEvent
from schemas.enriched import (
    Authenticity,
    EnrichedPost,
    Flag,
    Intent,
    Provenance,
    Redaction,
    Sentiment,
    Severity,
    Span,
    TopicRef,
    Translation,
)
from schemas.errors import StoreError
from schemas.identity import from_millis, identity, to_millis
from schemas.raw import Author, Rating
from schemas.topics import Topic
from sinks.base import Document
from sinks.documents import alert_document, case_document, post_document, topic_document
from sinks.memory import MemorySink
from streams.report.episodes import episodes
from streams.report.model import Summary
from streams.report.reading import documents
from streams.report.summary import summarise
from streams.report.tally import GROUPS, KEYS, OTHERS, Tally, groups_of

pytestmark = pytest.mark.unit
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SCORES = {"negative": -0.8, "neutral": 0.0, "positive": 0.8}


def post(number: int, *, day: float = 0, feeling: str | None = None, **fields: Any) -> EnrichedPost:
    """A post of the story, by day; `feeling` None is unscored."""
    raw = {"id": str(number), "source": "shop.example", "channel": "review", "text": f"words {number}", **fields}
    sentiment = (
        Sentiment(status="scored", label=feeling, score=SCORES[feeling], confidence=0.9)  # type: ignore[arg-type]
        if feeling
        else Sentiment(status="unscored")
    )
    time = from_millis(to_millis(START + timedelta(days=day)))
    key = identity(raw["channel"], raw["source"], raw["id"])
    fixed = {"identity": key, "version": 1, "event_time": time, "clean_text": raw["text"], "sentiment": sentiment}
    return EnrichedPost(**{**fixed, **raw})


def summed(*posts: EnrichedPost, also: tuple[Document, ...] = (), **more: Any) -> Summary:
    sink = MemorySink()
    sink.open()
    sink.write([*(post_document(one) for one in posts), *also])
    return summarise(sink, **more)


def alert(dimension: str, value: str, *, day: float, **fields: Any) -> Alert:
    since = from_millis(to_millis(START + timedelta(days=day)))
    given = {
        "id": f"{dimension}-{value}-{day}",
        "series": f"brand=Lumo/{dimension}={value}",
        "brand": "Lumo",
        "dimension": dimension,
        "value": value,
        "state": "started",
        "version": 1,
        "since": since,
        "at": since,
        "window_seconds": 86400,
        "observed": 9.0,
        "expected": 0.5,
        "score": 7.0,
    }
    return Alert(**{**given, **fields})


def test_an_empty_store_is_a_summary_of_nothing() -> None:
    summary = summed()
    assert (summary.posts, summary.first, summary.feelings.total) == (0, None, 0)
    assert summary.dead_letters is None
    assert summed(dead_letters=3).dead_letters == 3


def test_the_companys_own_posts_are_counted_but_not_felt() -> None:
    summary = summed(
        post(1, feeling="negative"),
        post(2, feeling="positive", author=Author(role="company")),
        post(3),
        post(4, day=2, feeling="neutral", channel="social"),
    )
    assert (summary.posts, summary.company_posts) == (4, 1)
    feelings = summary.feelings
    assert (feelings.negative, feelings.neutral, feelings.positive, feelings.unscored) == (1, 1, 0, 1)
    assert feelings.scored == 2
    assert [(day.date, day.feelings.total) for day in summary.days] == [(date(2026, 3, 2), 2), (date(2026, 3, 4), 1)]
    assert [(group.name, group.posts, group.feelings.total) for group in summary.channels] == [
        ("review", 3, 2),
        ("social", 1, 1),
    ]


def test_languages_say_what_no_engine_translates() -> None:
    summary = summed(
        post(1, language="de", translation=Translation(status="unsupported")),
        post(2, language="de", translation=Translation(status="unsupported")),
        post(3, language="es", translation=Translation(status="partial", text="half")),
        post(4, language="<b>"),
    )
    assert [(one.name, one.posts, one.unsupported, one.partial) for one in summary.languages] == [
        ("de", 2, 2, 0),
        ("es", 1, 0, 1),
        ("und", 1, 0, 0),
    ]


def test_the_worst_complaints_come_first_and_only_ten() -> None:
    def severe(number: int, score: float, **fields: Any) -> EnrichedPost:
        return post(number, feeling="negative", severity=Severity(score=score, negativity=1, reach=score), **fields)

    posts = [severe(number, number / 100) for number in range(30)]
    loud_praise = post(99, feeling="positive", severity=Severity(score=0.9, negativity=0, reach=1))
    company = severe(98, 1.0, author=Author(role="company"))
    summary = summed(*posts, loud_praise, company)
    assert [voice.text for voice in summary.complaints] == [f"words {n}" for n in range(29, 19, -1)]


def test_long_texts_are_shown_by_their_beginning_and_say_so() -> None:
    summary = summed(
        post(1, feeling="negative", text="x" * 50_000, severity=Severity(score=0.5, negativity=1, reach=1))
    )
    (voice,) = summary.complaints
    assert voice.cut
    assert len(voice.text) < 1000
    assert voice.text.endswith("…")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop.example/r/1", True),
        ("HTTP://shop.example/r/1", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("//shop.example/r", False),
        ("https:///nowhere", False),
        ("https://[", False),
        ("https://shop.example/" + "a" * 5000, False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_become_links(url: str, shown: bool) -> None:
    summary = summed(
        post(1, feeling="negative", url=url, severity=Severity(score=0.5, negativity=1, reach=1)),
    )
    assert summary.complaints[0].url == (url if shown else None)


def test_topics_count_posts_their_trend_and_their_newest_name() -> None:
    ref = TopicRef(status="assigned", id="t-1", label="old name", similarity=0.7)
    other = TopicRef(status="assigned", id="t-2", label="late delivery", similarity=0.9)
    mixed = [
        Span(start=0, end=5, sentiment=Sentiment(status="scored", label="positive", score=0.8, confidence=0.9)),
        Span(start=5, end=9, sentiment=Sentiment(status="scored", label="negative", score=-0.8, confidence=0.9)),
    ]
    summary = summed(
        post(1, day=0, feeling="negative", topics=[ref]),
        post(2, day=20, feeling="positive", topics=[ref, ref]),
        post(3, day=20, feeling="negative", topics=[ref, other], spans=mixed),
        post(4, day=13, topics=[other], feeling="neutral"),
        post(5, day=13, topics=[TopicRef(status="emerging")]),
        also=(topic_document(Topic(id="t-1", label="scratchy label", keywords=["label"])),),
    )
    first, second = summary.topics
    assert (first.label, first.posts, first.negative, first.last_week, first.week_before) == (
        "scratchy label",
        3,
        2,
        2,
        0,
    )
    assert (second.label, second.last_week, second.week_before) == ("late delivery", 1, 1)
    assert first.keywords == ("label",)
    assert (summary.emerging, summary.two_topics) == (1, 1)
    assert [voice.text for voice in summary.two_topic_examples] == ["words 3"]


def test_an_alert_knows_the_days_of_its_series() -> None:
    valencia = [
        post(n, day=3 + n / 100, feeling="negative", brand="Lumo", place="Valencia", language="es") for n in range(12)
    ]
    elsewhere = [post(100 + n, day=n, feeling="negative", brand="Lumo", place="Roma") for n in range(7)]
    before = [post(200, day=1, feeling="negative", brand="Lumo", place="Valencia")]
    other_brand = [post(201, day=3, feeling="negative", brand="Norte", place="Valencia")]
    raised = (
        alert("language", "es", day=3),
        alert("place", "Valencia", day=3, exemplars=[Exemplar(identity="x", excerpt="nada", translation="nothing")]),
        alert("place", "Roma", day=6),
    )
    summary = summed(*valencia, *elsewhere, *before, *other_brand, also=tuple(alert_document(one) for one in raised))
    by_value = {one.value: one for one in summary.alerts}
    line = by_value["Valencia"]
    assert (line.peak, line.peak_day) == (12, date(2026, 3, 5))
    assert line.usual == pytest.approx(1 / 6)
    assert line.exemplars == (("nada", "nothing"),)
    told = episodes(summary.alerts)
    assert [(one.main.value, [other.value for other in one.also]) for one in told] == [
        ("es", ["Valencia"]),
        ("Roma", []),
    ]


def test_cases_by_state_and_the_recovered_ones() -> None:
    def case(number: int, state: str, **fields: Any) -> Document:
        at = from_millis(to_millis(START))
        given = {
            "id": f"case-{number}",
            "identity": str(number),
            "version": 1,
            "brand": "Lumo",
            "state": state,
            "opened_at": at,
            "updated_at": at,
            "channel": "social",
            "source": "chirper",
            "post_id": str(number),
            "author": "@ana",
            "excerpt": "roto",
            "history": [CaseEvent(at=at, action="open"), CaseEvent(at=at, action="resolve", refused="not possible")],
        }
        return case_document(Case(**{**given, **fields}))

    summary = summed(
        also=(case(1, "opened"), case(2, "opened"), case(3, "recovered"), case(4, "recovered", channel="email"))
    )
    assert dict(summary.case_states) == {"opened": 2, "recovered": 2}
    assert [one.author for one in summary.recovered] == ["@ana", None]  # a hash is no name
    assert [step for _, step in summary.recovered[0].steps] == ["open"]


def test_suggestions_flags_failures_and_redactions() -> None:
    wish = [Intent(label="suggestion", confidence=0.8), Intent(label="praise", confidence=0.7)]
    doubt = Authenticity(flags=[Flag(name="declared-incentive", evidence="the channel says so")])
    summary = summed(
        post(1, product="Alba", intents=wish),
        post(2, product="Alba", intents=wish),
        post(3, intents=wish, authenticity=doubt),
        post(
            4,
            provenance=Provenance(failed={"translate": "EngineTimeout"}),
            redactions=[Redaction(field="text", start=0, end=7, kind="EMAIL")],
            rating_disagrees=True,
        ),
    )
    assert [(one.product, one.posts) for one in summary.wishes] == [("Alba", 2), (None, 1)]
    assert summary.suggestions == 3
    (flag,) = summary.flags
    assert (flag.name, flag.posts, flag.sources) == ("declared-incentive", 1, (("shop.example", 1),))
    assert flag.examples[0][0] == "the channel says so"
    assert (summary.failed, summary.failed_posts) == ((("translate", 1),), 1)
    assert summary.redactions == (("EMAIL", 1),)
    assert summary.rating_disagrees == 1


def test_a_summary_is_json() -> None:
    summary = summed(
        post(1, feeling="negative", rating=Rating(value=1)), also=(alert_document(alert("a", "b", day=0)),)
    )
    assert msgspec.json.decode(msgspec.json.encode(summary))["posts"] == 1


def test_documents_of_another_schema_are_told() -> None:
    odd = Document("posts", "x", 1, {"@timestamp": "2026-01-01T00:00:00Z", "feedback": {"id": 3}})
    summary = summed(post(1), also=(odd,))
    assert (summary.posts, summary.unread) == (1, 1)
    with pytest.raises(StoreError, match="another version"):
        summed(also=(Document("cases", "x", 1, {"feedback": {"case": {}}}),))


def test_names_beyond_the_limit_are_counted_together() -> None:
    tally = Tally()
    for number in range(KEYS + 50):
        tally.add(post(number, source=f"source {number}", rating=Rating(value=3), channel=f"channel {number}"))
    assert len(tally.stars) == KEYS + 1
    assert tally.stars[(OTHERS, None)].count == 50
    assert sum(one.posts for one in tally.channels.values()) == KEYS + 50
    shown = groups_of(tally.channels)
    assert len(shown) == GROUPS + 1
    assert sum(one.posts for one in shown) == sum(one.feelings.total for one in shown) == KEYS + 50


def _stamped(number: int, time: str) -> Document:
    return Document("posts", f"id-{number:04}", 1, {"@timestamp": time, "feedback": {}})


def test_pages_go_past_the_depth_of_a_store_and_give_each_document_once() -> None:
    sink = MemorySink()
    # threes share a millisecond, so that the edge of a search falls between them
    sink.write([_stamped(n, from_millis(to_millis(START) + n // 3)) for n in range(100)])
    found = [one.id for one in documents(sink, "posts", page=4, depth=10)]
    assert len(found) == 100
    assert len(set(found)) == 100


def test_pages_end_where_too_many_share_one_millisecond() -> None:
    sink = MemorySink()
    sink.write([_stamped(n, from_millis(to_millis(START))) for n in range(50)])
    found = [one.id for one in documents(sink, "posts", page=4, depth=10)]
    assert len(found) == len(set(found)) == 10


def test_what_could_not_be_paged_to_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from streams.report import summary as module

    monkeypatch.setattr(module, "documents", lambda sink, kind: documents(sink, kind, page=4, depth=10))
    summary = summed(*(post(n) for n in range(25)))
    assert (summary.posts, summary.unread) == (10, 15)
