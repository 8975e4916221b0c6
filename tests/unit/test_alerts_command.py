"""`vocero alerts acknowledge`: what it sends, that it waits until the store tells so, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from schemas.alerts import Acknowledgement, Alert, AlertCommand
from sinks.documents import alert_document
from streams.cli import alerts, cli
from streams.settings import Settings, load_settings
from streams.wiring import build_sink

pytestmark = pytest.mark.unit


def alert(name: str, **fields: object) -> Alert:
    values: dict[str, object] = {
        "id": name,
        "series": "brand=B/place=Porto",
        "brand": "B",
        "dimension": "place",
        "value": "Porto",
        "state": "started",
        "version": 1,
        "since": "2026-03-24T07:00:00.000Z",
        "at": "2026-03-24T08:00:00.000Z",
        "window_seconds": 3600,
        "observed": 9.0,
        "expected": 1.0,
        "score": 6.0,
        "incident": "i-1",
        "leads": True,
        "leading": "brand=B/place=Porto",
        **fields,
    }
    return Alert(**values)  # type: ignore[arg-type]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("VOCERO_STORE", "sqlite")
    monkeypatch.setenv("VOCERO_SQLITE_PATH", str(tmp_path / "posts.sqlite"))
    monkeypatch.setenv("VOCERO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("VOCERO_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    store(load_settings(), alert("a-1"), alert("a-2", state="ended", incident="i-2"))
    return load_settings()


def store(settings: Settings, *told: Alert) -> None:
    sink = build_sink(settings)
    sink.open()
    sink.write([alert_document(one) for one in told])
    sink.close()


def acknowledge(*words: str) -> Result:
    return CliRunner().invoke(cli, ["alerts", "acknowledge", *words])


@pytest.mark.parametrize("name", ["a-1", "i-1"])
def test_an_alert_is_taken_on_by_its_own_name_or_its_incidents(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[AlertCommand] = []

    def send(_: Settings, order: AlertCommand) -> None:
        sent.append(order)
        word = Acknowledgement(by=order.actor, at=order.at, note=order.note, command=order.id)
        store(settings, replace(alert("a-1"), version=2, acknowledged=word))

    monkeypatch.setattr(alerts, "_send", send)
    result = acknowledge(name, "--by", "Inés", "--note", "called them")
    assert result.exit_code == 0, result.output
    (order,) = sent
    assert (order.alert_id, order.brand, order.actor, order.note) == ("a-1", "B", "Inés", "called them")
    listed = CliRunner().invoke(cli, ["alerts"]).stdout
    assert "taken on by Inés: called them" in listed


def test_without_a_worker_it_says_that_nobody_has_told_yet(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "_send", lambda *_: None)
    result = acknowledge("a-1", "--by", "Inés", "--wait", "0")
    assert settings.store == "sqlite"
    assert result.exit_code == 1
    assert "Kafka keeps it" in result.stderr


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(("name", "reason"), [("none", "there is no alert none"), ("a-2", "has ended")])
def test_what_is_unknown_or_over_is_refused(name: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "_send", lambda *_: pytest.fail("nothing may be sent"))
    result = acknowledge(name, "--by", "Inés")
    assert result.exit_code != 0
    assert reason in f"{result.output}{result.exception}"
