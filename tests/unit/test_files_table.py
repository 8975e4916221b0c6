"""CSV: headers, types of cells, delimiters, and rows that cannot be used."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest

from schemas.errors import SettingsError
from schemas.raw import RawPost
from streams.files import Caps, Defaults, Item, Post, Reject
from streams.files.table import Table

pytestmark = pytest.mark.unit
GIVEN = Defaults(channel="review", source="shop")


def read(data: str | bytes, defaults: Defaults = GIVEN, **options: Any) -> list[Item]:
    raw = data.encode() if isinstance(data, str) else data
    return list(Table(**options)(io.BytesIO(raw), defaults))


def posts(items: list[Item]) -> list[RawPost]:
    assert not [item for item in items if isinstance(item, Reject)]
    return [item.raw for item in items if isinstance(item, Post)]


def test_columns_are_fields_nested_ones_by_a_dot() -> None:
    header = "id,text,author.handle,author.followers,rating.value,rating.best,likes,incentivised,created_at,mood"
    (post,) = posts(read(f"\ufeff{header}\r\n7,Hola,@ana,1200,4.5,10,12.0,yes,2026-03-01,sunny\r\n"))
    assert post.author is not None
    assert post.rating is not None
    assert (post.id, post.text, post.author.handle, post.author.followers) == ("7", "Hola", "@ana", 1200)
    assert (post.rating.value, post.rating.best, post.likes, post.incentivised) == (4.5, 10.0, 12, True)
    assert (post.created_at, post.updated_at, post.labels) == ("2026-03-01", "2026-03-01", {"mood": "sunny"})


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    other = ";" if delimiter == "," else ","
    rows = [["id", "text", "place"], ["1", f'"one{other} two"', "Lyon"]]
    (post,) = posts(read("\n".join(delimiter.join(row) for row in rows)))
    assert (post.text, post.place) == (f"one{other} two", "Lyon")


def test_quoted_cells_hold_line_breaks_and_line_numbers_count_lines() -> None:
    items = read('id,text\n1,"two\nlines, ""quoted"""\n\n2,x\n')
    assert [(item.line, item.raw.text) for item in items if isinstance(item, Post)] == [
        (2, 'two\nlines, "quoted"'),
        (5, "x"),
    ]


def test_empty_cells_and_the_words_for_nothing_are_absent() -> None:
    (post,) = posts(read("id,text,likes,rating,brand,author.handle\n1,x,nan,NULL,,  \n"))
    assert (post.likes, post.rating, post.brand, post.author) == (None, None, None, None)


def test_a_missing_id_is_derived_unless_told_not_to() -> None:
    assert posts(read("text\nx\n"))[0].labels == {"id_derived": True}
    (reject,) = read("text\nx\n", derive_ids=False)
    assert isinstance(reject, Reject)
    assert reject.reason == "missing-field"


def test_mapping_names_columns_and_plain_rating_and_author_are_understood() -> None:
    mapping = {"Comment": "text", "Town": "place", "Wave": "labels.wave"}
    (post,) = posts(read("Comment,Town,Rating,Author,Wave\nGut,Köln,4,Ana,3\n", mapping=mapping))
    assert post.rating is not None
    assert post.author is not None
    assert (post.text, post.place, post.rating.value, post.author.name) == ("Gut", "Köln", 4.0, "Ana")
    assert post.labels == {"wave": "3", "id_derived": True}


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        ("id,text", {"Comment": "text"}, "Comment"),
        ("id,comment", {}, "--map COLUMN=text"),
        ("text,TEXT", {}, "two columns"),
    ],
)
def test_a_header_that_does_not_fit_is_misuse(header: str, mapping: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(f"{header}\n1,x\n", mapping=mapping)


def test_without_a_channel_from_anywhere_it_is_misuse() -> None:
    with pytest.raises(SettingsError, match="--channel"):
        read("id,text\n1,x\n", Defaults(source="s"))
    assert posts(read("id,text,channel\n1,x,social\n", Defaults(source="s")))[0].channel == "social"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"1,\xff\xfe,", "not-utf8"),
        (b"1,a\x00b,", "bad-value"),
        (b"1,x,many", "bad-value"),
        (b"1,x,2.5", "bad-value"),
        (b"1,x," + b"9" * 5000, "bad-value"),
        (b"1,x,1e999", "bad-value"),
        (b"1,x,2,unquoted rest", "bad-value"),
        (b"1,cr\rin the middle,2", "bad-value"),
        (b"1", "missing-field"),
        (b'1,"He said "hi" to me",2', "bad-value"),
    ],
)
def test_an_odd_row_is_rejected_and_the_next_one_is_read(row: bytes, reason: str) -> None:
    reject, post = read(b"id,text,likes\n" + row + b"\n2,next,3\n")
    assert isinstance(reject, Reject)
    assert (reject.line, reject.reason) == (2, reason)
    assert isinstance(post, Post)
    assert (post.line, post.raw.text) == (3, "next")


def test_a_quote_that_never_closes_costs_its_own_line_only() -> None:
    items = read('id,text\n1,a\n2,"open\n3,c\n4,d\n')
    assert [(item.line, isinstance(item, Post)) for item in items] == [(2, True), (3, False), (4, True), (5, True)]


def test_rows_with_broken_quotes_do_not_swallow_each_other() -> None:
    items = read("id,text\n" + '1,"a\n2,b\n' * 3 + "3,c\n")
    assert [(item.line, isinstance(item, Post)) for item in items] == [
        (2, False),
        (3, True),
        (4, False),
        (5, True),
        (6, False),
        (7, True),
        (8, True),
    ]


def test_any_number_of_unclosed_quotes_is_read_in_linear_time_and_no_line_goes_unsaid() -> None:
    lines = 20_000
    data = "id,text\n" + "".join(f'{n},"{"y" * 90}\n' if n % 2 == 0 else f"{n},x\n" for n in range(lines))
    started = time.process_time()
    items = read(data, caps=Caps(record_bytes=200_000))
    assert time.process_time() - started < 5
    assert len(items) == lines


def test_a_review_without_words_is_a_post() -> None:
    (post,) = posts(read("id,text,rating\n1,,2\n"))
    assert (post.text, post.rating is not None) == ("", True)


def test_a_cell_of_ten_megabytes_is_read_and_one_over_the_cap_is_not() -> None:
    items = read('id,text\n1,"' + "a " * 5_000_000 + '"\n2,x\n')
    assert [len(post.text) for post in posts(items)] == [10_000_000, 1]
    reject, post = read("id,text\n1," + "a" * 3_000 + "\n2,x\n", caps=Caps(record_bytes=2_000))
    assert isinstance(reject, Reject)
    assert (reject.line, reject.reason) == (2, "too-large")
    assert isinstance(post, Post)


def test_a_header_that_cannot_be_read_is_one_reject() -> None:
    (reject,) = read(b"id,t\xffxt\n1,x\n")
    assert isinstance(reject, Reject)
    assert (reject.line, reject.reason) == (1, "not-utf8")


def test_an_empty_file_has_no_posts() -> None:
    assert read(b"") == []
    assert read(b"\xef\xbb\xbf\n\n") == []


def test_attachments_are_addresses_names_or_a_json_array() -> None:
    items = read('id;text;attachments\n1;x;https://a.example/1.jpg b.png\n2;x;"[{""name"": ""c.pdf""}]"\n3;x;[oops\n')
    first, second, third = items
    assert isinstance(first, Post)
    assert [(found.url, found.name) for found in first.raw.attachments] == [
        ("https://a.example/1.jpg", None),
        (None, "b.png"),
    ]
    assert isinstance(second, Post)
    assert second.raw.attachments[0].name == "c.pdf"
    assert isinstance(third, Reject)
    assert third.reason == "bad-value"
