"""The enricher `translate` over a scripted engine: what is asked, what is said, what happens when an engine fails."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichers.base import Draft, Enricher
from enrichers.engines.base import Translated
from enrichers.engines.scripted import ScriptedTranslation
from enrichers.translate import Translate, english
from schemas.enriched import EnrichedPost, Span, Translation
from schemas.errors import EngineError, EngineTimeout

pytestmark = pytest.mark.unit

TABLE = {
    "es": {"Hola.": "Hello.", "Muy mal.": "Very bad.", "Nadie responde.": "Nobody answers."},
    "it": {"Ciao.": "Hi."},
}


def draft(*parts: tuple[str, str], between: str = " ") -> Draft:
    """A post of (language, text) spans, joined by `between`."""
    spans, text = [], ""
    for language, words in parts:
        text += between if text else ""
        spans.append(Span(start=len(text), end=len(text) + len(words), language=language))
        text += words
    post = EnrichedPost(
        id="1",
        source="s",
        channel="review",
        text=text,
        identity="i",
        version=1,
        event_time="t",
        clean_text=text,
        spans=spans,
    )
    return Draft(post)


def of(result: Draft) -> Translation:
    assert result.post.translation is not None
    return result.post.translation


def spans_of(result: Draft) -> list[Translation]:
    return [span.translation for span in result.post.spans if span.translation is not None]


@pytest.fixture
def engine() -> ScriptedTranslation:
    return ScriptedTranslation(TABLE)


def test_is_an_enricher_that_names_its_engine(engine: ScriptedTranslation) -> None:
    enricher = Translate([engine])
    assert isinstance(enricher, Enricher)
    assert enricher.version == "scripted-1"
    assert Translate([]).version == "none"


def test_english_is_itself(engine: ScriptedTranslation) -> None:
    result = Translate([engine])([draft(("en", "Fine."))])[0]
    assert of(result) == Translation(status="identity", text="Fine.", confidence=1.0)
    assert engine.calls == []


def test_a_supported_language_is_translated(engine: ScriptedTranslation) -> None:
    result = Translate([engine])([draft(("es", "Hola."), ("it", "Ciao."), ("en", "Bye."), between="\n\n")])[0]
    assert of(result) == Translation(
        status="translated", text="Hello.\n\nHi.\n\nBye.", engine="scripted", confidence=1.0
    )
    assert [one.status for one in spans_of(result)] == ["translated", "translated", "identity"]
    assert result.post.clean_text == "Hola.\n\nCiao.\n\nBye."


def test_what_no_engine_supports_says_so_and_is_never_passed_off(engine: ScriptedTranslation) -> None:
    alone, mixed, unknown = Translate([engine])(
        [draft(("de", "Schlecht.")), draft(("es", "Hola."), ("de", "Schlecht.")), draft(("und", "qwx zzt"))]
    )
    assert of(alone) == Translation(status="unsupported") == of(unknown)
    assert of(mixed).status == "partial"
    assert of(mixed).text == "Hello. Schlecht."
    assert of(mixed).confidence == pytest.approx(5 / 14, abs=1e-3)
    assert [one.status for one in spans_of(mixed)] == ["translated", "unsupported"]


def test_a_span_without_words_has_no_say(engine: ScriptedTranslation) -> None:
    stars, german = Translate([engine])([draft(("und", "5/5 😍")), draft(("de", "Schlecht."), ("und", "5/5"))])
    assert of(stars).status == "identity"
    assert of(stars).text == "5/5 😍"
    assert of(german).status == "unsupported"


def test_a_post_without_spans_has_no_translation(engine: ScriptedTranslation) -> None:
    assert Translate([engine])([draft()])[0].post.translation is None


def test_a_batch_asks_once_per_language_and_each_text_once(engine: ScriptedTranslation) -> None:
    enricher = Translate([engine])
    batch = [draft(("es", "Hola."), ("it", "Ciao.")), draft(("es", "Hola."), ("es", "Muy mal."))]
    enricher(batch)
    assert engine.calls == [("es", ("Hola.", "Muy mal.")), ("it", ("Ciao.",))]
    enricher(batch)
    assert len(engine.calls) == 2


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch, engine: ScriptedTranslation) -> None:
    monkeypatch.setattr("enrichers.translate._CACHED_BYTES", 650)  # two short texts
    enricher = Translate([engine])
    for text in ("a", "b", "c", "a", "c"):
        enricher([draft(("es", text))])
    assert [texts[0] for _, texts in engine.calls] == ["a", "b", "c", "a"]


def test_the_first_engine_that_supports_a_language_has_it() -> None:
    first, second = (
        ScriptedTranslation({"es": {"Hola.": "1"}}),
        ScriptedTranslation({"es": {"Hola.": "2"}, "it": {"Ciao.": "2"}}),
    )
    result = Translate([first, second])([draft(("es", "Hola."), ("it", "Ciao."))])[0]
    assert of(result).text == "1 2"


def test_one_bad_text_costs_itself_only() -> None:
    def fail(texts: Sequence[str]) -> EngineError | None:
        return EngineTimeout("slow") if "Muy mal." in texts else None

    engine = ScriptedTranslation(TABLE, fail)
    good, bad = Translate([engine])([draft(("es", "Hola.")), draft(("es", "Nadie responde."), ("es", "Muy mal."))])
    assert of(good).text == "Hello."
    assert good.post.provenance.notes == []
    assert of(bad).status == "partial"
    assert of(bad).text == "Nobody answers. Muy mal."
    assert bad.post.provenance.notes == ["translate: engine scripted failed on a span"]
    assert "mal" not in str(bad.post.provenance)


def test_a_broken_engine_is_not_asked_for_ever_and_is_asked_again_later() -> None:
    broken = [True]

    def fail(texts: Sequence[str]) -> EngineError | None:
        return EngineError("down") if broken[0] else None

    engine = ScriptedTranslation(TABLE, fail)
    enricher = Translate([engine])
    batch = [draft(("es", f"texto {number}")) for number in range(50)]
    assert {of(one).status for one in enricher(batch)} == {"unsupported"}
    assert len(engine.calls) == 4
    broken[0] = False
    assert {of(one).status for one in enricher(batch)} == {"translated"}


def test_an_engine_that_answers_out_of_count_has_failed() -> None:
    class Short(ScriptedTranslation):
        def translate(self, texts: Sequence[str], language: str) -> list[Translated]:
            return super().translate(texts, language)[:-1]

    result = Translate([Short(TABLE)])([draft(("es", "Hola."))])[0]
    assert of(result).status == "unsupported"


def test_close_closes_the_engines(engine: ScriptedTranslation) -> None:
    Translate([engine]).close()
    with pytest.raises(EngineError):
        engine.translate(["Hola."], "es")


POSTS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["es", "en", "de", "und"]), st.sampled_from([*TABLE["es"], "5/5", "Bad."])),
        max_size=4,
    ),
    max_size=5,
)


@given(POSTS)
def test_what_is_said_of_a_post_does_not_depend_on_the_others(posts: list[list[tuple[str, str]]]) -> None:
    drafts = [draft(*parts) for parts in posts]
    together = Translate([ScriptedTranslation(TABLE)])(drafts)
    assert together == [Translate([ScriptedTranslation(TABLE)])([one])[0] for one in drafts]
    assert all(one.post.translation is None for one in drafts)


def test_english_of_a_span_is_its_translation_or_its_own_words() -> None:
    span = Span(start=0, end=4, language="es")
    assert english("Hola", span) == "Hola"
    translated = Span(start=0, end=4, translation=Translation(status="translated", text="Hello"))
    assert english("Hola", translated) == "Hello"
