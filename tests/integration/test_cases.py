"""Cases and corrections on a real broker, as people use them: every step is answered, and a correction survives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

VOCERO = str(Path(sys.executable).with_name("vocero"))
POST = {
    "id": "1",
    "source": "chirper",
    "channel": "social",
    "brand": "Lumbre",
    "text": "The parcel came broken and nobody answers. Shameful, I want my money back.",
    "author": {"handle": "@marta"},
    "created_at": "2026-03-20T10:00:00Z",
}


class Team:
    """A broker's topics, a worker and a store of its own."""

    def __init__(self, address: str, folder: Path) -> None:
        self.folder = folder
        own = f"cases-{uuid.uuid4().hex[:8]}"  # the broker keeps the topics of an earlier run
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
            "VOCERO_KAFKA_BOOTSTRAP_SERVERS": address,
            "VOCERO_KAFKA_GROUP_PREFIX": own,
            "VOCERO_TOPIC_PREFIX": own,
            "VOCERO_STATE_DIR": str(folder / "state"),
            "VOCERO_REDACT_SECRET": "of the test",
            "HF_HUB_OFFLINE": "1",
            "COLUMNS": "200",
        }

    def vocero(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [VOCERO, *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=check,
        )

    def produce(self) -> None:
        (self.folder / "posts.jsonl").write_text(json.dumps(POST) + "\n", encoding="utf-8")
        self.vocero("produce", "posts.jsonl")

    def rows(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.vocero(*words, check=False).stdout.splitlines()]

    def until(self, *words: str, holds: Any) -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if (rows := self.rows(*words)) and holds(rows[0]):
                return rows[0]
            time.sleep(0.5)
        raise AssertionError(f"{words} did not come to show it; last: {self.rows(*words)}")


@pytest.fixture
def team(kafka_server: str, tmp_path: Path) -> Iterator[Team]:
    made = Team(kafka_server, tmp_path)
    made.vocero("setup", "--partitions", "2")
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen([VOCERO, "run"], env=made.environment, cwd=tmp_path, stderr=log)
    try:
        made.produce()
        yield made
    finally:
        worker.terminate()
        worker.wait(30)


def test_a_link_is_parted_from_the_command_line_and_stays_so(team: Team) -> None:
    again = POST | {"channel": "review", "source": "shop", "created_at": "2026-03-21T10:00:00Z"}
    owned = [one | {"author": {"handle": "@marta", "customer_id": "C-7"}, "id": "9"} for one in (POST, again)]
    (team.folder / "two.jsonl").write_text("".join(json.dumps(one) + "\n" for one in owned), encoding="utf-8")
    team.vocero("produce", "two.jsonl")
    linked = team.until("links", "--json", holds=lambda row: row["links"])
    one, other = linked["identity"], linked["links"][0]["identity"]
    sent = team.vocero("links", "part", one[:12], other, "--actor", "ana")
    assert "are two" in sent.stderr
    parted = ("links", "--post", one, "--json")
    team.until(*parted, holds=lambda row: all(link["identity"] != other for link in row["links"]))
    team.vocero("produce", "two.jsonl")
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
    team.produce()
    again = team.until(
        "search", "parcel", "--json", holds=lambda row: row["feedback"]["provenance"]["raw"]["offset"] > offset
    )
    assert again["feedback"]["sentiment"]["label"] == "neutral"
    assert again["feedback"]["correction"]["model"]["sentiment"]["label"] == "negative"
    (example,) = team.rows("correct", "export")
    assert (example["sentiment"], example["text"]) == ("neutral", POST["text"])
    team.until("cases", "--json", holds=lambda row: row["step"] == 3)
    assert "1 cases" in team.vocero("cases", "replay").stdout
