"""A team's glossary: what its file may hold, and that its words win without touching what is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichers.engines.apertium import blanks
from enrichers.engines.apertium.user_terms import parse_terms, read_terms
from schemas.errors import SettingsError

pytestmark = pytest.mark.unit

TABLE = "# ours\nes\tpunto limpio\trecycling point\nes\tpunto\tspot\nit\tbolla\tdelivery note\n"


def _wrapped(text: str) -> blanks.Wrapped:
    terms = parse_terms(TABLE)
    found = terms.pattern("es")
    assert found is not None
    return blanks.wrap(text, terms=blanks.Terms.of(found, lambda word: terms.meant("es", word)))


def test_the_longest_term_wins_and_its_english_comes_back() -> None:
    wrapped = _wrapped("Fui al Punto  limpio y a otro punto.")
    assert wrapped.kept == ("Recycling point", "spot")
    assert "punto" not in wrapped.body.lower()
    assert blanks.unwrap(wrapped.body, wrapped.kept) == "Fui al Recycling point y a otro spot."


def test_a_term_is_not_found_inside_words_addresses_and_handles() -> None:
    text = "puntos contrapunto https://punto.example/punto @punto #punto"
    assert blanks.unwrap(*_parts(_wrapped(text))) == text


@given(st.text(max_size=60))
def test_whatever_else_a_text_holds_comes_back(text: str) -> None:
    assert blanks.unwrap(*_parts(_wrapped(f"{text} punto limpio"))) is not None


@pytest.mark.parametrize(
    "table", ["es\tpunto\n", "spanish\tpunto\tspot\n", "es\t\tspot\n", "es punto spot\n", f"es\t{'x' * 201}\ty\n"]
)
def test_a_line_that_does_not_fit_is_named(table: str) -> None:
    with pytest.raises(SettingsError, match="line 2"):
        parse_terms("# first\n" + table)


def test_the_digest_follows_the_terms_alone() -> None:
    assert parse_terms(TABLE).digest == parse_terms("\n" + TABLE + "# end\n").digest
    assert parse_terms(TABLE).digest != parse_terms(TABLE + "fr\tcaddie\tcart\n").digest
    assert parse_terms("# nothing\n").digest == ""


def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingsError, match="UTF-8"):
        read_terms(tmp_path / "none.tsv")


def _parts(wrapped: blanks.Wrapped) -> tuple[str, tuple[str, ...]]:
    return wrapped.body, wrapped.kept
