"""What surrounds Apertium, without running it: blanks, sentences, informal writing, negation, glossary, mode files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichers.engines.apertium import blanks, negation
from enrichers.engines.apertium.glossary import Glossary
from enrichers.engines.apertium.modes import Chain, commands, discover
from enrichers.engines.apertium.normalise import normalise
from enrichers.engines.apertium.segments import LONGEST, segments
from schemas.errors import EngineError

pytestmark = pytest.mark.unit


@given(st.text(max_size=200))
def test_unwrapping_what_was_wrapped_loses_only_white_space(text: str) -> None:
    wrapped = blanks.wrap(text)
    restored = blanks.unwrap(wrapped.body, wrapped.kept)
    assert restored is not None
    assert "".join(restored.split()) == "".join(text.split())


@given(st.text(max_size=200))
def test_no_reserved_character_reaches_apertium_outside_a_blank(text: str) -> None:
    wrapped = blanks.wrap(text)
    bare = wrapped.body
    for index in range(len(wrapped.kept)):
        bare = bare.replace(f"[k{index}]", "")
    assert not set("[]{}^$/\\<>@*~#\0") & set(bare)


@pytest.mark.parametrize(
    "kept",
    [
        "[EMAIL]",
        "https://a.es/b?c=d#e",
        "www.x.com/y",
        "@jesuspromo38",
        "#queja",
        "12.500,50",
        "😉",
        "👍🏽",
        "Corte Inglés",
        ":-)",
    ],
)
def test_kept_parts_are_taken_out_whole(kept: str) -> None:
    wrapped = blanks.wrap(f"lo compré en {kept} ayer")
    assert kept in wrapped.kept
    assert kept not in wrapped.body


def test_a_handle_in_brackets_is_still_a_handle() -> None:
    assert "@user" in blanks.wrap("[@user] hola").kept


def test_names_in_mid_sentence_only_and_not_in_headlines() -> None:
    assert blanks.wrap("La tienda de Zara en España").kept == ("Zara",)
    assert blanks.wrap("Que Tan Poderosa es la Opinión de un Cliente?").kept == ()
    assert blanks.wrap("NO FUNCIONA el SAC").kept == ()


def test_a_kept_part_that_is_lost_or_doubled_is_noticed() -> None:
    wrapped = blanks.wrap("hola @a y @b")
    assert blanks.unwrap("hello [k0] and", wrapped.kept) is None
    assert blanks.unwrap("hello [k0] and [k1] [k1]", wrapped.kept) is None
    assert blanks.unwrap("[k1] and [k0]", wrapped.kept) == "@b and @a"


def test_pieces_between_kept_parts_give_the_text_again() -> None:
    wrapped = blanks.wrap("compra en Zara con @ana y 3 más")
    assert "".join(text for text, _ in blanks.pieces(wrapped)) == "compra en Zara con @ana y 3 más"


@given(st.text(max_size=3000))
def test_sentences_joined_give_the_text_and_none_is_too_long(text: str) -> None:
    cut = segments(text)
    assert "".join(one.text + one.after for one in cut) == text
    assert all(len(one.text) <= LONGEST for one in cut)


@pytest.mark.parametrize("text", ["a" * 5000, "a, " * 2000, "palabra " * 1000])
def test_a_sentence_without_end_is_cut(text: str) -> None:
    cut = segments(text)
    assert len(cut) > 1
    assert all(len(one.text) <= LONGEST for one in cut)
    assert "".join(one.text + one.after for one in cut) == text


@pytest.mark.parametrize(
    ("language", "written", "meant"),
    [
        ("es", "buenísimooooo", "buenísimo"),
        ("es", "q bn xq no tb", "que bien porque no también"),
        ("es", "la atencion fue pesima", "la atención fue pésima"),
        ("es", "MUY MAL SERVICIO", "Muy mal servicio"),
        ("es", "jajaja mmmm", "jajaja mmmm"),
        ("es", "perrrro", "perro"),
        ("it", "bellisssimo, perche no", "bellissimo, perché no"),
        ("it", "l’ordine", "l'ordine"),
        ("pt", "vc nao entregou", "você não entregou"),
        ("pt", "Pq a situacao?", "Porque a situação?"),
        ("fr", "tres decu, bcp de retard", "très déçu, beaucoup de retard"),
        ("xx", "hooola", "hola"),
        ("es", "[k12] x [k0]", "[k12] por [k0]"),
    ],
)
def test_informal_writing_is_made_readable(language: str, written: str, meant: str) -> None:
    assert normalise(written, language) == meant


@pytest.mark.parametrize(
    ("language", "source", "english", "right"),
    [
        ("es", "nadie responde.", "Anybody answers.", "Nobody answers."),
        ("es", "ningún empleado me ayudó", "Any employee helped me", "No employee helped me"),
        ("es", "nada funciona", "At all it works", "Nothing works"),
        ("es", "nadie me ha llamado nunca", "Anybody has called me never", "Nobody has called me ever"),
        ("es", "no volveré nunca", "I will not go back never", "I will not go back ever"),
        ("es", "no me gusta", "It does not like me", "It does not like me"),
        ("pt", "até agora nada", "Up to now at all", "Up to now nothing"),
        ("fr", "aucun employé ne m'a aidé", "Any employee has not helped me", "No employee has helped me"),
        ("fr", "personne ne répond", "Person does not answer", "Nobody does answer"),
        ("es", "él no es así", "He is like this", "He is not like this"),
    ],
)
def test_a_lost_no_is_put_back(language: str, source: str, english: str, right: str) -> None:
    assert negation.check(source, english, language) == negation.Checked(right, kept=True)


def test_a_no_that_cannot_be_put_back_is_reported() -> None:
    assert negation.check("no llega", "It arrives", "es") == negation.Checked("It arrives", kept=False)


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("es", "de nada"),
        ("es", "llegó tarde, ¿no?"),
        ("es", "el novio nota la nave"),
        ("it", "niente male"),
        ("it", "il nonno mangia"),
        ("fr", "une personne passe avec un pneu neuf"),
        ("fr", "pas mal"),
        ("pt", "a nave do nadador"),
        ("xx", "no"),
    ],
)
def test_what_is_no_negation_is_left_alone(language: str, source: str) -> None:
    assert not negation.is_negative(source, language)
    assert negation.check(source, "Any of it", language) == negation.Checked("Any of it", kept=True)


def test_senses_need_their_source_word() -> None:
    spanish = Glossary("es")
    assert spanish.in_context("la tienda", "The tent") == "The shop"
    assert spanish.in_context("los envíos", "The sendings") == "The deliveries"
    assert spanish.in_context("la carpa", "The tent") == "The tent"
    assert Glossary("xx").in_context("la tienda", "The tent") == "The tent"


def test_unknown_words_of_the_trade_are_known_here() -> None:
    assert Glossary("it").word("Pacco") == "Parcel"
    assert Glossary("it").word("bonitísimo") == "very beautiful"
    assert Glossary("pt").word("kkkkkk") == "haha"
    assert Glossary("es").word("Dreamhost") is None


def _mode(folder: Path, name: str, text: str = "lt-proc 'a b.bin' | lt-proc $1 'c.bin' | tagger -g $2 d") -> None:
    (folder / f"{name}.mode").write_text(text)


def test_chains_are_the_shortest_and_pivot_over_spanish_first(tmp_path: Path) -> None:
    for name in ("spa-eng", "cat-eng", "ita-spa", "ita-cat", "eng-spa", "spa-eng_US", "eco-fr-es", "fr-es", "deu-nld"):
        _mode(tmp_path, name)
    chains = discover(tmp_path)
    assert {language: [path.stem for path in chain.modes] for language, chain in chains.items()} == {
        "es": ["spa-eng"],
        "ca": ["cat-eng"],
        "it": ["ita-spa", "spa-eng"],
        "fr": ["fr-es", "spa-eng"],
    }
    assert discover(tmp_path / "absent") == {}


def test_commands_flush_at_nul_and_mark_unknown_words_at_the_end_only(tmp_path: Path) -> None:
    for name in ("ita-spa", "spa-eng"):
        _mode(tmp_path, name)
    built = commands(discover(tmp_path)["it"], find=lambda program: f"/bin/{program}")
    assert built[0] == ["/bin/lt-proc", "-z", "a b.bin"]
    assert [stage[2] for stage in built] == ["a b.bin", "-n", "-g", "a b.bin", "-g", "-g"]
    assert built[2] == ["/bin/tagger", "-z", "-g", "d"]


def test_a_missing_program_or_mode_is_an_engine_error(tmp_path: Path) -> None:
    _mode(tmp_path, "spa-eng")
    chain = discover(tmp_path)["es"]
    with pytest.raises(EngineError, match="not installed"):
        commands(chain, find=lambda program: None)
    _mode(tmp_path, "spa-eng", "lt-proc 'unclosed")
    with pytest.raises(EngineError, match="reinstall"):
        commands(chain)
    with pytest.raises(EngineError, match="reinstall"):
        commands(Chain("es", (tmp_path / "gone.mode",)))
