"""`vocero topics`: what it lists and shows, and what it refuses before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.topics import Topic, TopicCommand
from sinks.documents import topic_document
from streams.cli import cli, topics
from streams.settings import Settings, load_settings
from streams.wiring import build_sink

pytestmark = pytest.mark.unit

TIME = "2026-03-24T09:00:00.000Z"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "posts.sqlite"
    monkeypatch.setenv("VOCERO_STORE", "sqlite")
    monkeypatch.setenv("VOCERO_SQLITE_PATH", str(path))
    monkeypatch.setenv("VOCERO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("VOCERO_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    sink = build_sink(load_settings())
    sink.open()
    known = [
        Topic(
            id="t-1",
            label="late delivery",
            keywords=["late delivery", "courier"],
            count=30,
            examples=["It is late."],
            group="g-1",
        ),
        Topic(id="t-2", label="label scratches", count=50, pinned_label=True, examples=["It scratches."]),
        Topic(id="t-3", label="couriers", count=9, status="merged", merged_into="t-1"),
    ]
    sink.write([topic_document(Topic(**{**_fields(one), "updated_at": TIME, "centroid": "AACAPw=="})) for one in known])
    sink.close()
    return path


def _fields(topic: Topic) -> dict[str, object]:
    return {name: getattr(topic, name) for name in topic.__struct_fields__}


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["topics", *words])


def test_active_topics_are_listed_the_largest_first(store: Path) -> None:
    listed = [json.loads(line) for line in run("--json").stdout.splitlines()]
    assert [topic["id"] for topic in listed] == ["t-2", "t-1"]
    assert all("centroid" not in topic for topic in listed)
    everything = [json.loads(line) for line in run("--all", "--json").stdout.splitlines()]
    assert [topic["id"] for topic in everything] == ["t-2", "t-1", "t-3"]


def test_a_topic_is_shown_with_what_became_of_it(store: Path) -> None:
    assert "given by a person" in run("show", "t-2").stdout
    shown = run("show", "t-3")
    assert "merged" in shown.stdout
    assert "t-1" in shown.stdout
    assert json.loads(run("show", "t-1", "--json").stdout)["keywords"] == ["late delivery", "courier"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "t-9"), 1, "no topic t-9"),
        (("rename", "t-9", "x", "--actor", "ana"), 1, "no topic t-9"),
        (("rename", "t-1", "  ", "--actor", "ana"), 2, "1 to 200"),
        (("rename", "t-1", "x"), 2, "--actor"),
        (("merge", "t-1", "t-1", "--actor", "ana"), 2, "into itself"),
        (("merge", "t-3", "t-1", "--actor", "ana"), 1, "was merged into t-1"),
        (("merge", "t-1", "t-9", "--actor", "ana"), 1, "no topic t-9"),
        (("undo", "t-1", "--actor", "ana"), 1, "not merged"),
        (("undo", "t-3"), 2, "--actor"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(store: Path, words: tuple[str, ...], code: int, said: str) -> None:
    result = run(*words)
    assert result.exit_code == code, result.output
    assert said in result.output + str(result.exception)


def test_a_word_is_sent_as_a_command(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[TopicCommand] = []

    def keep(settings: Settings, order: TopicCommand) -> None:
        sent.append(order)

    monkeypatch.setattr(topics, "_send", keep)
    assert run("rename", "t-1", " Post that  never comes ", "--actor", "ana").exit_code == 0
    assert run("merge", "t-1", "t-2", "--actor", "ana").exit_code == 0
    assert run("undo", "t-3", "--actor", "ana").exit_code == 0
    assert [(one.action, one.topic, one.label, one.into) for one in sent] == [
        ("rename", "t-1", "Post that never comes", None),
        ("merge", "t-1", None, "t-2"),
        ("undo", "t-3", None, None),
    ]
    assert all(one.actor == "ana" for one in sent)


def test_groups_are_listed_with_their_topics(store: Path) -> None:
    groups = [json.loads(line) for line in run("--groups", "--json").stdout.splitlines()]
    assert [(one["group"], [topic["id"] for topic in one["topics"]]) for one in groups] == [
        (None, ["t-2"]),
        ("g-1", ["t-1"]),
    ]
    assert all("centroid" not in topic for one in groups for topic in one["topics"])
    assert "1 topics, 30 sentences" in run("--groups").stdout
