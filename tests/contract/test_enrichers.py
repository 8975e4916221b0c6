"""Every enricher through every check: order, length, no change of its input, no dependence on the batch, odd texts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from enrichers.authenticity import Authenticity
from enrichers.base import Draft, Enricher
from enrichers.chain import Chain
from enrichers.clean import Clean
from enrichers.embed import Embed, Listen
from enrichers.engines.e5 import E5
from enrichers.engines.minilm import MiniLM
from enrichers.engines.scripted import ScriptedTranslation
from enrichers.intent import Intent
from enrichers.language import Language
from enrichers.redact import Redact
from enrichers.relevance import Relevance
from enrichers.scoring.topic_model import TopicModel
from enrichers.sentiment import Sentiment
from enrichers.severity import Severity
from enrichers.topic import Topics
from enrichers.translate import Translate
from schemas.enriched import EnrichedPost
from schemas.raw import Author, Rating
from schemas.topics import Topic
from schemas.vectors import encode_vector

pytestmark = pytest.mark.contract

TRANSLATIONS = {"es": {"El vestido es precioso.": "The dress is lovely."}}


def topics() -> TopicModel:
    centroid = encode_vector(np.eye(384, dtype=np.float32)[0])
    return TopicModel.from_topics([Topic(id="t1", label="dress", centroid=centroid)], threshold=-1.0)


TABLE: dict[str, Callable[[], Enricher]] = {
    "clean": Clean,
    "redact": lambda: Redact(b"secret"),
    "language": Language,
    "translate": lambda: Translate([ScriptedTranslation(TRANSLATIONS)]),
    "embed": lambda: Embed(MiniLM()),
    "listen": lambda: Listen(E5()),
    "sentiment": Sentiment,
    "intent": Intent,
    "topic": lambda: Topics(topics),
    "authenticity": Authenticity,
    "relevance": Relevance,
    "severity": Severity,
}
"""In the order of the pipeline."""

TEXTS = [
    "The dress is lovely, but it came two weeks late. Will not order again!",
    "El vestido es precioso. No lo recomiendo. ¿Me devolvéis el dinero?",
    "Ich warte seit drei Wochen auf mein Paket 😡",
    "Top!!!",
    "<p>Great &amp; cheap</p><script>alert(1)</script>",
    "They gave me 10% off for a review. Write to ana@example.org or +34 600 123 456",
    "5/5",
    "Follow us and share this to win a phone!",
]
ODD = [
    "",
    " \n\t ",
    "\x00\x01\u200b\u202e",
    "\ud800 lone \udfff surrogate",
    "🙃" * 500,
    "ا" * 300 + " رائع جدا",
    "क्या यह अच्छा है?",
    "。。。！？",
    "a" * 5000,
    "ha " * 3000,
    "!" * 5000,
    ":(" * 2000,
    "é́́́́" * 200,
    "<" * 3000,
    "İstanbul ﬁne ß Ω 1e999 NaN",
    "\\d+(.*)* [EMAIL] %s {0}",
]


def draft(number: int, text: str) -> Draft:
    return Draft(
        EnrichedPost(
            id=str(number),
            source="shop",
            channel="review",
            text=text,
            content_type="text/html" if text.startswith("<") else "text/plain",
            title="So so" if number % 2 else None,
            rating=Rating(value=number % 6),
            author=Author(handle="ana", followers=10**number, role="company" if number % 5 == 4 else "customer"),
            likes=number - 1,
            identity=f"identity-{number}",
            version=1,
            event_time="2026-01-01T00:00:00Z",
        )
    )


@pytest.fixture(scope="module")
def built() -> Iterator[dict[str, Enricher]]:
    made = {name: make() for name, make in TABLE.items()}
    yield made
    for enricher in made.values():
        enricher.close()


def before(built: dict[str, Enricher], name: str, texts: list[str]) -> list[Draft]:
    """Drafts as they reach the enricher `name`."""
    earlier = [built[other] for other in list(TABLE)[: list(TABLE).index(name)]]
    return Chain(earlier)([draft(number, text) for number, text in enumerate(texts)])


def same(one: Draft, other: Draft) -> bool:
    return one.post == other.post and all(
        np.array_equal(a, b) if a is not None and b is not None else a is b
        for a, b in (
            (one.vectors, other.vectors),
            (one.vector, other.vector),
            (one.own_vectors, other.own_vectors),
            (one.own_vector, other.own_vector),
        )
    )


@pytest.mark.parametrize("name", TABLE)
class TestEveryEnricher:
    def test_has_the_shape(self, built: dict[str, Enricher], name: str) -> None:
        assert isinstance(built[name], Enricher)
        assert built[name].name == name
        assert built[name].version

    def test_keeps_length_and_order(self, built: dict[str, Enricher], name: str) -> None:
        drafts = before(built, name, TEXTS)
        result = built[name](drafts)
        assert [one.post.identity for one in result] == [one.post.identity for one in drafts]

    def test_changes_nothing_in_place(self, built: dict[str, Enricher], name: str) -> None:
        drafts = before(built, name, TEXTS)
        kept = copy.deepcopy(drafts)
        built[name](drafts)
        assert all(same(one, other) for one, other in zip(drafts, kept, strict=True))

    def test_leaves_the_original_text_alone(self, built: dict[str, Enricher], name: str) -> None:
        if name == "redact":
            pytest.skip("redact is the one that may mark personal data in the text")
        drafts = before(built, name, TEXTS)
        assert [one.post.text for one in built[name](drafts)] == [one.post.text for one in drafts]

    def test_does_something(self, built: dict[str, Enricher], name: str) -> None:
        drafts = before(built, name, TEXTS)
        assert any(not same(one, other) for one, other in zip(built[name](drafts), drafts, strict=True))

    def test_takes_an_empty_batch(self, built: dict[str, Enricher], name: str) -> None:
        assert built[name]([]) == []

    def test_a_post_alone_is_the_post_in_a_batch(self, built: dict[str, Enricher], name: str) -> None:
        drafts = before(built, name, TEXTS)
        together = built[name](drafts)
        alone = [built[name]([one])[0] for one in drafts]
        backwards = built[name](drafts[::-1])[::-1]
        assert all(same(one, other) for one, other in zip(together, alone, strict=True))
        assert all(same(one, other) for one, other in zip(together, backwards, strict=True))

    def test_twice_is_the_same(self, built: dict[str, Enricher], name: str) -> None:
        drafts = before(built, name, TEXTS[:3])
        assert all(same(a, b) for a, b in zip(built[name](drafts), built[name](drafts), strict=True))

    def test_odd_texts_never_raise(self, built: dict[str, Enricher], name: str) -> None:
        drafts = before(built, name, ODD)
        assert [one.post.provenance.failed for one in drafts] == [{}] * len(drafts)
        assert len(built[name](drafts)) == len(ODD)

    def test_a_post_that_no_earlier_enricher_has_seen_never_raises(self, built: dict[str, Enricher], name: str) -> None:
        assert len(built[name]([draft(0, "Nothing was found out about this one.")])) == 1
