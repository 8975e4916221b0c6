"""Clean: what the author wrote stays, what surrounds it goes, and nothing hostile takes long."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichers.base import Draft
from enrichers.clean import MAX_CLEANED, Clean
from schemas.enriched import EnrichedPost

pytestmark = pytest.mark.unit

POSTS = Path(__file__).parents[2].parent / "shared" / "data" / "posts"
cleaner = pytest.fixture(scope="module")(lambda: Clean())


NAMES = (
    "YouTube iPhone eKomi PayPal McDonald WhatsApp DealSpotr LinkedIn FaceTime JavaScript easyJet MasterChef eBay iOS "
    "@laCasa #MuchasCosas https://x.example/problemaMuchas Booking.Com Amazon.es B07xYzAb12 tiendaMuchas_1"
)
FRAGMENTS = (
    "Hola problemaMuchas tiendas.La \" ' > -- \n \n\n &amp; \\u0041 On wrote: Comments Name * ¿ . ! @x #y \u200b é Ã© "
    "iPhone <p> </p> serioCuandonosotros Leave a Reply 😂 From: Sent: \u200d"
)


def draft(text: str, **fields: Any) -> Draft:
    known: dict[str, Any] = {
        "id": "1",
        "source": "shop",
        "channel": "review",
        "identity": "x",
        "version": 1,
        "event_time": "2026-03-01T00:00:00.000Z",
    }
    return Draft(EnrichedPost(text=text, **{**known, **fields}))


def clean(cleaner: Clean, text: str, **fields: Any) -> str:
    (result,) = cleaner([draft(text, **fields)])
    return result.post.clean_text


def real_posts() -> list[str]:
    files = sorted(POSTS.glob("*.txt"))
    if len(files) != 5:
        pytest.skip("the five real posts are not beside the checkout")
    return [file.read_text(encoding="utf-8") for file in files]


def test_html_becomes_lines_without_what_nobody_sees(cleaner: Clean) -> None:
    markup = (
        "<html><head><title>t</title><style>p{}</style></head><body><h1>Queja</h1><p>Lleg&oacute; <b>ta</b>rde "
        "&amp; mal<script>alert(1)</script></p><div style='display:none'>oculto</div><ul><li>uno<li>dos</ul>"
        "<a href='https://x.example/1'>aqu&#237;</a><br>fin<!-- nota --></body></html>"
    )
    assert clean(cleaner, markup, content_type="text/html") == "Queja\n\nLlegó tarde & mal\n\n- uno\n- dos\n\naquí\nfin"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Llegó tarde", "Llegó tarde"),
        ("â€œgenialâ€\x9d", "“genial”"),
        ("“smart” ‘quotes’ … — stay", "“smart” ‘quotes’ … — stay"),
        ("a\u200bb\u202ec\x00d\ufeff", "abcd"),
        ("👩\u200d👩\u200d👧 fam", "👩\u200d👩\u200d👧 fam"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("in\u200cside and out\u200d", "inside and out"),
        ("one  two\t three \r\n\r\n\r\n\r\nfour", "one two three\n\nfour"),
        ("I don\\u2019t like it\\u002c no", "I don’t like it, no"),
        ("H&amp;M is &lt;3", "H&M is <3"),
        ("cafe\u0301", "café"),
    ],
)
def test_characters(cleaner: Clean, text: str, expected: str) -> None:
    assert clean(cleaner, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("La reseña no es el problemaMuchastiendas online lo ven", "el problema Muchas tiendas online"),
        ("te tomas las quejas en serioCuandonosotros llamamos", "en serio Cuando nosotros llamamos"),
        ("Encantados de explicárselo.La reseña negativa", "explicárselo. La reseña"),
        (
            'léelo en nuestro blog"cómo tratar las quejas".Demuestra que sabes',
            'blog "cómo tratar las quejas". Demuestra',
        ),
        ("en otros sitios¿Si realmente no puede", "en otros sitios ¿Si"),
        ("En esta ciudad hay MuchastiendasonlineVen a verlas", "Muchas tiendas online Ven a verlas"),
        ("Le service ne répondBeaucoup de clients attendent", "ne répond Beaucoup de clients"),
        ("Il pacco non è arrivatoPurtroppo nessuno risponde", "non è arrivato Purtroppo nessuno"),
    ],
)
def test_words_run_together_are_separated(cleaner: Clean, text: str, expected: str) -> None:
    assert expected in clean(cleaner, text)


@pytest.mark.parametrize("name", NAMES.split())
def test_names_survive(cleaner: Clean, name: str) -> None:
    for text in (f"Me gusta mucho {name} porque la tienda es muy buena", f"I like {name} because the shop is good"):
        assert clean(cleaner, text) == text


@pytest.mark.parametrize(
    "tail",
    [
        "Leave a Reply\n\nYour email address will not be published. Required fields are marked *",
        "Deixe um comentário\n\nO seu endereço de e-mail não será publicado. Campos obrigatórios são marcados com *",
        "Deja una respuesta\nTu dirección de correo electrónico no será publicada. "
        "Los campos obligatorios están marcados con *\nComentario *\nNombre *\nCorreo electrónico *\nWeb",
        "Lascia un commento\nIl tuo indirizzo email non sarà pubblicato. I campi obbligatori sono contrassegnati *",
        "Laisser un commentaire\nVotre adresse e-mail ne sera pas publiée. "
        "Les champs obligatoires sont indiqués avec *",
        "Schreibe einen Kommentar\nDeine E-Mail-Adresse wird nicht veröffentlicht. "
        "Erforderliche Felder sind mit * markiert",
        "Comments\n\nPopular Posts",
        "Also read...",
    ],
)
def test_boilerplate_goes_and_the_authors_words_stay(cleaner: Clean, tail: str) -> None:
    own = "The bag broke after a week.\n\nI will leave a reply when they publish my email address. Be wise."
    assert clean(cleaner, f"{own}\n\n{tail}") == own
    assert clean(cleaner, tail)  # a post that is nothing else is not emptied


@pytest.mark.parametrize(
    "header",
    [
        "On Mon, 2 Mar 2026 at 10:00, Lumo <hola@lumo.example> wrote:",
        "El lun, 2 mar 2026 a las 10:00, Lumo (<hola@lumo.example>) escribió:",
        "Il giorno lun 2 mar 2026 alle ore 10:00 Lumo <hola@lumo.example> ha scritto:",
        "Em seg., 2 de mar. de 2026 às 10:00, Lumo <hola@lumo.example> escreveu:",
        "Le lun. 2 mars 2026 à 10:00, Lumo <hola@lumo.example> a écrit :",
        "Am Mo., 2. März 2026 um 10:00 Uhr schrieb Lumo <hola@lumo.example>:",
        "-----Original Message-----",
        "-----Mensaje original-----",
        "From: Lumo <hola@lumo.example>\nSent: Monday\nTo: Ana\nSubject: Order",
    ],
)
def test_quoted_replies_go(cleaner: Clean, header: str) -> None:
    own = "It still has not arrived."
    for quoted in ("> Dear Ana,\n> it is on its way.", "Dear Ana,\nit is on its way."):
        assert clean(cleaner, f"{own}\n\n{header}\n\n{quoted}", channel="email") == own


def test_signatures_go_and_answers_between_the_lines_stay(cleaner: Clean) -> None:
    assert clean(cleaner, "Hola.\n-- \nAna Pérez\nTel. 1", channel="email") == "Hola."
    assert clean(cleaner, "Great bag.\n\nSent from my iPhone") == "Great bag."
    assert clean(cleaner, "Buen bolso.\n\nEnviado desde mi móvil") == "Buen bolso."
    text = "On Mon, 2 Mar 2026, Lumo wrote:\n> Did it come?\nNo.\n> Is it broken?\nYes, it is."
    assert clean(cleaner, text, channel="email") == "No.\n\nYes, it is."
    assert clean(cleaner, "> everything is quoted", channel="email") == "> everything is quoted"


def test_real_posts(cleaner: Clean) -> None:
    posts = real_posts()
    results = [cleaner([draft(text)])[0].post for text in posts]
    assert [post.text for post in results] == posts
    for post in results:
        assert not any(
            phrase in post.clean_text
            for phrase in ("Leave a Reply", "Deixe um", "Popular Posts", "Also read", "email address", "obrigatórios")
        )
    assert "problema Muchas tiendas online" in results[2].clean_text
    assert "serio Cuando nosotros" in results[2].clean_text
    assert results[3].clean_text.endswith("Be wise.")
    # nothing but white space and the template's lines is gone
    for post in results:
        assert len("".join(post.clean_text.split())) >= 0.95 * len("".join(post.text.split()))


def test_long_text_is_cleaned_in_part_and_says_so(cleaner: Clean) -> None:
    (result,) = cleaner([draft("El producto llegó tarde. " * 400_000)])
    assert len(result.post.text) == 10_000_000
    assert len(result.post.clean_text) <= MAX_CLEANED
    assert any("first" in note for note in result.post.provenance.notes)


fragments = st.sampled_from(FRAGMENTS.split(" "))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(fragments, max_size=30).map(" ".join)), st.booleans())
def test_cleaning_clean_text_changes_nothing(text: str, mail: bool) -> None:
    cleaner = Clean()
    once = cleaner.clean(text, mail=mail)
    assert cleaner.clean(once, mail=mail) == once


@pytest.mark.parametrize(
    "unit",
    ["1", "@", ".", "aB", "<p>", "<", "&amp;", "> a\n", "On 1 <a> wrote:\n", "Leave a reply\n", "\\", '"', "¿", "😂"],
)
def test_hostile_input_is_cleaned_in_time(cleaner: Clean, unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.process_time()
    clean(cleaner, text, channel="email")
    clean(cleaner, text, content_type="text/html")
    assert time.process_time() - started < 6
