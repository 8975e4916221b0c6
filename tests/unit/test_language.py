"""Language: one per sentence, split where it switches, unknown where nothing tells."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichers.base import Draft
from enrichers.clean import Clean
from enrichers.language import Language, claimed_code
from enrichers.text.sentences import split_sentences
from schemas.enriched import EnrichedPost

pytestmark = pytest.mark.unit

DATA = Path(__file__).parents[2].parent / "shared" / "data"
enricher = pytest.fixture(scope="module")(lambda: Language())


def read(enricher: Language, text: str, **fields: Any) -> EnrichedPost:
    known: dict[str, Any] = {"id": "1", "source": "shop", "channel": "review", "identity": "x", "version": 1}
    known |= {"event_time": "2026-03-01T00:00:00.000Z"}
    (draft,) = enricher([Draft(EnrichedPost(text=text, clean_text=text, **{**known, **fields}))])
    return draft.post


def parts(post: EnrichedPost) -> list[tuple[str, str]]:
    return [(span.language, post.clean_text[span.start : span.end]) for span in post.spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Llegó tarde. Nadie responde.", ["Llegó tarde.", "Nadie responde."]),
        ("El Sr. García y la Dra. Gil llamaron. Bien.", ["El Sr. García y la Dra. Gil llamaron.", "Bien."]),
        ("J. Smith paid 3.50 at 10 a.m. today. OK", ["J. Smith paid 3.50 at 10 a.m. today.", "OK"]),
        ("«¡Qué bien!» Dijo ella. “Fine.” Y se fue.", ["«¡Qué bien!»", "Dijo ella.", "“Fine.”", "Y se fue."]),
        ("Great! 😂😂 Bad.\nNext line", ["Great! 😂😂", "Bad.", "Next line"]),
        ("Wait... what? ¿Qué? ¡No!", ["Wait... what?", "¿Qué?", "¡No!"]),
        ("とても良い。遅い。", ["とても良い。", "遅い。"]),
        ("  \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in split_sentences(text)] == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Nadie responde a mis correos", "es"),
        ("The zip broke after two days", "en"),
        ("Spedizione lenta e pacco rotto", "it"),
        ("Ninguém responde às mensagens", "pt"),
        ("Personne ne répond à mes messages", "fr"),
        ("Der Reißverschluss ist kaputt", "de"),
        ("El paquet va arribar tard i ningú no contesta", "ca"),
        ("Het product is goed maar te laat bezorgd", "nl"),
        ("Отличный товар, спасибо", "ru"),
        ("Gracias", "es"),
        ("Merci beaucoup", "fr"),
        ("5/5", "und"),
        ("ok", "und"),
        ("😂😂", "und"),
        ("", "und"),
        ("@shop https://x.example/todo-muy-bien", "und"),
        ("kya hua haar bardaash nahi hua", "und"),
        ("7abibi ana 3ayz arou7 el bait", "und"),
    ],
)
def test_one_language(enricher: Language, text: str, language: str) -> None:
    assert read(enricher, text).language == language


def test_a_switch_inside_a_sentence(enricher: Language) -> None:
    post = read(enricher, "Adorei o produto but the customer service was terrible")
    assert parts(post) == [("pt", "Adorei o produto"), ("en", "but the customer service was terrible")]
    assert post.languages == ["en", "pt"]


def test_short_sentences_lean_on_the_rest(enricher: Language) -> None:
    post = read(enricher, "El vestido es precioso y llegó a tiempo. Top. 5/5\nSuper")
    assert [language for language, _ in parts(post)] == ["es"] * len(post.spans)
    assert post.languages == ["es"]


def test_the_channels_claim_is_a_weak_prior(enricher: Language) -> None:
    assert read(enricher, "Excelente", language="pt-BR").language == "pt"
    post = read(enricher, "The zip broke after two days", language="es")
    assert post.language == "en"
    assert post.labels == {"language_claimed": "es"}
    assert read(enricher, "Nadie responde a mis correos", language="es-MX").labels == {}
    assert read(enricher, "5/5", language="es").language == "und"
    assert [claimed_code(claim) for claim in ("ES", "pt_BR", "english", "", None, "und")] == ["es", "pt"] + [None] * 4


def test_real_posts(enricher: Language) -> None:
    files = sorted((DATA / "posts").glob("*.txt"))
    if len(files) != 5:
        pytest.skip("the five real posts are not beside the checkout")
    cleaner = Clean()
    posts = [read(enricher, cleaner.clean(file.read_text(encoding="utf-8"))) for file in files]
    languages = [[language for language, _ in parts(post)] for post in posts]
    assert languages[0] == ["en"] * languages[0].count("en") + ["es"] * languages[0].count("es")
    assert min(Counter(languages[0]).values()) >= 5
    # the Italian author has one heading in Spanish
    assert {text for language, text in parts(posts[1]) if language != "it"} <= {"opiniones online"}
    assert set(languages[2]) == {"es"}
    english = [text for language, text in parts(posts[3]) if language == "en"]
    assert [text.split()[0] for text in english] == ["Rather,", "And", "I", "I", "Be"]
    assert set(languages[3]) == {"pt", "en"}
    assert set(languages[4]) == {"en"}
    assert [post.language for post in posts] == ["es", "it", "es", "pt", "en"]


@pytest.mark.parametrize(("code", "least"), [("en", 0.99), ("es", 0.99), ("it", 0.97), ("pt", 0.98), ("fr", 0.99)])
def test_tweets(enricher: Language, code: str, least: float) -> None:
    file = DATA / "umsab" / f"{code}.val.jsonl"
    if not file.exists():
        pytest.skip("UMSAB is not beside the checkout")
    cleaner = Clean()
    texts = [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
    found = [read(enricher, cleaner.clean(text)).language for text in texts]
    assert found.count(code) / len(found) >= least


WORDS = "Hola the el but 5/5 😂 . ! ? \n ok #tag @user und ¿ » “ 很好 ana3 é kya https://x.example \u0301 \x00 Sr. 1."


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS.split(" ")), max_size=60).map(" ".join)))
def test_spans_cover_the_text_in_order(text: str) -> None:
    post = read(Language(), text)
    covered: set[int] = set()
    reached = 0
    for span in post.spans:
        assert reached <= span.start < span.end <= len(text)
        assert not text[span.start].isspace()
        assert not text[span.end - 1].isspace()
        assert 0 <= span.confidence <= 1
        reached = span.end
        covered.update(range(span.start, span.end))
    assert {place for place, character in enumerate(text) if not character.isspace()} <= covered
    again = read(Language(), text, language=post.language)
    assert again.spans == post.spans or post.language != "und"


@pytest.mark.parametrize(
    "unit", ["A. ", "😂", "Hola the ", "a\n", "#aA", "haha", "x@", "é", "1", ". ", "El gato. The cat. "]
)
def test_hostile_input_takes_linear_time_and_few_spans(enricher: Language, unit: str) -> None:
    started = time.process_time()
    post = read(enricher, unit * (100_000 // len(unit)))
    assert time.process_time() - started < 5
    assert len(post.spans) <= 200
