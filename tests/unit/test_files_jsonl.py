"""JSONL: what is read, what is filled in, and what is rejected with its line number."""

from __future__ import annotations

import io
import json
import time

import pytest

from schemas.errors import SettingsError
from streams.files import Caps, Defaults, Item, Options, Post, Reject, open_posts
from streams.files.jsonl import JsonLines

pytestmark = pytest.mark.unit
GIVEN = Defaults()


def line(**fields: object) -> bytes:
    return json.dumps({"id": "1", "source": "shop", "channel": "review", "text": "Lovely", **fields}).encode() + b"\n"


def read(data: bytes, defaults: Defaults = GIVEN, **options: object) -> list[Item]:
    return list(JsonLines(**options)(io.BytesIO(data), defaults))  # type: ignore[arg-type]


def only(items: list[Item]) -> Item:
    assert len(items) == 1
    return items[0]


def test_reads_posts_with_their_line_numbers_and_passes_over_empty_lines() -> None:
    items = read(b"\xef\xbb\xbf" + line(id="a") + b"\n  \r\n" + line(id="b", text="ñ").rstrip())
    assert [(item.line, item.raw.id, item.raw.text) for item in items if isinstance(item, Post)] == [
        (1, "a", "Lovely"),
        (4, "b", "ñ"),
    ]


def test_unknown_fields_are_kept_under_labels() -> None:
    item = only(read(line(mood="sunny")))
    assert isinstance(item, Post)
    assert item.raw.labels == {"mood": "sunny"}


def test_defaults_fill_only_what_the_record_lacks() -> None:
    bare = json.dumps({"id": "1", "text": "x", "channel": None, "brand": ""}).encode()
    item = only(read(bare, Defaults(channel="social", source="feed", brand="Lumo")))
    assert isinstance(item, Post)
    assert (item.raw.channel, item.raw.source, item.raw.brand) == ("social", "feed", "Lumo")
    item = only(read(line(brand="Own"), Defaults(channel="social", source="feed", brand="Lumo")))
    assert isinstance(item, Post)
    assert (item.raw.channel, item.raw.source, item.raw.brand) == ("review", "shop", "Own")


def test_updated_at_is_filled_from_created_at_but_never_replaced() -> None:
    filled, kept, neither = read(
        line(created_at="2026-01-01") + line(created_at="2026-01-01", updated_at="2026-02-01") + line()
    )
    assert isinstance(filled, Post)
    assert isinstance(kept, Post)
    assert isinstance(neither, Post)
    assert (filled.raw.updated_at, kept.raw.updated_at, neither.raw.updated_at) == ("2026-01-01", "2026-02-01", None)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (line(id=None), "missing-field"),
        (b'{"source": "s", "channel": "review", "text": "x"}', "missing-field"),
        (b'{"id": "1", "channel": "review", "text": "x"}', "missing-field"),
        (b'{"id": "1", "source": "s", "text": "x"}', "missing-field"),
        (b'{"id": "1", "source": "s", "channel": "review"}', "missing-field"),
        (line(id=""), "bad-value"),
        (line(text=7), "wrong-type"),
        (line(likes="many"), "wrong-type"),
        (line(labels=[1]), "wrong-type"),
        (b'{"id": "1", "text": NaN}', "not-json"),
        (b'{"id": "1", "likes": 1e999}', "not-json"),
        (b'{"id": "1", "likes": ' + b"9" * 5000 + b"}", "not-json"),
        (b'{"id": "1", "text": "\xff"}', "not-utf8"),
        (b'{"id": "1", "text": "\\ud800"}', "not-utf8"),
        (b'{"id": "1", "text": "\0"}', "not-json"),
        (b'{"id": "1", "text": "cut', "not-json"),
        (b"[1, 2]", "not-an-object"),
        (b"null", "not-an-object"),
        (bytes(range(128, 256)), "not-utf8"),
        (b'{"id": "1", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "too-deep"),
    ],
)
def test_an_odd_line_is_rejected_and_the_next_one_is_read(data: bytes, reason: str) -> None:
    started = time.process_time()
    data = data.rstrip(b"\n")
    items = read(data + b"\n" + line(id="next"))
    assert time.process_time() - started < 1
    reject, post = items
    assert isinstance(reject, Reject)
    assert (reject.line, reject.reason) == (1, reason)
    assert reject.data == data[:400]
    assert isinstance(post, Post)
    assert (post.line, post.raw.id) == (2, "next")


def test_a_message_never_holds_the_words_of_the_input() -> None:
    (reject,) = read(line(rating="SECRETWORD"))
    assert isinstance(reject, Reject)
    assert "SECRETWORD" not in reject.message


def test_what_is_missing_comes_with_the_flag_that_fills_it() -> None:
    rejects = read(b'{"id": "1", "source": "s", "text": "x"}\n{"id": "1", "channel": "c", "text": "x"}\n')
    assert [
        isinstance(item, Reject) and flag in item.message
        for item, flag in zip(rejects, ("--channel", "--source"), strict=True)
    ] == [True, True]


def test_a_json_array_is_answered_with_how_to_make_jsonl_of_it() -> None:
    reject = read(b'[{"id": "1"},\n')[0]
    assert isinstance(reject, Reject)
    assert "jq" in reject.message


def test_ten_megabytes_are_read_and_more_than_the_cap_is_passed_over() -> None:
    large = line(text="a " * 5_000_000)
    items = read(large + line(text="b" * 17 * 1024 * 1024) + line(id="next"))
    first, second, third = items
    assert isinstance(first, Post)
    assert len(first.raw.text) == 10_000_000
    assert isinstance(second, Reject)
    assert (second.line, second.reason, len(second.data)) == (2, "too-large", 400)
    assert isinstance(third, Post)
    assert third.line == 3


class Endless(io.RawIOBase):
    """A line of `size` bytes made as it is read; remembers the largest request."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        size = min(len(buffer), self.left)
        self.left -= size
        buffer[:size] = b"x" * size
        return size


def test_a_line_of_a_gigabyte_is_never_held() -> None:
    import tracemalloc

    stream = io.BufferedReader(Endless(1_000_000_000), 1 << 20)
    tracemalloc.start()
    try:
        items = list(JsonLines(caps=Caps(record_bytes=1 << 20))(stream, Defaults()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(only(items), Reject)
    assert peak < 16 * 1024 * 1024


def test_ids_are_derived_on_request_and_are_the_same_again() -> None:
    data = line(id=None) + line(id=None, text="Other") + line(id="own")
    runs = [[item.raw for item in read(data, derive_ids=True) if isinstance(item, Post)] for _ in range(2)]
    assert runs[0] == runs[1]
    first, second, own = runs[0]
    assert len({first.id, second.id, own.id}) == 3
    assert len(first.id) == 64
    assert first.labels == {"id_derived": True}
    assert own.labels == {}


def test_equal_posts_of_unknown_authors_stay_apart_and_a_repeat_of_a_known_one_does_not() -> None:
    unknown = [item.raw.id for item in read(line(id=None) * 3, derive_ids=True) if isinstance(item, Post)]
    assert len(set(unknown)) == 3
    known = line(id=None, created_at="2026-01-01T10:00:00Z", author={"handle": "@ana"})
    assert len({item.raw.id for item in read(known * 3, derive_ids=True) if isinstance(item, Post)}) == 1


def test_mapping_renames_fields_and_refuses_unknown_targets() -> None:
    record = json.dumps({"id": "1", "body": "x", "stars": 4, "shop": "s"}).encode()
    mapping = {"body": "text", "stars": "rating", "shop": "source"}
    item = only(read(record, Defaults(channel="review"), mapping=mapping))
    assert isinstance(item, Post)
    assert item.raw.rating is not None
    assert (item.raw.text, item.raw.source, item.raw.rating.value) == ("x", "s", 4.0)
    with pytest.raises(SettingsError, match="txet"):
        open_posts(["-"], Options(mapping={"body": "txet"}), stdin=io.BytesIO(record))
