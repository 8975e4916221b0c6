"""Mail: decoded, joined, capped."""

from __future__ import annotations

import time
from base64 import b64encode
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichers.base import Draft
from enrichers.clean import Clean
from enrichers.text.mail import MailLimits, parse_mail
from schemas.enriched import EnrichedPost
from schemas.errors import RejectedInput
from schemas.raw import Author

pytestmark = pytest.mark.unit


def message(body: str = "El pedido llegó tarde.", **headers: str) -> EmailMessage:
    mail = EmailMessage()
    for name, value in {
        "From": "Ana Pérez <Ana@Example.org>",
        "Subject": "Queja ñandú",
        "Date": "Mon, 23 Feb 2026 10:00:00 +0100",
        "Message-ID": "<m3@example.org>",
        "In-Reply-To": "<m2@example.org>",
        "References": "<m1@example.org> <m2@example.org>",
        **headers,
    }.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body, cte="base64")
    return mail


def post(source: str, **fields: object) -> EnrichedPost:
    known = {"id": "1", "source": "inbox", "channel": "email", "content_type": "message/rfc822"}
    known |= {"identity": "x", "event_time": "2026-03-01T00:00:00.000Z"}
    draft = Draft(EnrichedPost(text=source, version=1, **{**known, **fields}))  # type: ignore[arg-type]
    return Clean()([draft])[0].post


def test_a_mail_is_read() -> None:
    mail = message()
    mail.add_alternative("<p>El pedido</p>", subtype="html")
    mail.add_attachment(b"12345", maintype="image", subtype="png", filename="foto.png")
    read = parse_mail(mail.as_bytes())
    assert (read.subject, read.sender_name, read.sender_address) == ("Queja ñandú", "Ana Pérez", "Ana@Example.org")
    assert read.date == "2026-02-23T09:00:00.000Z"
    assert (read.message_id, read.in_reply_to) == ("m3@example.org", "m2@example.org")
    assert read.references == ("m1@example.org", "m2@example.org")
    assert read.body is not None
    assert read.body.strip() == "El pedido llegó tarde."
    assert read.html is not None
    assert "<p>El pedido</p>" in read.html
    assert [(one.name, one.content_type, one.size) for one in read.attachments] == [("foto.png", "image/png", 5)]
    assert not read.automatic
    assert parse_mail(mail.as_string()) == read


def test_only_html_becomes_text_with_marked_quotes() -> None:
    source = "From: a@b.example\nContent-Type: text/html\n\n<p>Mal &amp; tarde</p><blockquote>Estimada</blockquote>"
    assert parse_mail(source).body == "Mal & tarde\n\n> Estimada"
    assert post(source).clean_text == "Mal & tarde"


@pytest.mark.parametrize(
    ("charset", "data"),
    [("iso-8859-1", "llegó".encode("latin-1")), ("utf-8", "llegó".encode()), ("none-such", "llegó".encode())],
)
def test_charsets(charset: str, data: bytes) -> None:
    head = f"From: a@b.example\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: "
    assert parse_mail(f"{head}8bit\n\n".encode() + data).body == "llegó"
    assert parse_mail(f"{head}base64\n\n".encode() + b64encode(data)).body == "llegó"
    # text that was decoded before it came: its declared charset no longer holds
    assert parse_mail(f"{head}8bit\n\nllegó").body == "llegó"


def test_raw_and_encoded_headers() -> None:
    raw = "From: Ana Pérez <a@b.example>\nSubject: ñandú\n\nx".encode()
    assert parse_mail(raw).sender_name == "Ana Pérez"
    assert parse_mail(raw).subject == "ñandú"
    assert parse_mail(b"From: =?utf-8?q?Ana_P=C3=A9rez?= <a@b.example>\n\nx").sender_name == "Ana Pérez"


def test_a_forwarded_mail_speaks_where_the_outer_one_is_silent() -> None:
    inner = "From: c@d.example\nSubject: old\n\nEl pedido no llegó."
    head = "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
    silent = f"{head}Content-Type: message/rfc822\n\n{inner}\n--b--\n"
    assert (parse_mail(silent).body or "").strip() == "El pedido no llegó."
    spoken = f"{head}\nMirad esto.\n--b\nContent-Type: message/rfc822\n\n{inner}\n--b--\n"
    assert (parse_mail(spoken).body or "").strip() == "Mirad esto."


def test_flowed_lines_are_joined() -> None:
    source = "From: a@b.example\nContent-Type: text/plain; format=flowed\n\nuno \ndos\n> q \n> r\n-- \nAna"
    assert parse_mail(source).body == "uno dos\n> q r\n-- \nAna"


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "X-Autoreply: yes",
        "Return-Path: <>",
        "Precedence: auto_reply",
        "Subject: Automatic reply: away",
        "Subject: Respuesta automática: fuera",
        "Subject: Undeliverable: x",
    ],
)
def test_automatic_mail_is_noted(header: str) -> None:
    source = f"{header}\nFrom: a@b.example\n\nx"
    assert parse_mail(source).automatic
    assert post(source).labels == {"auto_reply": True}


def test_fields_are_filled_where_empty() -> None:
    filled = post(message().as_string())
    assert filled.text.strip() == filled.clean_text == "El pedido llegó tarde."
    assert filled.content_type == "text/plain"
    assert (filled.title, filled.created_at) == ("Queja ñandú", "2026-02-23T09:00:00.000Z")
    assert filled.event_time == "2026-02-23T09:00:00.000Z"
    assert (filled.in_reply_to, filled.thread_id) == ("m2@example.org", "m1@example.org")
    assert filled.author == Author(id="Ana@Example.org", name="Ana Pérez")
    given_ = post(
        message().as_string(), title="T", created_at="2026-02-01T00:00:00Z", thread_id="t", author=Author(id="7")
    )
    assert (given_.title, given_.created_at, given_.thread_id) == ("T", "2026-02-01T00:00:00Z", "t")
    assert given_.author == Author(id="7")
    late = post(message(Date="Mon, 23 Feb 2099 10:00:00 +0100").as_string())
    assert late.event_time == "2026-03-01T00:00:00.000Z"


KINDS = ("text/plain", "multipart/mixed; boundary=b", "message/rfc822", "text/html")
HEAD = "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (HEAD + "--b\n\nx\n" * 200_000, "too-large"),
        (HEAD.replace("boundary=b", 'boundary*0=b; boundary*1=""') + "--b\n\nx\n" * 200_000, "too-large"),
        (
            "From: a@b.example\n"
            + "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1500)),
            "too-large",
        ),
        ("From: a@b.example\n" + "Content-Type: message/rfc822\n\n" * 1500, "too-deep"),
        ("From: a@b.example\nContent-Type: text/plain" + ";a=b" * 8000 + "\n\nx", "too-large"),
        ("".join(f"X{n}: a\n" for n in range(100_000)) + "\nx", "too-large"),
        ("just words\n\nand more", "bad-mail"),
        ("", "bad-mail"),
        ("From: a@b.example\n\n" + "x" * 17_000_000, "too-large"),
    ],
)
def test_hostile_mail_is_refused_at_once(source: str, reason: str) -> None:
    started = time.process_time()
    with pytest.raises(RejectedInput) as refused:
        parse_mail(source, MailLimits())
    assert refused.value.reason == reason
    assert time.process_time() - started < 1
    kept = post(source[:200_000])
    assert kept.text == source[:200_000] or reason == "too-large"


@pytest.mark.parametrize(
    "header",
    [
        "From: " + "(" * 60000,
        "Subject: " + "=?utf-8?q?" * 6000,
        "Content-Type: " + "(" * 7000,
        "Date: " + "9" * 5000,
        "References: " + "<a@b> " * 20000,
        "Content-Disposition: " + "=?utf-8?q?x?= " * 500,
    ],
)
def test_hostile_headers_are_read_in_time(header: str) -> None:
    started = time.process_time()
    try:
        assert parse_mail(f"X: y\n{header}\n\nhola").body == "hola"
    except RejectedInput as refused:
        assert header.startswith("Content-"), refused.reason  # noqa: PT017
    assert time.process_time() - started < 1


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(["text/plain", "multipart/mixed; boundary=b", "message/rfc822", "text/html"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, kind: str) -> None:
    try:
        mail = parse_mail(f"From: x@y.example\nContent-Type: {kind}\n".encode() + data)
    except RejectedInput:
        return
    assert mail.body is None or isinstance(mail.body, str)
