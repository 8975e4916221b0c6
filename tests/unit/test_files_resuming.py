"""Where reading stopped: grown, half-written, replaced and broken files, and feeds with new entries on top."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import SettingsError
from schemas.raw import RawPost
from streams.files.base import Item, Post, Reject
from streams.files.resuming import Place, StateFile, Walk, opened_state

pytestmark = pytest.mark.unit


def posts(*texts: str) -> list[Item]:
    return [Post(RawPost(id=text, source="s", channel="review", text=text), n) for n, text in enumerate(texts, 1)]


def read(place: Place, items: list[Item]) -> tuple[list[str], Place, int]:
    """What is new, the place after it, and how many were passed over."""
    walk = Walk(place)
    new = [item.raw.text if isinstance(item, Post) else item.reason for item in walk.new_items(lambda: iter(items))]
    return new, walk.place(), walk.skipped


def test_a_grown_file_gives_what_was_added() -> None:
    new, place, _ = read(Place(), posts("a", "b", "c"))
    assert new == ["a", "b", "c"]
    assert read(place, posts("a", "b", "c")) == ([], place, 3)
    new, place, skipped = read(place, posts("a", "b", "c", "d", "e"))
    assert (new, skipped) == (["d", "e"], 3)
    # words that come back are news: somebody has written them again
    assert read(place, posts("a", "b", "c", "d", "e", "a"))[0] == ["a"]


def test_the_last_item_was_half_written() -> None:
    half: list[Item] = [*posts("a", "b"), Reject(3, "not-json", "no", b'{"id": "c", "te')]
    new, place, _ = read(Place(), half)
    assert new == ["a", "b", "not-json"]
    assert read(place, posts("a", "b", "c", "d"))[0] == ["c", "d"]
    assert read(place, half)[0] == []


def test_a_replaced_file_is_read_from_its_start_without_what_was_sent_lately() -> None:
    _, place, _ = read(Place(), posts("a", "b", "c"))
    assert read(place, posts("x", "y"))[0] == ["x", "y"]
    assert read(place, posts("c", "x"))[0] == ["x"]
    new, place, skipped = read(place, posts("new", "a", "b", "c"))  # a feed
    assert (new, skipped) == (["new"], 3)
    assert read(place, posts("newer", "new", "a", "b"))[0] == ["newer"]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_every_stop_goes_on_where_it_was(count: int) -> None:
    whole = posts(*"abcde")
    walk = Walk(Place())
    going: Iterator[Item] = walk.new_items(lambda: iter(whole))
    for _ in range(count):
        next(going)
    rest, _, _ = read(walk.place(), whole)
    assert rest == list("abcde")[count:]


def test_a_file_that_cannot_be_read_keeps_its_place() -> None:
    _, place, _ = read(Place(), posts("a", "b", "c"))
    gone: list[Item] = [Reject(0, "failed", "the file cannot be read")]
    assert read(place, gone) == (["failed"], place, 0)
    broken: list[Item] = [*posts("a", "b", "c", "d"), Reject(4, "failed", "damaged")]
    new, after, _ = read(place, broken)
    assert new == ["d", "failed"]
    assert read(after, posts("a", "b", "c", "d", "e"))[0] == ["e"]


def test_a_state_is_kept_whole_and_by_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    with opened_state(path) as state:
        state.put("one", read(Place(), posts("secret words"))[1])
        state.save()
        with pytest.raises(SettingsError, match="another run"), opened_state(path):
            pass
    assert "secret" not in path.read_text()
    with opened_state(path) as state:
        assert read(state.get("one"), posts("secret words"))[0] == []
        assert state.get("two") == Place()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version": 1, "files": 3}', b"\xff\xfe"])
def test_what_is_no_state_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="no state that vocero wrote"):
        StateFile(path)
    assert path.read_bytes() == content
