"""From paths to posts: formats, folders, gzip, standard input, and files that break."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest

from schemas.errors import SettingsError
from streams.files import Caps, Defaults, Item, Options, Post, Reject, open_posts
from streams.files.detect import by_content, by_name
from streams.files.opening import total_bytes

pytestmark = pytest.mark.unit
GIVEN = Options(defaults=Defaults(channel="review"))
RECORD = b'{"id": "1", "source": "s", "channel": "review", "text": "x"}\n'
MAIL = b"From: a@example.org\nSubject: s\nMessage-ID: <1@example.org>\n\nHello.\n"
MBOX = b"From a@example.org Thu Jan  1 10:00:00 2026\n" + MAIL


def stdin(data: bytes, options: Options = GIVEN) -> list[Item]:
    return list(open_posts(["-"], options, stdin=io.BytesIO(data)))


def posts(items: list[Item]) -> list[Post]:
    assert not [item for item in items if isinstance(item, Reject)]
    return [item for item in items if isinstance(item, Post)]


@pytest.mark.parametrize(
    ("name", "format_", "packed"),
    [
        ("a.jsonl", "jsonl", False),
        ("A.JSONL.GZ", "jsonl", True),
        ("a.ndjson", "jsonl", False),
        ("a.tsv", "csv", False),
        ("a.mbox", "mbox", False),
        ("a.eml", "eml", False),
        ("a.txt.gz", "text", True),
        ("mails", None, False),
        ("a.gz", None, True),
    ],
)
def test_formats_are_told_by_name(name: str, format_: str | None, packed: bool) -> None:
    assert by_name(name) == (format_, packed)


@pytest.mark.parametrize(
    ("head", "format_"),
    [
        (RECORD, "jsonl"),
        (b"\xef\xbb\xbf\n" + RECORD, "jsonl"),
        (MBOX, "mbox"),
        (MAIL, "eml"),
        (b"Received: by mx\n\tfor you\nSubject: s\n\nx", "eml"),
        (b"id,text\n1,x\n", "csv"),
        (b"nr;Comment\n1;x\n", "csv"),
        (b"Subject: only one line that looks like mail, then words\nand more\nand more", "text"),
        (b"Hello, this is text\n", "text"),
        (b"", "text"),
        (b"PK\x03\x04\x00\x00", None),
        ("id,text".encode("utf-16"), None),
    ],
)
def test_formats_are_told_by_how_a_file_begins(head: bytes, format_: str | None) -> None:
    assert by_content(head, ["text", "id", "comment"]) == format_


@pytest.mark.parametrize(
    ("data", "channel", "identifier"),
    [
        (RECORD, "review", "1"),
        (MBOX, "review", "1@example.org"),
        (MAIL, "review", "1@example.org"),
        (b"id,text\n7,x\n", "review", "7"),
    ],
)
def test_standard_input_is_read_by_how_it_begins(data: bytes, channel: str, identifier: str) -> None:
    for given in (data, gzip.compress(data)):
        (post,) = posts(stdin(given))
        assert (post.raw.id, post.raw.channel, post.file) == (identifier, channel, "-")


def test_binary_standard_input_is_one_reject() -> None:
    (reject,) = stdin(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    assert isinstance(reject, Reject)
    assert (reject.line, reject.reason) == (0, "bad-value")
    assert "CSV" in reject.message


def test_a_slow_pipe_is_not_waited_for() -> None:
    receiving, sending = os.pipe()
    with open(receiving, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
        os.write(sending, RECORD)
        items = open_posts(["-"], GIVEN, stdin=stream)
        assert isinstance(next(items), Post)  # the pipe is still open, and holds no more
        os.close(sending)
        assert list(items) == []


def test_mail_without_a_channel_is_email_and_takes_its_mailbox_as_source(tmp_path: Path) -> None:
    (tmp_path / "support.mbox.gz").write_bytes(gzip.compress(MBOX))
    (post,) = posts(list(open_posts([tmp_path / "support.mbox.gz"], Options())))
    assert (post.raw.channel, post.raw.source) == ("email", "support")


def test_a_folder_gives_its_files_in_order_and_its_name_as_source(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    (folder / "more").mkdir(parents=True)
    (folder / "b.txt").write_text("bee")
    (folder / "a.eml").write_bytes(MAIL)
    (folder / "more" / "c.txt").write_text("see")
    (folder / "d.png").write_bytes(b"\x89PNG\x00")
    (folder / ".hidden.txt").write_text("no")
    items = list(open_posts([folder], GIVEN))
    assert [Path(item.file).name for item in items] == ["a.eml", "b.txt", "d.png", "c.txt"]
    assert [type(item) for item in items] == [Post, Post, Reject, Post]
    assert isinstance(items[0], Post)
    assert items[0].raw.source == "letters"
    assert total_bytes([folder]) == sum(len(data) for data in (b"bee", MAIL, b"see", b"\x89PNG\x00"))


def test_an_empty_folder_a_missing_file_and_a_mapping_without_columns_are_misuse(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="without files"):
        open_posts([tmp_path], GIVEN)
    with pytest.raises(SettingsError, match="does not exist"):
        open_posts([tmp_path / "none.jsonl"], GIVEN)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(SettingsError, match="--channel"):
        open_posts([tmp_path / "a.txt"], Options())
    with pytest.raises(SettingsError, match="--map"):
        open_posts([tmp_path / "a.txt"], Options(defaults=Defaults(channel="review"), mapping={"a": "text"}))


def test_a_header_that_does_not_fit_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(RECORD)
    (tmp_path / "b.csv").write_text("id,words\n1,x\n")
    with pytest.raises(SettingsError, match="--map COLUMN=text"):
        open_posts([tmp_path / "a.jsonl", tmp_path / "b.csv"], GIVEN)


def test_a_file_that_cannot_be_read_is_a_reject_and_the_next_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_bytes(RECORD)
    really_open = Path.open

    def refuse(path: Path, mode: str = "r") -> object:
        if path.name == "a.jsonl":
            raise PermissionError(13, "Permission denied")
        return really_open(path, mode)

    monkeypatch.setattr(Path, "open", refuse)
    reject, post = open_posts([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], GIVEN)
    assert isinstance(reject, Reject)
    assert (reject.line, reject.reason) == (0, "failed")
    assert "Permission denied" in reject.message
    assert isinstance(post, Post)


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_gzip_gives_what_it_holds_and_a_reject(tmp_path: Path, damage: str) -> None:
    packed = bytearray(gzip.compress(b"".join(RECORD.replace(b'"x"', b'"%d"' % n) for n in range(5_000))))
    if damage == "cut":
        del packed[-20:]
    else:
        packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    (tmp_path / "b.jsonl").write_bytes(RECORD)
    items = list(open_posts([tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl"], GIVEN))
    assert isinstance(items[0], Post)
    assert isinstance(items[-1], Post)
    assert [item.reason for item in items if isinstance(item, Reject)][-1] == "failed"


def test_a_gzip_bomb_is_stopped() -> None:
    packed = gzip.compress(b"x" * 20_000_000)
    caps = Caps(gzip_ratio=100, gzip_free_bytes=1_000_000)
    (item,) = stdin(packed, Options(format="text", defaults=Defaults(channel="review"), caps=caps))
    assert isinstance(item, Reject)
    assert item.reason == "too-large"
    assert "unpack" in item.message


def test_bytes_are_told_as_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(RECORD * 10)
    told: list[int] = []
    items = open_posts([tmp_path / "a.jsonl"], GIVEN, on_bytes=told.append)
    assert sum(told) == 0
    assert len(list(items)) == 10
    assert sum(told) == len(RECORD) * 10
    assert total_bytes(["-"]) is None
