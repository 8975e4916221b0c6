"""Plain text: one post a file, or one a line."""

from __future__ import annotations

import io
from typing import Any

import pytest

from streams.files import Caps, Defaults, Item, Post, Reject
from streams.files.text import PlainText

pytestmark = pytest.mark.unit
GIVEN = Defaults(channel="social", source="feed")


def read(data: bytes, **options: Any) -> list[Item]:
    return list(PlainText(**options)(io.BytesIO(data), GIVEN))


def test_a_file_is_one_post_with_its_text_unchanged() -> None:
    (item,) = read("\ufeff Héllo.\n\nSecond paragraph.\n".encode())
    assert isinstance(item, Post)
    assert item.raw.text == " Héllo.\n\nSecond paragraph.\n"
    assert item.raw.labels == {"id_derived": True}
    assert (item.raw.channel, item.raw.source) == ("social", "feed")


def test_each_line_is_a_post_on_request() -> None:
    items = read(b"one\r\n\n  \ntwo", each_line=True)
    assert [(item.line, item.raw.text) for item in items if isinstance(item, Post)] == [(1, "one"), (4, "two")]


def test_nothing_but_blanks_is_no_post() -> None:
    assert read(b"") == []
    assert read(b" \n\n") == []


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        (b"ok\nbad \xff\n", "not-utf8", "line 2"),
        ("Hello".encode("utf-16"), "not-utf8", "UTF-16"),
        (b"a\x00b", "bad-value", "binary"),
        (b"\xed\xa0\x80", "not-utf8", "UTF-8"),
    ],
)
def test_what_is_no_utf8_text_is_rejected(data: bytes, reason: str, said: str) -> None:
    (item,) = read(data)
    assert isinstance(item, Reject)
    assert item.reason == reason
    assert said in item.message


def test_the_cap_holds_for_files_and_lines() -> None:
    caps = Caps(record_bytes=10)
    (item,) = read(b"x" * 11, caps=caps)
    assert isinstance(item, Reject)
    assert item.reason == "too-large"
    items = read(b"x" * 11 + b"\nshort\n", each_line=True, caps=caps)
    assert [type(item) for item in items] == [Reject, Post]
