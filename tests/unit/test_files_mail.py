"""mbox and .eml: one post a message, its words, its thread, and messages that cannot be used."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest

from schemas.raw import RawPost
from streams.files import Caps, Defaults, Item, Post, Reject
from streams.files.mailbox import Mailbox

pytestmark = pytest.mark.unit
GIVEN = Defaults(source="support")
SEPARATOR = b"From ana@example.org Thu Jan  1 10:00:00 2026\n"
MAIL = (
    "From: =?utf-8?q?Ana_Ru=C3=ADz?= <Ana@Example.org>\r\nTo: help@example.com\r\n"
    "Subject: =?utf-8?b?wr9Ew7NuZGU=?= esta mi pedido\r\nMessage-ID: <2@example.org>\r\n"
    "References: <0@example.com> <1@example.com>\r\nIn-Reply-To: <1@example.com>\r\n"
    "Date: Thu, 1 Jan 2026 10:00:00 +0100\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\nMañana no.\r\n\r\n> old words\r\n-- \r\nAna\r\n"
).encode("iso-8859-1")


def read(data: bytes, defaults: Defaults = GIVEN, **options: Any) -> list[Item]:
    return list(Mailbox(**options)(io.BytesIO(data), defaults))


def only(items: list[Item]) -> RawPost:
    assert [type(item) for item in items] == [Post]
    assert isinstance(items[0], Post)
    return items[0].raw


def mail(identifier: int, body: bytes = b"Hello.\n") -> bytes:
    return b"From: a@example.org\nMessage-ID: <%d@example.org>\nSubject: s\n\n%s" % (identifier, body)


def test_an_eml_becomes_a_post_with_its_thread_and_author() -> None:
    post = only(read(MAIL, single=True))
    assert (post.id, post.channel, post.source) == ("2@example.org", "email", "support")
    assert post.title == "¿Dónde esta mi pedido"
    assert post.author is not None
    assert (post.author.id, post.author.name) == ("ana@example.org", "Ana Ruíz")
    assert (post.in_reply_to, post.thread_id) == ("1@example.com", "0@example.com")
    assert post.created_at == "2026-01-01T09:00:00.000Z"
    assert post.updated_at == post.created_at
    # quotes and signatures are the Clean enricher's to leave out of clean_text
    assert post.text.strip() == "Mañana no.\n\n> old words\n-- \nAna"


def test_attachments_are_listed_and_not_read() -> None:
    data = (
        b"From: a@example.org\nSubject: s\nMessage-ID: <1@x>\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nSee the picture.\n"
        b"--B\nContent-Type: image/png; name=scratch.png\nContent-Disposition: attachment; filename=scratch.png\n"
        b"Content-Transfer-Encoding: base64\n\naGVsbG8h\n--B--\n"
    )
    post = only(read(data, single=True))
    assert post.text.strip() == "See the picture."
    (attachment,) = post.attachments
    assert (attachment.name, attachment.content_type, attachment.size) == ("scratch.png", "image/png", 6)


def test_an_mbox_is_split_at_its_separators_only() -> None:
    body = b"One.\n\nFrom here on it went wrong.\n>From my side, yes.\n"
    items = read(SEPARATOR + mail(1, body) + b"\n" + SEPARATOR + mail(2) + b"\n" + SEPARATOR + mail(3))
    posts = [item for item in items if isinstance(item, Post)]
    assert [(item.line, item.raw.id) for item in posts] == [
        (1, "1@example.org"),
        (11, "2@example.org"),
        (18, "3@example.org"),
    ]
    assert posts[0].raw.text.strip() == "One.\n\nFrom here on it went wrong.\nFrom my side, yes."


def test_a_mail_without_a_message_id_gets_a_derived_one() -> None:
    data = b"From: a@example.org\nSubject: s\n\nHello.\n"
    post = only(read(data, single=True))
    assert post.labels["id_derived"] is True
    assert only(read(data, single=True)).id == post.id
    (reject,) = read(data, single=True, derive_ids=False)
    assert isinstance(reject, Reject)
    assert reject.reason == "missing-field"


def bomb(boundary: bytes) -> bytes:
    head = b"From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; " + boundary + b"\n\n"
    return head + b"--BC\n\nx\n" * 200_000


@pytest.mark.parametrize(
    "data",
    [
        bomb(b"boundary=BC"),
        bomb(b"boundary*0=B;\n boundary*1=C"),
        b"From: a@example.org\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(1_500)),
        b"no mail at all\n",
        b"\x00\xff\x10\x80" * 1_000,
        b"From: " + b"a" * 5_000_000 + b"\n\nx\n" + b"",
    ],
    ids=["parts", "parts-split-boundary", "nesting", "no-mail", "binary", "header"],
)
def test_an_odd_message_gives_one_item_within_a_second_and_the_next_one_is_read(data: bytes) -> None:
    started = time.process_time()
    alone = read(data, single=True)
    assert time.process_time() - started < 1
    assert len(alone) == 1
    both = read(SEPARATOR + data + b"\n\n" + SEPARATOR + mail(2))
    assert isinstance(both[-1], Post)
    assert both[-1].raw.id == "2@example.org"


@pytest.mark.parametrize("which", ["parts", "nesting", "no-mail"])
def test_a_message_that_is_none_is_rejected(which: str) -> None:
    data = {"parts": bomb(b"boundary=BC"), "no-mail": b"no mail at all\n"}.get(
        which
    ) or b"From: a@example.org\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(1_500)
    )
    (item,) = read(data, single=True)
    assert isinstance(item, Reject)
    assert item.reason in {"bad-mail", "too-deep", "too-large"}


def test_a_message_over_the_cap_is_passed_over() -> None:
    caps = Caps(record_bytes=10_000)
    items = read(
        SEPARATOR
        + mail(1, b"word " * 9 + b"\n")
        + b"\n"
        + SEPARATOR
        + mail(2, b"x" * 70 + b"\n" * 20_000)
        + b"\n"
        + SEPARATOR
        + mail(3),
        caps=caps,
    )
    first, second, third = items
    assert isinstance(first, Post)
    assert isinstance(second, Reject)
    assert second.reason == "too-large"
    assert isinstance(third, Post)
    (alone,) = read(mail(1, b"x" * 20_000), single=True, caps=caps)
    assert isinstance(alone, Reject)
    assert alone.reason == "too-large"


def test_a_broken_charset_leaves_text_that_json_can_carry() -> None:
    data = b"From: a@example.org\nMessage-ID: <1@x>\nContent-Type: text/plain; charset=utf-7\n\nA +2AA- B\n"
    post = only(read(data, single=True))
    post.text.encode()


MAPPING = {"X-Customer-Id": "author.customer_id", "x-place": "place", "X-Stars": "rating", "X-Wave": "labels.wave"}


@pytest.mark.parametrize("single", [True, False])
def test_headers_that_map_names_fill_the_fields_of_a_post(single: bool) -> None:
    header = b"From: a@example.org\r\nMessage-ID: <1@x>\r\nX-CUSTOMER-ID: C-1\r\nX-Place: =?utf-8?q?C=C3=B3rdoba?=\r\n"
    data = header + b"X-Stars: 4\r\nX-Wave: one\r\n two\r\nX-Customer-Id: C-2\r\n\r\nX-Place: no header\r\n"
    post = only(read((b"" if single else SEPARATOR) + data, single=single, mapping=MAPPING))
    assert post.author is not None
    assert (post.author.id, post.author.customer_id) == ("a@example.org", "C-1")
    assert (post.place, post.labels["wave"]) == ("Córdoba", "one two")
    assert post.rating is not None
    assert post.rating.value == 4


def test_a_header_in_raw_bytes_is_read_and_one_that_is_missing_or_empty_fills_nothing() -> None:
    data = b"From: a@example.org\nMessage-ID: <1@x>\nX-Place: %s\nX-Customer-Id:  \n\nHello.\n"
    assert only(read(data % "Córdoba".encode(), single=True, mapping=MAPPING)).place == "Córdoba"
    post = only(read(data % "Córdoba".encode("latin-1"), single=True, mapping=MAPPING))
    assert post.place == "Córdoba"
    assert post.author is not None
    assert post.author.customer_id is None
    assert post.rating is None
    given = Defaults(source="support", brand="Lumo")
    assert only(read(mail(1), given, single=True, mapping={"X-Brand": "brand"})).brand == "Lumo"
    other = mail(1).replace(b"Subject", b"X-Brand: Otra\nSubject")
    assert only(read(other, given, single=True, mapping={"X-Brand": "brand"})).brand == "Otra"


def test_a_mapped_header_that_is_no_number_costs_only_its_mail() -> None:
    bad = mail(1).replace(b"Subject", b"X-Stars: ana@example.org\nSubject")
    items = read(SEPARATOR + bad + b"\n" + SEPARATOR + mail(2), mapping=MAPPING)
    assert isinstance(items[0], Reject)
    assert items[0].reason == "bad-value"
    assert "ana@" not in items[0].message
    assert isinstance(items[1], Post)


def test_the_company_is_known_by_its_address_in_any_case() -> None:
    company = Defaults(source="support", company=frozenset({"HELP@example.com"}))
    ours = mail(1).replace(b"a@example.org", b"Help <help@Example.COM>", 1)
    post = only(read(ours, company, single=True))
    assert post.author is not None
    assert post.author.role == "company"
    theirs = only(read(mail(2), company, single=True))
    assert theirs.author is not None
    assert theirs.author.role is None
