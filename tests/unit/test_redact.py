"""Redact: personal data becomes marks, and every other number stays."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichers.base import Draft
from enrichers.redact import Redact, author_hash, redact_text
from schemas.enriched import EnrichedPost
from schemas.errors import SettingsError
from schemas.raw import Attachment, Author

pytestmark = pytest.mark.unit

POSTS = Path(__file__).parents[2].parent / "shared" / "data" / "posts"
SECRET = b"a secret of the tests"


def redacted(text: str, **fields: Any) -> EnrichedPost:
    known: dict[str, Any] = {"id": "1", "source": "shop", "channel": "review", "identity": "x", "version": 1}
    known |= {"event_time": "2026-03-01T00:00:00.000Z"}
    (draft,) = Redact(SECRET)([Draft(EnrichedPost(text=text, **{**known, **fields}))])
    return draft.post


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("escríbeme a Ana.Perez+1@correo.example.es.", "escríbeme a [EMAIL]."),
        ("ana&#64;example.com y ana&commat;example.com", "[EMAIL] y [EMAIL]"),
        ("ana (at) example (dot) com", "[EMAIL]"),
        ("https://x.example/u?mail=ana%40x.es&b=1", "https://x.example/u?mail=[EMAIL]&b=1"),
        ("llámame al 600 123 456 o al +34 91 123 45 67", "llámame al [PHONE] o al [PHONE]"),
        ("Tel.: 600-123-456/91 123 45 67", "Tel.: [PHONE]/[PHONE]"),
        ("chiamatemi al 347 123 4567", "chiamatemi al [PHONE]"),
        ("ligue (11) 91234-5678", "ligue [PHONE]"),
        ("telemóvel 912 345 678", "telemóvel [PHONE]"),
        ("mon numéro: 06 12 34 56 78", "mon numéro: [PHONE]"),
        ("call (415) 555-2671 or 415-555-2671", "call [PHONE] or [PHONE]"),
        ("07700 900123 is my mobile", "[PHONE] is my mobile"),
        ("Handy 0171 1234567", "Handy [PHONE]"),
        ("mi cel 55 1234 5678", "mi cel [PHONE]"),
        ("0034600123456, 34600123456, 600123456", "[PHONE], [PHONE], [PHONE]"),
        ("６００１２３４５６ y 600\u200b123\u200b456", "[PHONE] y [PHONE]"),
        ("tarjeta 4111 1111 1111 1111 caducada", "tarjeta [CARD] caducada"),
        ("3782 822463 10005", "[CARD]"),
        ("IBAN ES91 2100 0418 4502 0005 1332 gracias", "IBAN [ACCOUNT] gracias"),
        ("it60x0542811101000000123456.", "[ACCOUNT]."),
        ("cuenta 2100 0418 45 0200051332", "cuenta [ACCOUNT]"),
        ("account number: 12345678", "account number: [ACCOUNT]"),
    ],
)
def test_personal_data_becomes_a_mark(text: str, expected: str) -> None:
    result, places = redact_text(text)
    assert result == expected
    assert [result[start:end] for start, end, _ in places] == re.findall(r"\[[A-Z]+\]", expected)


@pytest.mark.parametrize(
    "text",
    [
        "http://www.ciao.es/Opiniones/ekomi_es__2713801",
        "https://x.example/p/600123456 y x.es/600123456",
        "pedido 600123456, order #4155552671, nº de pedido: 912345678, tracking 1Z999AA10123456784",
        "2024-03-15 10:30, 15/03/2024, 15.03.2024 12:30, 2019-2020 2021",
        "1.299,00 €, $1,299,000, € 600123456, 600123456 euros, 1500000 followers, 1,234,567,890",
        "@jesuspromo38 @600123456 #600123456",
        "B07XYZ1234567 SKU-600123456 ISBN 978-3-16-148410-0 EAN 4006381333931",
        "1 2 3 4 5 6 7 8 9 10 11 12 13, 10 11 12 13 14, 100 200 300",
        "v1.2.3.4567890, 192.168.100.200, 41.403380, 2.174030, 0.123456789",
        "1080x1920, 24/7, 12345678, 1111111111, 4111 1111 1111 1112",
        "write @ana or a@b",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert redact_text(text) == (text, [])


def test_the_five_real_posts_hold_nothing_to_redact() -> None:
    files = sorted(POSTS.glob("*.txt"))
    if not files:
        pytest.skip("the five real posts are not beside the checkout")
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert redact_text(text) == (text, [])


def test_every_text_of_a_post_is_redacted_and_the_places_are_listed() -> None:
    post = redacted(
        "Hola, soy ana@x.es",
        title="Llamad al 600 123 456",
        clean_text="soy ana@x.es",
        labels={"a": ["ana@x.es", {"b": "600123456"}], "n": 600123456},
        attachments=[Attachment(name="ana@x.es.pdf", size=3)],
        id="<m@x.es>",
    )
    assert (post.text, post.title, post.clean_text) == ("Hola, soy [EMAIL]", "Llamad al [PHONE]", "soy [EMAIL]")
    assert [(one.field, one.start, one.end, one.kind) for one in post.redactions] == [
        ("text", 10, 17, "EMAIL"),
        ("title", 10, 17, "PHONE"),
        ("clean_text", 4, 11, "EMAIL"),
    ]
    assert post.labels == {"a": ["[EMAIL]", {"b": "[PHONE]"}], "n": 600123456}
    assert "ana" not in str(post.attachments)
    assert post.id == "<m@x.es>"


def test_markup_hides_nothing() -> None:
    text = "<p>Tel <b>600</b> 123 <i>456</i>, <a href='mailto:ana@x.es'>ana</a>, a<span></span>na@x.es, <p>1</p>"
    post = redacted(text, content_type="text/html")
    assert "600" not in post.text
    assert "@" not in post.text
    assert post.text.count("[EMAIL]") == 2


def test_an_email_author_becomes_a_keyed_hash() -> None:
    author = Author(id="Ana <Ana@X.es>", customer_id="c1", name="Ana", handle="ana", followers=9, role="customer")
    hidden = redacted("x", channel="email", author=author).author
    assert hidden == Author(id=author_hash("ana@x.es", SECRET), customer_id="c1", role="customer")
    assert hidden is not None
    assert re.fullmatch("[0-9a-f]{64}", hidden.id or "")
    assert author_hash("ana@x.es", b"another secret") != hidden.id
    assert redacted("x", channel="email", author=hidden).author == hidden
    assert redacted("x", channel="email", author=Author(handle="ana")).author == Author(id=author_hash("ana", SECRET))
    assert redacted("x", channel="review", author=author).author == author


@pytest.mark.parametrize("secret", [None, b""])
def test_a_secret_is_required(secret: bytes | None) -> None:
    with pytest.raises(SettingsError):
        Redact(secret)


MORE = ("http://", "account no 1", "1-", "(at)", "９", "4111 1111 1111 1111 ", "x.", "a")
PARTS = (
    "600 123 456|ana@x.es|+34|4111 1111 1111 1111|ES91 2100 0418 4502 0005 1332|pedido|1.299,00 €|2024-03-15|@ana|#1|"
    "tel|[EMAIL]|/|-|(|)| |.|,|12|0034|6001234567|account number|<b>|</b>|&#64;|http://x.es/600123456|\u200b|９|x"
)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.text(max_size=120),
        st.text(alphabet="0123456789 +-()./@a", max_size=120),
        st.lists(st.sampled_from(PARTS.split("|")), max_size=14).map("".join),
        st.lists(st.sampled_from(PARTS.split("|")), max_size=14).map(" ".join),
    ),
    st.booleans(),
)
def test_redacting_again_changes_nothing(text: str, markup: bool) -> None:
    once = redact_text(text, markup=markup)
    assert redact_text(once[0], markup=markup) == once
    assert all(once[0][start:end] == f"[{kind}]" for start, end, kind in once[1])


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "@",
        ".",
        "a@",
        "a@b.",
        "1 ",
        "12 ",
        "600 123 456 ",
        "600123456 ",
        "(",
        "+1",
        "ES91 2100 ",
        "&#64;",
        "<a>",
        *MORE,
    ],
)
def test_hostile_input_takes_linear_time(unit: str) -> None:
    started = time.process_time()
    redact_text(unit * (100_000 // len(unit)), markup=True)
    assert time.process_time() - started < 4


def test_random_numbers_take_linear_time() -> None:
    source = random.Random(1)
    text = "".join(source.choice("0123456789 -.()+") for _ in range(100_000))
    started = time.process_time()
    redact_text(text)
    assert time.process_time() - started < 6
