"""`vocero purge` on a SQLite store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.errors import SettingsError
from schemas.identity import from_millis
from sinks.base import Document, Kind, Query
from sinks.sqlite import SQLiteSink
from streams.cli import cli
from streams.cli.purge import STEP, age

pytestmark = pytest.mark.unit

DAY = 24 * 3_600_000
NOW = time.time_ns() // 1_000_000


@pytest.fixture
def sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQLiteSink]:
    monkeypatch.setenv("VOCERO_SQLITE_PATH", str(tmp_path / "store.sqlite"))
    made = SQLiteSink(tmp_path / "store.sqlite")
    made.open()
    yield made
    made.close()


def aged(kind: Kind, identity: str, days: float | None) -> Document:
    time_of = {} if days is None else {"@timestamp": from_millis(NOW - int(days * DAY))}
    return Document(kind, identity, 1, {**time_of, "feedback": {}})


def purge(*words: str) -> Any:
    return CliRunner().invoke(cli, ["purge", *words])


def test_what_is_older_goes_and_the_journal_says_so(sink: SQLiteSink) -> None:
    old = [aged("posts", f"old{number}", 91 + number / 1000) for number in range(STEP + 5)]
    sink.write([*old, aged("posts", "young", 89), aged("posts", "timeless", None), aged("alerts", "a", 200)])
    dry = purge("--older-than", "90d", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert f"posts: {STEP + 5} would go" in dry.stdout
    assert (sink.count("posts"), sink.count("journal")) == (STEP + 7, 0)
    done = purge("--older-than", "90d", "--json")
    assert done.exit_code == 0, done.output
    lines = {one["kind"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert {kind: one["removed"] for kind, one in lines.items()} == {
        "posts": STEP + 5,
        "cases": 0,
        "alerts": 1,
        "dead-letters": 0,
    }
    assert {one.id for one in sink.search(Query()).documents} == {"young", "timeless"}
    entries = [one.body["feedback"]["journal"] for one in sink.search(Query(kind="journal")).documents]
    assert sorted((one["action"], one["kind"], one["documents"]) for one in entries) == [
        ("purge", "alerts", 1),
        ("purge", "posts", STEP + 5),
    ]
    assert "posts: 0 removed" in purge("--older-than", "90d").stdout
    assert sink.count("journal") == 2, "nothing done, nothing to record"


def test_only_the_kinds_that_are_named(sink: SQLiteSink) -> None:
    sink.write([aged(kind, "x", 400) for kind in ("posts", "cases", "alerts", "topics", "journal")])
    assert purge("--older-than", "1y", "--kind", "topics", "--kind", "journal").exit_code == 0
    assert [sink.count(kind) for kind in ("posts", "cases", "alerts", "topics")] == [1, 1, 1, 0]
    assert [one.id for one in sink.search(Query(kind="journal")).documents] != ["x"]


@pytest.mark.parametrize("text", ["90", "0d", "-1d", "d", "1.5d", "90 d", "9999999d", "300y", "", "९d"])
def test_ages_that_are_none(text: str) -> None:
    with pytest.raises(SettingsError):
        age(text)
    assert age("36h") == 36 * 3_600_000
    assert age("2y") == 730 * DAY
