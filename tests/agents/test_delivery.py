"""Real Faust agents on the embedded broker: nothing is lost, and what cannot be used is a dead letter."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence

import pytest
from confluent_kafka import Consumer

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.dead_letters import DeadLetter
from schemas.enriched import Intent, Sentiment, Severity
from sinks.base import Document, Outcome, Query, Status
from sinks.memory import MemorySink
from streams import embedded
from streams.embedded import Parcel, play
from streams.settings import Settings, load_settings
from streams.topics import Topics

pytestmark = pytest.mark.agents


class Marking:
    """A stand-in for the models: what a post says about itself is what is found in it."""

    name = "marking"
    version = "1"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        return [self._marked(draft) for draft in drafts]

    @staticmethod
    def _marked(draft: Draft) -> Draft:
        text = draft.post.text
        negative = "bad" in text
        return draft.with_post(
            clean_text=text,
            language="en",
            sentiment=Sentiment(status="scored", label="negative" if negative else "positive", score=0.5, confidence=1),
            intents=[Intent(label="complaint" if negative else "praise", confidence=1.0)],
            severity=Severity(score=0.5 if negative else 0.0, negativity=0.5, reach=0.1),
        )

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("state")
    return load_settings(environ={"VOCERO_STATE_DIR": str(folder), "VOCERO_STORE": "memory"})


def parcel(topics: Topics, number: int, *, day: int = 1, **fields: object) -> Parcel:
    post = {
        "id": str(number),
        "source": "shop",
        "channel": "review",
        "text": "good",
        "brand": "Lumbre",
        "created_at": f"2026-03-{day:02d}T{number % 24:02d}:00:00Z",
        **fields,
    }
    return Parcel(topics.raw["review"], str(number).encode(), json.dumps(post).encode(), {})


def chain(_: object) -> Chain:
    return Chain([Marking()])


def test_every_post_is_indexed_or_a_dead_letter_and_a_burst_is_an_alert(settings: Settings) -> None:
    sink = MemorySink()

    def story(topics: Topics) -> Iterable[Parcel]:
        number = 0
        for day in range(1, 25):
            for text in ("good", "good", "bad" if day % 3 == 0 else "good"):
                number += 1
                yield parcel(topics, number, day=day, text=text, place="Valencia")
            yield Parcel(topics.raw["social"], b"x", b"{not json", {})
        for _ in range(30):
            number += 1
            yield parcel(topics, number, day=25, text="bad", place="Valencia")

    outcome = play(settings, story, sink=lambda: sink, chain=chain)
    assert outcome.complete, outcome
    assert outcome.sent == 24 * 4 + 30
    assert outcome.dead_letters == 24
    assert sink.count("posts") == outcome.sent - 24
    assert sink.count("posts", Query(sentiment="negative")) == 38
    assert sink.count("cases") == 38
    alerts = [hit.body["feedback"]["alert"] for hit in sink.search(Query(kind="alerts", limit=100)).documents]
    assert {(alert["dimension"], alert["value"]) for alert in alerts} >= {("place", "Valencia"), ("overall", "all")}
    assert all(alert["since"] >= "2026-03-24" for alert in alerts)


def test_a_dead_letter_says_why_and_where_and_keeps_no_personal_data(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters: list[tuple[DeadLetter, dict[str, bytes]]] = []

    class Watched(embedded.EmbeddedBroker):
        def close(self) -> None:
            letters.extend(_dead_letters(self.address, settings))
            super().close()

    monkeypatch.setattr(embedded, "EmbeddedBroker", Watched)

    def story(topics: Topics) -> Iterable[Parcel]:
        yield parcel(topics, 1)
        yield parcel(topics, 2, channel="pigeon", text="write to ana@example.org or +34 600 123 456")
        yield parcel(topics, 3, id=None)

    outcome = play(settings, story, sink=MemorySink, chain=chain)
    assert outcome.complete, outcome
    assert {letter.reason for letter, _ in letters} == {"unknown-channel", "missing-field"}
    for letter, headers in letters:
        assert headers["__connect.errors.topic"] == b"feedback.raw.reviews"
        assert headers["__connect.errors.offset"] == str(letter.offset).encode()
        assert headers["__connect.errors.exception.message"].decode() == letter.message
        assert headers["ce_type"] == b"vocero.dead-letter"
        assert "ana@" not in letter.excerpt
        assert "600 123 456" not in letter.excerpt
        assert len(letter.sha256) == 64


def _dead_letters(address: str, settings: Settings) -> Iterable[tuple[DeadLetter, dict[str, bytes]]]:
    import msgspec

    consumer = Consumer({"bootstrap.servers": address, "group.id": "watch", "auto.offset.reset": "earliest"})
    consumer.subscribe([f"{settings.topic_prefix}.dead-letters"])
    found = []
    for _ in range(200):
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            found.append((msgspec.json.decode(message.value() or b"", type=DeadLetter), dict(message.headers() or [])))
        if len(found) == 2:
            break
    consumer.close()
    return found


class Moody(MemorySink):
    """A store that is away for its first writes and refuses one document for good."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 3

    def write(self, documents: Sequence[Document], *, until: float = math.inf) -> list[Outcome]:
        if self.left:
            self.left -= 1
            return [Outcome(Status.RETRY, "away") for _ in documents]
        refused = [document.body["feedback"].get("id") == "7" for document in documents]
        written = iter(super().write([one for one, no in zip(documents, refused, strict=True) if not no]))
        return [Outcome(Status.REJECTED, "no") if no else next(written) for no in refused]


def test_a_store_that_is_away_is_waited_for_and_a_refused_document_is_a_dead_letter(settings: Settings) -> None:
    sink = Moody()
    outcome = play(settings, lambda t: [parcel(t, n) for n in range(20)], sink=lambda: sink, chain=chain)
    assert outcome.complete, outcome
    assert sink.left == 0
    assert sink.count("posts") == 19
    assert outcome.dead_letters == 1


def test_an_edit_wins_whatever_the_order(settings: Settings) -> None:
    sink = MemorySink()

    def story(topics: Topics) -> Iterable[Parcel]:
        for updated, text in (("03", "third"), ("01", "first"), ("02", "second")):
            yield parcel(topics, 5, text=text, updated_at=f"2026-03-{updated}T00:00:00Z")

    assert play(settings, story, sink=lambda: sink, chain=chain).complete
    (hit,) = sink.search(Query()).documents
    assert hit.body["feedback"]["text"] == "third"


def test_an_unexpected_error_ends_the_run_and_settles_nothing(settings: Settings) -> None:
    class Broken(MemorySink):
        def write(self, documents: Sequence[Document], *, until: float = math.inf) -> list[Outcome]:
            raise RuntimeError("a bug in the store")

    outcome = play(settings, lambda t: [parcel(t, 1)], sink=Broken, chain=chain)
    assert outcome.code == 1
    assert outcome.settled["index"] == 0
    assert not outcome.complete


def test_a_chain_that_breaks_on_a_post_marks_it_and_goes_on(settings: Settings) -> None:
    class Picky(Marking):
        def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
            if any("poison" in draft.post.text for draft in drafts):
                raise ValueError("poison")
            return super().__call__(drafts)

    sink = MemorySink()
    texts = ["good", "poison", "good", "bad"]
    outcome = play(
        settings,
        lambda t: [parcel(t, n, text=text) for n, text in enumerate(texts)],
        sink=lambda: sink,
        chain=lambda _: Chain([Picky()]),
    )
    assert outcome.complete, outcome
    posts = [hit.body["feedback"] for hit in sink.search(Query(limit=10)).documents]
    assert len(posts) == 4
    assert {post["text"] for post in posts if post["provenance"].get("failed")} == {"poison"}
