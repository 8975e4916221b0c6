"""The enricher `intent`: what posts want, several things at once, and nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from enrichers import intent
from enrichers.base import Draft
from enrichers.embed import Listen
from enrichers.engines.e5 import E5
from enrichers.intent import Intent
from enrichers.scoring.cues import load_cues, parse
from schemas.enriched import EnrichedPost, Sentiment, Span
from schemas.raw import Author

pytestmark = pytest.mark.unit


def draft(text: str, language: str = "en", author: Author | None = None) -> Draft:
    return Draft(
        EnrichedPost(
            id="1",
            source="shop",
            channel="review",
            text=text,
            clean_text=text,
            identity="x",
            version=1,
            event_time="2026-01-01T00:00:00Z",
            languages=[language],
            author=author,
            spans=[
                Span(start=m.start(), end=m.end(), language=language, confidence=0.9)
                for m in re.finditer(r"[^.!?\s][^.!?]*[.!?]*", text)
            ],
        )
    )


@pytest.fixture(scope="module")
def enricher() -> Intent:
    return Intent()


@pytest.fixture(scope="module")
def listen() -> Iterator[Listen]:
    made = Listen(E5())
    yield made
    made.close()


def labels(enricher: Intent, one: Draft) -> list[str]:
    return [intent.label for intent in enricher([one])[0].post.intents]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It broke after one day and nobody answers my emails", "complaint"),
        ("Do you ship to Portugal?", "question"),
        ("It would be great if you sold it in green", "suggestion"),
        ("Wonderful service, thank you, I recommend it to everyone", "praise"),
        ("The shop is next to the station", "other"),
    ],
)
def test_english_with_its_vector(enricher: Intent, listen: Listen, text: str, wanted: str) -> None:
    assert labels(enricher, listen([draft(text)])[0])[0] == wanted


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("Ojalá abrieran los domingos", "es", "suggestion"),
        ("Sería bueno poder pagar con tarjeta", "es", "suggestion"),
        ("¿A qué hora abrís?", "es", "question"),
        ("No funciona y nadie responde", "es", "complaint"),
        ("Sarebbe bello poterlo avere in verde", "it", "suggestion"),
        ("Vocês entregam em Braga?", "pt", "question"),
        ("Ce serait bien d'avoir plus de tailles", "fr", "suggestion"),
        ("Ist kaputt angekommen, ich will mein Geld zurück", "de", "complaint"),
    ],
)
def test_the_original_alone_is_understood(enricher: Intent, text: str, language: str, wanted: str) -> None:
    assert wanted in labels(enricher, draft(text, language))


def test_several_at_once_likeliest_first(enricher: Intent, listen: Listen) -> None:
    text = "My order arrived broken. How do I get a refund?"
    found = enricher(listen([draft(text)]))[0].post.intents
    assert {"complaint", "question"} <= {intent.label for intent in found}
    assert [i.confidence for i in found] == sorted((i.confidence for i in found), reverse=True)


@pytest.mark.parametrize(
    ("score", "moods", "left"),
    [
        (0.8, ["positive", "neutral"], [0.0, 0.9]),
        (-0.8, ["negative"], [0.7, 0.0]),
        (0.8, ["positive", "negative"], [0.7, 0.9]),  # "lovely dress. late delivery."
        (-0.8, ["negative", "positive"], [0.7, 0.9]),
        (0.4, ["positive"], [0.7, 0.9]),
        (None, ["neutral"], [0.7, 0.9]),
    ],
)
def test_clear_praise_is_no_complaint_as_well(score: float | None, moods: list[str], left: list[float]) -> None:
    one = draft(" ".join(f"Sentence {place}." for place in range(len(moods)))).post
    spans = [
        msgspec.structs.replace(span, sentiment=Sentiment(status="scored", label=mood))
        for span, mood in zip(one.spans, moods, strict=True)
    ]
    post = msgspec.structs.replace(one, spans=spans, sentiment=Sentiment(status="scored", score=score))
    found = np.array([0.7, 0.2, 0.1, 0.9])
    assert intent.one_sided(post, found)[[0, 3]].tolist() == left
    assert found.tolist() == [0.7, 0.2, 0.1, 0.9]


def test_a_lone_want_stays_whatever_the_mood() -> None:
    post = msgspec.structs.replace(draft("Fine.").post, sentiment=Sentiment(status="scored", score=0.9))
    assert intent.one_sided(post, np.array([0.7, 0.0, 0.0, 0.3]))[0] == 0.7


def test_a_company_reply_is_no_complaint(enricher: Intent) -> None:
    text = "We are very sorry that your order arrived broken. Please write to us."
    assert "complaint" in labels(enricher, draft(text))
    assert labels(enricher, draft(text, author=Author(role="company"))) == ["other"]


@pytest.mark.parametrize("text", ["", "...", "123", "https://example.org"])
def test_without_words_there_is_nothing_to_want(enricher: Intent, text: str) -> None:
    assert labels(enricher, draft(text, "und")) == ["other"]


def test_cues_count_in_original_and_english() -> None:
    cues = load_cues()
    assert list(cues.patterns) == ["question", "suggestion", "complaint", "praise"]
    found = cues.features("Ojalá abrieran", "If only they opened?")
    assert found[1] > 0
    assert found[4] > 0
    assert found[0] == 0
    assert cues.features("Ojalá abrieran", None)[4:] == [0.0] * 4


def test_cue_lines_of_one_intent_are_alternatives() -> None:
    cues = parse("# comment\nquestion a\nquestion b\npraise c\n")
    assert cues.features("ab", None)[:2] == [pytest.approx(2 / 3), 0.0]
