"""Metrics of real Faust agents on the embedded broker, and what a worker listens on: nothing but what we opened."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.enriched import Intent, Sentiment, Severity
from sinks.base import Document, Outcome, Status
from sinks.memory import MemorySink
from streams import embedded
from streams.embedded import Parcel, play
from streams.metrics import Metrics
from streams.settings import load_settings
from streams.topics import Topics
from streams.wiring import STAGES, build_flow
from tests.servers import free_port

pytestmark = pytest.mark.agents

VOCERO = str(Path(sys.executable).with_name("vocero"))


class Marking:
    """A stand-in for the models: a post with the word `bad` is a complaint."""

    name = "marking"
    version = "1"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        return [self._marked(draft) for draft in drafts]

    @staticmethod
    def _marked(draft: Draft) -> Draft:
        bad = "bad" in draft.post.text
        return draft.with_post(
            clean_text=draft.post.text,
            language="en",
            sentiment=Sentiment(status="scored", label="negative" if bad else "positive", score=0.5, confidence=1),
            intents=[Intent(label="complaint" if bad else "praise", confidence=1.0)],
            severity=Severity(score=0.5 if bad else 0.0, negativity=0.5, reach=0.1),
        )

    def close(self) -> None:
        """Nothing is open."""


class Away(MemorySink):
    """A store that is away for its first write."""

    away = True

    def write(self, documents: Sequence[Document], *, until: float = math.inf) -> list[Outcome]:
        if self.away:
            self.away = False
            return [Outcome(Status.RETRY, "away") for _ in documents]
        return super().write(documents)


def story(topics: Topics) -> Iterable[Parcel]:
    """24 quiet days and a bad one, with two records that cannot be used."""
    for number in range(24 * 3 + 30):
        day = min(25, 1 + number // 3)
        post = {
            "id": str(number),
            "source": "shop",
            "channel": "review",
            "text": "bad" if day == 25 or number % 9 == 0 else "good",
            "brand": "Lumbre",
            "created_at": f"2026-03-{day:02d}T{number % 24:02d}:00:00Z",
        }
        yield Parcel(topics.raw["review"], str(number).encode(), json.dumps(post).encode(), {})
    for _ in range(2):
        yield Parcel(topics.raw["social"], b"x", b"{not json", {})


def test_what_the_stages_did_is_what_the_metrics_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics(STAGES)
    monkeypatch.setattr(embedded, "build_flow", partial(build_flow, observer=metrics))
    settings = load_settings(environ={"VOCERO_STATE_DIR": str(tmp_path), "VOCERO_STORE": "memory"})
    began = time.monotonic()
    outcome = play(settings, story, sink=Away, chain=lambda _: Chain([Marking()]))
    assert outcome.complete, outcome

    def value(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(name, labels) or 0.0

    for stage in ("enrich", "index", "alert", "case"):  # the stand-in teaches `learn` nothing
        told = [value("vocero_records_total", stage=stage, outcome=outcome) for outcome in ("settled", "dead-lettered")]
        assert sum(told) == outcome.settled[stage] == value("vocero_batch_records_sum", stage=stage)
        assert value("vocero_batch_seconds_count", stage=stage) > 0
        assert value("vocero_idle_seconds", stage=stage) < time.monotonic() - began
    assert value("vocero_records_total", stage="enrich", outcome="dead-lettered") == 2
    assert value("vocero_dead_letters_total", stage="enrich", reason="not-json") == 2
    assert value("vocero_indexed_latency_seconds_count") == 102
    assert value("vocero_alert_latency_seconds_count") > 0
    assert 0 < value("vocero_indexed_latency_seconds_sum") / 102 < outcome.seconds
    assert value("vocero_store_retries_total", stage="index") > 0
    assert metrics.waiting() == {}
    lags = metrics.lags()
    assert lags[("enrich", "feedback.raw.reviews")] == 0
    assert set(lags.values()) == {0}


@contextmanager
def worker(folder: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """A worker of two light stages on the embedded broker: its process, the broker's port, its stderr."""
    log = folder / "log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")}
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [VOCERO, "run", "alert", "case", "--embedded", "--log-format", "json"],
            env={**kept, "VOCERO_STORE": "memory", **environment},
            cwd=folder,
            stderr=stderr,
            text=True,
        )
    try:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"embedded broker: 127\.0\.0\.1:(\d+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield process, int(found[1]), log
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0, log.read_text()


def listening(process: subprocess.Popen[str]) -> set[tuple[str, int]]:
    connections = psutil.Process(process.pid).net_connections(kind="inet")
    return {tuple(one.laddr) for one in connections if one.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)}


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def test_a_worker_listens_where_it_was_told_and_nowhere_else(tmp_path: Path) -> None:
    port = free_port()
    with worker(tmp_path, VOCERO_METRICS_PORT=str(port)) as (process, broker, log):
        deadline = time.monotonic() + 60
        while status(port, "/readyz") != 200:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        assert status(port, "/healthz") == 200
        assert listening(process) == {("127.0.0.1", broker), ("127.0.0.1", port)}
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert all(set(line) >= {"time", "level", "logger", "message"} for line in lines)
    assert any("running alert, case" in line["message"] for line in lines)


def test_without_a_port_only_the_embedded_broker_listens(tmp_path: Path) -> None:
    with worker(tmp_path) as (process, broker, log):
        time.sleep(5)  # Faust's own server would be up by now
        assert process.poll() is None, log.read_text()
        assert listening(process) == {("127.0.0.1", broker)}


def test_a_failure_is_a_json_line_too(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")}
    words = [VOCERO, "run", "alert", "--log-format", "json"]
    found = subprocess.run(words, env=kept, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 2
    (line,) = [json.loads(line) for line in found.stderr.splitlines()]
    assert line["level"] == "critical"
    assert "VOCERO_KAFKA_BOOTSTRAP_SERVERS" in line["message"]
