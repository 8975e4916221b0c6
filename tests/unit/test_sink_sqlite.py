"""What can be wrong with the SQLite file, and what the sink says of it."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import StoreError
from sinks.base import Document, Query, Removal, Status, Subject
from sinks.sqlite import SQLiteSink
from sinks.sqlite_schema import match_expression

pytestmark = pytest.mark.unit


def document(identity: str = "a", version: int = 1) -> Document:
    return Document("posts", identity, version, {"feedback": {"clean_text": "Atención", "brand": "Lumo"}})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def opened(path: Path, busy_seconds: float = 10.0) -> SQLiteSink:
    sink = SQLiteSink(path, busy_seconds=busy_seconds)
    sink.open()
    return sink


def test_the_file_is_its_owners_alone(path: Path) -> None:
    sink = opened(path)
    sink.write([document()])
    files = list(path.parent.iterdir())
    assert len(files) == 3  # the file, its WAL and the WAL's index
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    sink.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_no_database(path: Path) -> None:
    path.write_bytes(b"this is a text, and a long enough one to be looked at as a database " * 50)
    with pytest.raises(StoreError, match="damaged or no SQLite database"):
        opened(path)
    assert path.read_bytes().startswith(b"this is a text")


def test_another_programs_database_is_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE documents (theirs)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program's"):
        opened(path)
    assert path.read_bytes() == before


def test_a_newer_file_is_left_alone(path: Path) -> None:
    opened(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreError, match="newer vocero"):
        opened(path)


def test_damage_found_later(path: Path) -> None:
    sink = opened(path)
    sink.write([document(str(number)) for number in range(2_000)])
    sink.close()
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(4096))
    sink = opened(path)
    for call in (
        lambda: sink.search(Query(text="atencion")),
        lambda: sink.get("posts", ["7"]),
        lambda: sink.write([document("new")]),
    ):
        with pytest.raises(StoreError, match="damaged"):
            call()
    sink.close()


def test_a_folder_and_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path, tmp_path / "file" / "store.sqlite", Path("/proc/store.sqlite")):
        with pytest.raises(StoreError, match="cannot be opened"):
            opened(wrong)


def test_unwritable(path: Path) -> None:
    opened(path).close()
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; run the tests as another user for this one")
    path.chmod(0o400)
    with pytest.raises(StoreError, match="cannot be opened for writing"):
        opened(path)


def test_a_file_that_vanished_is_not_made_anew(path: Path) -> None:
    sink = opened(path)
    sink.close()
    with pytest.raises(StoreError, match="call open"):
        sink.get("posts", ["a"])
    sink.open()
    sink.close()
    path.unlink()
    sink._opened = True
    with pytest.raises(StoreError, match="check that it exists"):
        sink.get("posts", ["a"])
    assert not path.exists()


def test_busy_is_tried_again_and_reading_goes_on(path: Path) -> None:
    sink = opened(path, busy_seconds=0.05)
    sink.write([document()])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcomes = sink.write([document("b"), document("c")])
    assert [one.status for one in outcomes] == [Status.RETRY] * 2
    assert "writing" in outcomes[0].reason
    assert sink.search(Query(text="atencion")).total == 1
    other.execute("ROLLBACK")
    other.close()
    assert [one.status for one in sink.write([document("b"), document("c")])] == [Status.WRITTEN] * 2
    sink.close()


def test_a_full_disk_is_tried_again_and_leaves_no_half_batch(path: Path) -> None:
    sink = opened(path)
    sink.write([document()])
    with sink._connection() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    outcomes = sink.write([document(str(number)) for number in range(500)])
    assert {one.status for one in outcomes} == {Status.RETRY}
    assert "full" in outcomes[0].reason
    assert sink.count("posts") == 1
    sink.close()


KILLED = """
import os, sys
from sinks.base import Document
from sinks.sqlite import SQLiteSink
sink = SQLiteSink(sys.argv[1])
sink.open()
for number in range(1_000_000):
    batch = [Document("posts", f"{number}-{one}", 1, {"feedback": {"clean_text": "x"}}) for one in range(5)]
    sink.write(batch)
    print(number, flush=True)
"""


def test_kill_minus_nine_keeps_what_was_written(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == "30":
                child.kill()
                break
        written = 31 + len(child.stdout.readlines())
    sink = opened(path)
    # the last batch may have been committed without being reported
    assert sink.count("posts") in (5 * written, 5 * (written + 1))
    assert all(sink.get("posts", [f"{number}-{one}" for number in range(written) for one in range(5)]))
    sink.close()


def test_a_file_of_the_first_version_learns_whose_documents_are(path: Path) -> None:
    sink = opened(path)
    mine = Document("posts", "mine", 1, {"feedback": {"author": {"handle": "@ana"}}})
    sink.write([document(), mine])
    sink.close()
    older = sqlite3.connect(path)
    older.executescript("DELETE FROM facets WHERE name = 'handles'; PRAGMA user_version = 1;")
    older.close()
    assert opened(path).find("posts", Subject(handles=("@ana",))) == [mine]


def test_deleting_takes_the_words_out_of_the_file(path: Path) -> None:
    sink = opened(path)
    word = "Zwiebelkuchenrezept"
    secret = Document("posts", "s", 1, {"feedback": {"clean_text": word, "author": {"handle": word}}})
    sink.write([document(str(number)) for number in range(50)] + [secret])
    assert any(word.encode() in file.read_bytes() for file in path.parent.iterdir())
    assert sink.delete([Removal("posts", "s", 1)], at="2026-01-01T00:00:00Z")[0].status is Status.WRITTEN
    for file in path.parent.iterdir():
        assert b"zwiebelkuchen" not in file.read_bytes().lower(), file.name


def test_match_expressions() -> None:
    assert match_expression(Query('late  "came late" don\'t')) == '"late" "came late" "don\'t"'
    assert match_expression(Query('late "came late"', words="any")) == '"late" OR "came late"'
    assert match_expression(Query('a" OR b')) == '"a" "OR b"'
    assert match_expression(Query('"" * :')) == ""
    assert len(match_expression(Query("word " * 1_000)).split()) == 32
