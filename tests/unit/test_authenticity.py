"""The enricher `authenticity`: incentives declared and told, ratings against words, and what must not be flagged."""

from __future__ import annotations

import time

import pytest

from enrichers.authenticity import Authenticity
from enrichers.base import Draft
from enrichers.scoring import incentive
from schemas.enriched import EnrichedPost, Flag, Sentiment, Span, Translation
from schemas.raw import Author, Rating

pytestmark = pytest.mark.unit


def flags(text: str, **fields: object) -> list[Flag]:
    post = EnrichedPost(
        id="1",
        source="shop",
        channel="review",
        text=text,
        clean_text=text,
        identity="x",
        version=1,
        event_time="2026-01-01T00:00:00Z",
        **fields,  # type: ignore[arg-type]
    )
    return Authenticity()([Draft(post)])[0].post.authenticity.flags


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("They gave me 10% off for a review. It works.", ["detected-incentive"]),
        ("They gave me 10% off for a review. It broke.", ["detected-incentive", "rating-disagrees"]),
    ],
)
def test_words_about_an_incentive_do_not_gainsay_the_rating(text: str, wanted: list[str]) -> None:
    first = text.index(".") + 1
    angry = Sentiment(status="scored", label="negative", score=-0.6, confidence=0.8)
    moods = [angry, angry if "broke" in text else Sentiment(status="scored", label="neutral", score=0.0)]
    spans = [
        Span(start=start, end=end, language="en", sentiment=mood)
        for (start, end), mood in zip([(0, first), (first + 1, len(text))], moods, strict=True)
    ]
    found = flags(text, sentiment=angry, spans=spans, rating=Rating(value=5), rating_disagrees=True)
    assert [flag.name for flag in found] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "They gave me 10% off for a review.",
        "I received this free product in exchange for an honest review",
        "There was a card in the box: a $20 gift card for a 5 star rating!",
        "Me hicieron un descuento a cambio de una reseña",
        "Me regalaron el producto a cambio de mi opinión",
        "Te dan un cupón si dejas una valoración de cinco estrellas",
        "Mi hanno dato uno sconto in cambio di una recensione",
        "Buono da 10 euro per una recensione a cinque stelle",
        "Ganhei um brinde em troca de uma avaliação",
        "Produit offert en échange d'un avis",
        "10 Euro Gutschein für eine positive Bewertung",
        "Love this serum #gifted",
    ],
)
def test_an_incentive_told_in_the_words(text: str) -> None:
    found = flags(text)
    assert [flag.name for flag in found] == ["detected-incentive"]
    assert len(found[0].evidence.split()) <= incentive.QUOTED_WORDS + 2


@pytest.mark.parametrize(
    "text",
    [
        "No discount for this review, I paid the full price myself",
        "I was not given a discount for this review",
        "I got no voucher for my review",
        "Me regalaron este reloj por mi cumpleaños",
        "Sin descuento ni regalo por esta reseña",
        "Free shipping. The reviews were right.",
        "I bought it with a discount. Great value, five stars",
        "Nessuno mi ha dato uno sconto per questa recensione",
        "The reviews said it was good",
        "Kein Rabatt für diese Bewertung",
        "",
    ],
)
def test_no_incentive(text: str) -> None:
    assert flags(text) == []


def test_a_shop_reply_is_not_searched() -> None:
    text = "We offer a 10% discount for every review!"
    assert flags(text)
    assert flags(text, author=Author(role="company")) == []


def test_a_declared_incentive() -> None:
    assert [f.name for f in flags("Nice chair", incentivised=True)] == ["declared-incentive"]
    assert flags("Nice chair", incentivised=False) == []


def test_the_english_is_searched_too() -> None:
    english = Translation(status="translated", text="I got a discount for a review")
    assert [f.name for f in flags("Sain alennuksen arvostelusta", translation=english)] == ["detected-incentive"]


def test_a_rating_against_the_words() -> None:
    angry = Sentiment(status="scored", label="negative", score=-0.8, confidence=0.9)
    found = flags("It broke", sentiment=angry, rating=Rating(value=5), rating_disagrees=True)
    assert [f.name for f in found] == ["rating-disagrees"]
    assert "5 of 5" in found[0].evidence
    assert flags("It broke", sentiment=angry, rating=Rating(value=1), rating_disagrees=False) == []


def test_evidence_keeps_the_original_spelling() -> None:
    assert incentive.found("¡Cupón DE 5 € a cambio de una reseña!") == "Cupón DE 5 € a cambio…"


def test_hostile_text_takes_no_time() -> None:
    started = time.process_time()
    assert incentive.found("discount for free if " * 50_000) is None
    assert time.process_time() - started < 2
