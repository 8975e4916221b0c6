"""`vocero alerts --follow`: what was there is not told, each newer state is told once."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.alerts import Alert
from sinks.documents import alert_document
from sinks.memory import MemorySink
from streams.cli.alerts import changes, leads

pytestmark = pytest.mark.unit


def alert(name: str, version: int, **fields: Any) -> Alert:
    values: dict[str, Any] = {
        "id": name,
        "series": f"brand=B/place={name}",
        "brand": "B",
        "dimension": "place",
        "value": name,
        "state": "started",
        "version": version,
        "since": "2026-03-24T07:00:00.000Z",
        "at": f"2026-03-24T08:00:{version:02d}.000Z",
        "window_seconds": 3600,
        "observed": 9.0,
        "expected": 1.0,
        "score": 6.0,
        **fields,
    }
    return Alert(**values)


def test_each_round_gives_what_is_new() -> None:
    sink = MemorySink()
    sink.open()
    sink.write([alert_document(alert("old", 1))])
    rounds = iter([[alert("b", 3), alert("a", 2)], [alert("a", 2)], [alert("old", 5, state="ended")]])
    stream = changes(sink, lambda: sink.write([alert_document(one) for one in next(rounds)]) and None)
    told = [(one["id"], one["version"], one["state"]) for _, one in zip(range(3), stream, strict=False)]
    assert told == [("a", 2, "started"), ("b", 3, "started"), ("old", 5, "ended")]


def test_people_see_one_alert_of_an_incident() -> None:
    assert leads({"leads": True, "incident": "x"})
    assert leads({})
    assert not leads({"incident": "x"})
