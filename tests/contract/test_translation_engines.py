"""One suite over every translation engine: the real Apertium, and the scripted one that other tests rely on."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrichers.engines.apertium import Apertium
from enrichers.engines.apertium.modes import discover
from enrichers.engines.base import Translated, TranslationEngine
from enrichers.engines.scripted import ScriptedTranslation
from schemas.errors import EngineError

pytestmark = pytest.mark.contract

TEXTS = ["El pedido llegó tarde.", "Gracias", "No funciona nada.", "La tienda está cerrada", "5/5", "😍😍", ""]
TABLE = {"es": {"El pedido llegó tarde.": "The order arrived late.", "Gracias": "Thank you"}, "it": {}}


@pytest.fixture(scope="module", params=["apertium", "scripted"])
def engine(request: pytest.FixtureRequest) -> Iterator[TranslationEngine]:
    if request.param == "apertium" and "es" not in discover():
        pytest.skip("Apertium's Spanish-English package is not installed")
    made: TranslationEngine = Apertium() if request.param == "apertium" else ScriptedTranslation(TABLE)
    yield made
    made.close()


@pytest.fixture(scope="module")
def apertium() -> Iterator[Apertium]:
    if "es" not in discover():
        pytest.skip("Apertium's Spanish-English package is not installed")
    made = Apertium()
    yield made
    made.close()


def test_has_the_shape_of_an_engine(engine: TranslationEngine) -> None:
    assert isinstance(engine, TranslationEngine)
    assert engine.name
    assert engine.version
    assert "es" in engine.languages()
    assert "en" not in engine.languages()


def test_gives_as_many_results_as_texts_in_order(engine: TranslationEngine) -> None:
    together = engine.translate(TEXTS, "es")
    assert together == [engine.translate([text], "es")[0] for text in TEXTS]
    assert together[1].text == "Thank you"
    assert all(isinstance(one, Translated) and 0.0 <= one.confidence <= 1.0 for one in together)


def test_nothing_asked_is_nothing_answered(engine: TranslationEngine) -> None:
    assert engine.translate([], "es") == []


def test_what_has_no_words_comes_back_as_it_is(engine: TranslationEngine) -> None:
    texts = ["5/5", "", "   ", "😍 !!", "[EMAIL]", "https://example.com/no"]
    assert [one.text for one in engine.translate(texts, "es")] == texts


def test_a_language_without_a_way_into_english_is_an_error(engine: TranslationEngine) -> None:
    with pytest.raises(EngineError, match="tlh"):
        engine.translate(["nuqneH"], "tlh")


def test_does_not_change_its_input(engine: TranslationEngine) -> None:
    texts = list(TEXTS)
    engine.translate(texts, "es")
    assert texts == TEXTS


def test_many_threads_get_their_own_answers(engine: TranslationEngine) -> None:
    expected = engine.translate(TEXTS, "es")
    answers: list[list[Translated]] = []

    def ask() -> None:
        answers.append(engine.translate(TEXTS, "es"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [expected] * 8


def test_close_is_idempotent_and_ends_service() -> None:
    for made in (Apertium(), ScriptedTranslation(TABLE)):
        made.close()
        made.close()
        if "es" in made.languages():
            with pytest.raises(EngineError, match="closed"):
                made.translate(["Gracias"], "es")


SENTENCE = "el pedido no llegó y la tienda nunca contesta muy bonito vestido gracias quiero mi dinero tarde roto mal"
WORDS = SENTENCE.split()
KEPT = st.one_of(
    st.sampled_from(
        [
            "[EMAIL]",
            "[PHONE]",
            "@jesuspromo38",
            "#queja",
            "https://a.es/b?c=d&e=f#g",
            "www.x.com/y_z",
            "😉",
            "👍🏽",
            "❤️",
            "🇪🇸",
            "👩‍👩‍👧",
        ]
    ),
    st.integers(0, 10**9).map(str),
    st.floats(0, 1000).map(lambda number: f"{number:.2f}".replace(".", ",")),
    st.from_regex(r"@[a-z_]{1,12}[0-9]{0,3}", fullmatch=True),
    st.from_regex(r"#[a-zñ]{1,12}", fullmatch=True),
)
NAMES = ["Dreamhost", "Corte Inglés", "Rosa Blanco", "Zara", "Lumo", "Citroen"]
PIECES = st.lists(
    st.one_of(st.sampled_from(WORDS), KEPT, st.sampled_from(["de " + name for name in NAMES])), max_size=14
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(pieces=PIECES, end=st.sampled_from(["", ".", "!", "?", "…", "!!!"]))
def test_handles_links_numbers_emoji_marks_and_names_survive(apertium: Apertium, pieces: list[str], end: str) -> None:
    source = " ".join(pieces) + end
    english = apertium.translate([source], "es")[0].text
    for piece in pieces:
        if piece not in WORDS:
            kept = piece.removeprefix("de ")
            assert english.count(kept) >= source.count(kept) > 0, (source, english)
    assert not re.search(r"\[k\d|Xq[a-j]+z|\[n[0-9a-f]{12}", english)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=st.text(max_size=80), language=st.sampled_from(["es", "it", "pt", "fr", "ca"]))
def test_any_text_at_all_is_answered(apertium: Apertium, text: str, language: str) -> None:
    if language in apertium.languages():
        answer = apertium.translate([text, "Gracias"], language)
        assert len(answer) == 2
        # signs and figures are nobody's words to change
        digits = "0123456789"
        assert [c for c in answer[0].text if c in digits] == [c for c in text if c in digits]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=st.text(alphabet="aeños ^$/\\[]{}<>~*#@+=|_.,:;!?()\"'«»0\n\t\0\u200b\ud800", max_size=60))
def test_markup_of_the_stream_format_is_only_text(apertium: Apertium, text: str) -> None:
    answer = apertium.translate([text], "es")[0].text
    for sign in "^$/\\[]{}<>~|":
        assert answer.count(sign) == text.count(sign), (text, answer)
