"""`vocero explain`: each field has a value and a reason, and nothing is claimed that the post does not hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from enrichers.base import Draft
from enrichers.severity import Severity
from schemas.enriched import Authenticity, EnrichedPost, Flag, Intent, Sentiment, TopicRef, Translation
from schemas.identity import identity
from schemas.raw import Author, Rating
from sinks.documents import case_document, post_document
from sinks.sqlite import SQLiteSink
from streams.cases.rules import opened
from streams.cli.explain import command
from streams.explaining import Reason, explained
from streams.signals import signal_of

pytestmark = pytest.mark.unit


def post(**fields: Any) -> EnrichedPost:
    made = EnrichedPost(
        **{
            "id": "1",
            "source": "chirper",
            "channel": "social",
            "text": "No llegó",
            "clean_text": "No llegó",
            "identity": identity("social", "chirper", "1"),
            "version": 1,
            "event_time": "2026-03-01T10:00:00.000Z",
            "language": "es",
            "languages": ["es"],
            "author": Author(handle="@marta", followers=182_000),
            "translation": Translation(status="translated", text="It did not come", confidence=0.9),
            "sentiment": Sentiment(status="scored", label="negative", score=-0.8, confidence=0.9),
            "intents": [Intent(label="complaint", confidence=0.88)],
            **fields,
        }
    )
    return Severity()([Draft(post=made)])[0].post


def reasons(made: EnrichedPost, *cases: Any) -> dict[str, Reason]:
    return {reason.field: reason for reason in explained(made, cases)}


def test_severity_names_its_factors_with_the_counts_behind_them() -> None:
    made = reasons(post(likes=40))["severity"]
    text = " ".join(made.why)
    assert "182,000 followers" in text
    assert "40 likes" in text
    assert "88% sure" in text
    assert "tells nothing of the audience" in " ".join(reasons(post(author=None))["severity"].why)


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    unscored = Sentiment(status="unscored")
    found = reasons(post(sentiment=unscored, intents=[], translation=Translation(status="unsupported")))
    assert found["severity"].value == "unknown"
    assert "not the same as neutral" in found["sentiment"].why[0]
    assert found["topics"].value == "emerging"
    assert "No engine here" in found["language"].why[0]
    assert found["flags"].value == "none"
    assert "neither complains" in found["case"].why[0]


def test_the_rest_is_told_by_what_the_document_holds() -> None:
    made = post(
        rating=Rating(value=5),
        rating_disagrees=True,
        topics=[
            TopicRef(status="assigned", id="t", label="late delivery", keywords=["late"], similarity=0.7, spans=[0])
        ],
        authenticity=Authenticity(flags=[Flag(name="rating-disagrees", evidence="rated 5 of 5")]),
    )
    found = reasons(made, opened(signal_of(Draft(post=made))))
    assert "opposite of the words" in " ".join(found["sentiment"].why)
    assert "0.70 near, in sentence 1" in found["topics"].why[0]
    assert "rated 5 of 5" in found["flags"].why[0]
    assert "negative and complains" in found["case"].why[0]
    assert "company" in reasons(post(author=Author(role="company")))["case"].why[0]


def test_the_command_tells_by_post_or_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOCERO_SQLITE_PATH", str(tmp_path / "v.sqlite"))
    sink = SQLiteSink(tmp_path / "v.sqlite")
    sink.open()
    made = replace(post(), clean_text="No lleg\u00f3 \u001b[31m")
    case = opened(signal_of(Draft(post=made)))
    sink.write([post_document(made), case_document(case)])
    sink.close()
    for name in (made.identity, made.identity[:12], case.id):
        result = CliRunner().invoke(command, [name, "--json"])
        assert result.exit_code == 0, result.output
        told = json.loads(result.stdout)
        assert told["identity"] == made.identity
        assert {"severity", "sentiment", "intents", "topics", "flags", "case"} <= {
            one["field"] for one in told["reasons"]
        }
    shown = CliRunner().invoke(command, [made.identity]).output
    assert "complaint, opened" in shown
    assert "\u001b" not in shown
    assert CliRunner().invoke(command, ["case-none"]).exit_code == 1
