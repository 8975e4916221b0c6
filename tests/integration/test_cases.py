"""Cases and corrections on a real broker, as people use them: every step is answered, and a correction survives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.team import Team

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

POST = {
    "id": "1",
    "source": "chirper",
    "channel": "social",
    "brand": "Lumbre",
    "text": "The parcel came broken and nobody answers. Shameful, I want my money back.",
    "author": {"handle": "@marta"},
    "created_at": "2026-03-20T10:00:00Z",
}


@pytest.fixture
def team(kafka_server: str, tmp_path: Path) -> Iterator[Team]:
    made = Team(kafka_server, tmp_path)
    made.vocero("setup", "--partitions", "2")
    with made.working():
        made.produce(POST)
        yield made


def test_a_link_is_parted_from_the_command_line_and_stays_so(team: Team) -> None:
    again = POST | {"channel": "review", "source": "shop", "created_at": "2026-03-21T10:00:00Z"}
    owned = [one | {"author": {"handle": "@marta", "customer_id": "C-7"}, "id": "9"} for one in (POST, again)]
    team.produce(*owned)
    linked = team.until("links", "--json", holds=lambda row: row["links"])
    one, other = linked["identity"], linked["links"][0]["identity"]
    sent = team.vocero("links", "part", one[:12], other, "--actor", "ana")
    assert "are two" in sent.stderr
    parted = ("links", "--post", one, "--json")
    team.until(*parted, holds=lambda row: all(link["identity"] != other for link in row["links"]))
    team.produce(*owned)
    team.vocero("links", "join", one, other, "--actor", "ana")
    joined = team.until(*parted, holds=lambda row: any(link["identity"] == other for link in row["links"]))
    assert next(link for link in joined["links"] if link["identity"] == other)["evidence"] == ["linked by a person"]
    refused = team.vocero("links", "part", one, "nowhere-to-be-found", "--actor", "ana", check=False)
    assert refused.returncode == 1
    assert "there is no such post" in refused.stderr


def test_every_step_is_answered_and_a_correction_survives_re_enrichment(team: Team) -> None:
    case = team.until("cases", "--json", holds=lambda row: row["state"] == "opened")
    early = team.vocero("cases", "move", case["id"], "request-removal", "--actor", "ana", check=False)
    assert early.returncode == 1
    assert "not possible from opened" in early.stderr
    assert "contacted now" in team.vocero("cases", "move", case["id"], "contact", "--actor", "ana").stderr
    late = team.vocero("cases", "move", case["id"], "acknowledge", "--actor", "luis", "--expected", "1", check=False)
    assert late.returncode == 1
    assert "contact by ana" in late.stderr
    unknown = "case-000000000000000000000000"
    kept = team.vocero("cases", "move", unknown, "note", "--actor", "ana", "--brand", "Lumbre", check=False)
    assert "waiting: this brand has no such case yet" in kept.stderr
    team.vocero("correct", case["identity"], "--sentiment", "neutral", "--actor", "ana")
    before = team.until(
        "search", "parcel", "--json", holds=lambda row: row["feedback"]["sentiment"]["label"] == "neutral"
    )
    offset = before["feedback"]["provenance"]["raw"]["offset"]
    team.produce(POST)
    again = team.until(
        "search", "parcel", "--json", holds=lambda row: row["feedback"]["provenance"]["raw"]["offset"] > offset
    )
    assert again["feedback"]["sentiment"]["label"] == "neutral"
    assert again["feedback"]["correction"]["model"]["sentiment"]["label"] == "negative"
    (example,) = team.rows("correct", "export")
    assert (example["sentiment"], example["text"]) == ("neutral", POST["text"])
    team.until("cases", "--json", holds=lambda row: row["step"] == 3)
    assert "1 cases" in team.vocero("cases", "replay").stdout
