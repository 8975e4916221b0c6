"""Adverts and spam: marked with evidence, never a complaint; out of alerts, and nowhere else left out."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from enrichers.base import Draft
from enrichers.relevance import Relevance
from enrichers.severity import Severity
from schemas.codec import encode
from schemas.enriched import Correction, EnrichedPost, Intent, Sentiment
from schemas.enriched import Relevance as Judged
from schemas.raw import Author
from schemas.signals import Signal
from streams.cases.corrections import corrected, uncorrected
from streams.cases.rules import queues
from streams.explaining import explained
from streams.records import Record
from streams.settings import load_settings
from streams.signals import signal_of
from streams.spikes.baseline import Rule
from streams.spikes.watch import BrandState, observe
from streams.stages.alert import AlertStage, unpack
from streams.topics import topics_of

pytestmark = pytest.mark.unit
ENRICHER = Relevance()
CRAFT = "Shop now! 50% off everything, today only https://outlet.example"
NEGATIVE = Sentiment(status="scored", label="negative", score=-0.6, confidence=0.9)


def post(text: str, **fields: object) -> EnrichedPost:
    made = EnrichedPost(
        id="1",
        source="chirper",
        channel="social",
        text=text,
        clean_text=text,
        identity="a" * 64,
        version=1,
        event_time="2026-01-01T00:00:00Z",
        **fields,  # type: ignore[arg-type]
    )
    return ENRICHER([Draft(made)])[0].post


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (CRAFT, "advert"),
        ("Sigue la cuenta y comparte para ganar un viaje, ¡sorteo el domingo!", "giveaway"),
        ("Guadagna 400 euro al giorno da casa, scrivimi su Telegram", "scam"),
        ("Trabalhe em casa, sem experiência, vagas abertas! Chama no whats", "job"),
        ("Perdez 12 kilos en un mois, cliquez ici https://cure.example", "spam"),
        ("Unsere neue Kollektion ist da, jetzt bestellen und 20 % Rabatt sichern", "advert"),
    ],
)
def test_adverts_are_marked_with_what_shows_it(text: str, kind: str) -> None:
    judged = post(text).relevance
    assert judged is not None
    assert (judged.relevant, judged.kind) == (False, kind)
    assert judged.evidence
    for line in judged.evidence:
        quoted = line.partition("“")[2].removesuffix("”").removesuffix("…")
        assert quoted in text


@pytest.mark.parametrize(
    "text",
    [
        "Your shop now button with 50% off, today only, does not work: https://outlet.example",
        "I followed, shared and tagged to win and nobody ever got the prize",
        "You sent me a code, SAVE20 for 20% off, and it was refused. Link: https://shop.example",
        "El anuncio dice compra ahora con 40% de descuento y me cobraron el precio entero https://t.example",
        "La pubblicità dice solo oggi 50% di sconto e il codice non funziona https://n.example",
        "O anúncio dizia frete grátis, compre agora, e cobraram 30 reais",
        "La pub disait -30 %, commandez vite, et le code n'a jamais marché https://b.example",
        "Die Werbung sagt 50 % Rabatt, jetzt bestellen, und es wurde der volle Preis abgebucht",
        "Lovely dress, $20, arrived in two days",
        "",
    ],
)
def test_feedback_that_quotes_an_offer_is_feedback(text: str) -> None:
    assert post(text).relevance is None


def test_what_the_models_hear_as_a_complaint_is_none_unless_its_cues_leave_no_doubt() -> None:
    complains = {"sentiment": NEGATIVE, "intents": [Intent(label="complaint", confidence=0.8)]}
    weak = "Join now and write me on Telegram"
    assert post(weak).relevance is not None
    assert post(weak, **complains).relevance is None
    assert post(CRAFT, **complains).relevance is not None


def test_the_company_itself_is_not_judged() -> None:
    assert post(CRAFT, author=Author(handle="@shop", role="company")).relevance is None


def test_nothing_else_of_the_post_changes() -> None:
    made = post(CRAFT, sentiment=NEGATIVE)
    assert made.sentiment == NEGATIVE
    assert made.clean_text == made.text == CRAFT


@pytest.mark.parametrize("piece", ["follow ", "gana ", "1 % ", "recover my ", "a.", "hacker\n", "recuper fondos "])
def test_hostile_text_is_searched_in_bounded_time(piece: str) -> None:
    started = time.process_time()
    post(piece * (2_000_000 // len(piece)))
    assert time.process_time() - started < 20


def test_a_persons_word_decides_and_can_be_taken_back() -> None:
    word = Correction(identity="a" * 64, post_version=1, actor="ana", at="2026-01-02T00:00:00Z", relevant=False)
    feedback = post("The lamp broke after a day")
    off = corrected(feedback, word, Severity())
    assert off.relevance == Judged(relevant=False, evidence=["a person says so"])
    assert not signal_of(Draft(off)).relevant
    assert uncorrected(off) == feedback
    advert = post(CRAFT)
    back = corrected(
        advert, Correction(identity="a" * 64, post_version=1, actor="a", at="x", relevant=True), Severity()
    )
    assert signal_of(Draft(back)).relevant
    assert not signal_of(Draft(advert)).relevant
    assert uncorrected(back) == advert
    told = {reason.field: reason for reason in explained(back)}
    assert told["relevance"].value == "relevant"
    assert "advert" in " ".join(told["correction"].why)


def test_it_is_said_in_words() -> None:
    told = {reason.field: reason for reason in explained(post(CRAFT))}["relevance"]
    assert told.value == "advert"
    assert "does not count in alerts" in told.why[-1]
    assert "“50% off”" in " ".join(told.why)


def signal(number: int, *, relevant: bool, sentiment: str = "negative", version: int = 1) -> Signal:
    return Signal(
        identity=f"{number:064x}",
        version=version,
        brand="Lumbre",
        event_time=1_780_000_000_000 + number,
        channel="social",
        source="chirper",
        post_id=str(number),
        sentiment=sentiment,  # type: ignore[arg-type]
        intents=["complaint", "suggestion"],
        relevant=relevant,
        excerpt="words of it",
    )


def test_an_advert_suggests_nothing_but_a_complaint_always_opens_its_case() -> None:
    assert queues(signal(1, relevant=True)) == ["complaint", "suggestion"]
    assert queues(signal(1, relevant=False)) == ["complaint"]
    assert queues(signal(1, relevant=False, sentiment="neutral")) == []


@pytest.mark.parametrize(("adverts", "counted"), [(False, 0), (True, 1)])
async def test_adverts_count_in_alerts_only_where_the_setting_lets_them(adverts: bool, counted: int) -> None:
    def empty(_topic: str, _partition: int) -> Mapping[bytes, bytes]:
        return {}

    settings = load_settings(environ={"VOCERO_ALERTS_ADVERTS": str(adverts).lower()})
    assert settings.alerts_adverts is adverts
    stage = AlertStage(topics_of(settings), empty, adverts=settings.alerts_adverts)
    record = Record("feedback.signals", 0, 7, b"Lumbre", encode(signal(1, relevant=False)), 1_780_000_000_000)
    messages = await stage.process([record])
    state = unpack(messages[-1].value or b"")
    assert state is not None
    assert (len(state.series) > 0) == bool(counted)
    assert state.applied == 7


def test_a_post_that_turns_out_to_be_an_advert_is_not_shown_by_an_alert() -> None:
    state = BrandState()
    observe(state, signal(1, relevant=True), offset=1, rule=Rule(), silent=False)
    assert any(series.worst for series in state.series.values())
    observe(state, signal(1, relevant=False, version=2), offset=2, rule=Rule(), silent=False, counted=False)
    assert not any(series.worst for series in state.series.values())
