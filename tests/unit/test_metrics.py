"""Metrics: what a scrape says after what stages told, the server's answers, and logs without anybody's words."""

from __future__ import annotations

import http.client
import json
import logging
import socket
from collections.abc import Iterator

import pytest

from schemas.errors import RejectedInput, SettingsError
from streams.delivery.dead_letters import dead_letter
from streams.delivery.observer import Partition
from streams.headers import cloud_event
from streams.logs import JSONLines
from streams.metrics import Metrics
from streams.records import Message, Record
from streams.serve import MetricsServer
from streams.settings import load_settings

pytestmark = pytest.mark.unit


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def record(offset: int, *, kind: str = "post.enriched", arrived_ms: int | None = 1_000_000) -> Record:
    headers = cloud_event(kind=kind, stage="enrich", event_id="1", time="2026-03-01T00:00:00Z", arrived_ms=arrived_ms)
    return Record("feedback.enriched", 0, offset, b"k", b"ana@example.org says no", 0, headers)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics(clock: Clock) -> Metrics:
    return Metrics(["index", "alert"], clock=clock, wall=lambda: 1001.5)


def test_settled_and_dead_lettered_records_are_told_apart(metrics: Metrics) -> None:
    records = [record(0), record(1), record(2, kind="post.relabel", arrived_ms=None)]
    letter = dead_letter("letters", "index", records[1], RejectedInput("rejected-by-store", "no"))
    metrics.settled("index", records, [letter], work_seconds=0.02, seconds=0.3)
    assert value(metrics, "vocero_records_total", stage="index", outcome="settled") == 2
    assert value(metrics, "vocero_records_total", stage="index", outcome="dead-lettered") == 1
    assert value(metrics, "vocero_dead_letters_total", stage="index", reason="rejected-by-store") == 1
    assert value(metrics, "vocero_batch_records_sum", stage="index") == 3
    assert value(metrics, "vocero_batch_work_seconds_sum", stage="index") == pytest.approx(0.02)
    assert value(metrics, "vocero_batch_seconds_sum", stage="index") == pytest.approx(0.3)
    # the post that was stored; neither the refused one nor the relabel
    assert value(metrics, "vocero_indexed_latency_seconds_count") == 1
    assert value(metrics, "vocero_indexed_latency_seconds_sum") == pytest.approx(1.5)


def test_an_alert_is_as_late_as_the_post_that_raised_it(metrics: Metrics) -> None:
    cause = record(0, kind="post.signal", arrived_ms=1_000_500)
    headers = cloud_event(kind="alert.firing", stage="alert", event_id="1", time="2026-03-01T00:00:00Z")
    state = Message("state", b"k", b"v", cause=cause, state=True)
    metrics.settled("alert", [cause], [Message("alerts", b"k", b"v", headers, cause=cause), state], **TIMES)
    assert value(metrics, "vocero_alert_latency_seconds_sum") == pytest.approx(1.0)
    assert value(metrics, "vocero_alert_latency_seconds_count") == 1
    assert value(metrics, "vocero_indexed_latency_seconds_count") == 0


TIMES = {"work_seconds": 0.0, "seconds": 0.0}


@pytest.mark.parametrize("header", [b"", b"soon", b"-5", b"9" * 40, b"\xff"])
def test_an_arrival_that_makes_no_sense_is_not_counted(metrics: Metrics, header: bytes) -> None:
    one = record(0)
    odd = Record(one.topic, 0, 0, None, b"", 0, {**one.headers, "vocero_arrived": header})
    metrics.settled("index", [odd], [], **TIMES)
    assert value(metrics, "vocero_indexed_latency_seconds_count") == 0
    assert value(metrics, "vocero_records_total", stage="index", outcome="settled") == 1


def test_a_clock_that_is_behind_gives_no_negative_latency(metrics: Metrics) -> None:
    metrics.settled("index", [record(0, arrived_ms=2_000_000)], [], **TIMES)
    assert value(metrics, "vocero_indexed_latency_seconds_sum") == 0


def test_idle_seconds_count_from_the_last_settled_batch(metrics: Metrics, clock: Clock) -> None:
    clock.now += 10
    assert value(metrics, "vocero_idle_seconds", stage="index") == 10
    metrics.settled("index", [record(0)], [], **TIMES)
    clock.now += 2
    assert value(metrics, "vocero_idle_seconds", stage="index") == 2
    assert value(metrics, "vocero_idle_seconds", stage="alert") == 12


def test_lag_is_what_was_fetched_and_not_settled_and_leaves_with_its_partition(metrics: Metrics) -> None:
    ours = Partition("feedback.enriched", 0)
    metrics.assigned("index", {ours})
    metrics.taken("index", [record(5), record(6)], {ours: 10})
    assert value(metrics, "vocero_lag_records", stage="index", topic="feedback.enriched") == 5
    metrics.settled("index", [record(5), record(6)], [], **TIMES)
    assert value(metrics, "vocero_lag_records", stage="index", topic="feedback.enriched") == 3
    metrics.assigned("index", set())
    metrics.settled("index", [record(7)], [], **TIMES)
    assert value(metrics, "vocero_lag_records", stage="index", topic="feedback.enriched") is None
    assert value(metrics, "vocero_partitions", stage="index") == 0


def test_retries_of_the_store_are_counted_by_document(metrics: Metrics) -> None:
    metrics.store_retried("index", 3)
    metrics.store_retried("index", 2)
    assert value(metrics, "vocero_store_retries_total", stage="index") == 5


def test_two_of_them_share_nothing(metrics: Metrics) -> None:
    other = Metrics(["index"])
    metrics.settled("index", [record(0)], [], **TIMES)
    assert value(other, "vocero_records_total", stage="index", outcome="settled") == 0


@pytest.fixture
def server(metrics: Metrics) -> Iterator[MetricsServer]:
    served = MetricsServer(metrics)
    yield served
    served.close()


def ask(server: MetricsServer, path: str, method: str = "GET") -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    found = answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
    connection.close()
    return found


def test_ready_is_said_once_every_stage_has_its_partitions_and_is_open(metrics: Metrics, server: MetricsServer) -> None:
    status, _, body = ask(server, "/readyz")
    assert (status, set(json.loads(body)["waiting"])) == (503, {"index", "alert"})
    for stage in ("index", "alert"):
        metrics.assigned(stage, set())
    assert json.loads(ask(server, "/readyz")[2])["waiting"]["index"] == "opens its models or its store"
    for stage in ("index", "alert"):
        metrics.opened(stage)
    assert ask(server, "/readyz")[0] == 200
    assert value(metrics, "vocero_ready", stage="index") == 1


def test_the_server_answers_what_it_has_and_nothing_else(server: MetricsServer) -> None:
    status, kind, body = ask(server, "/metrics?x=1")
    assert status == 200
    assert kind.startswith("text/plain")
    assert 'vocero_records_total{outcome="settled",stage="index"} 0.0' in body
    assert ask(server, "/healthz")[::2] == (200, "up\n")
    assert ask(server, "/healthz", "HEAD")[::2] == (200, "")
    assert ask(server, "/etc/passwd")[0] == 404
    assert ask(server, "/metrics", "POST")[0] == 501


def test_no_label_holds_what_a_post_says(metrics: Metrics, server: MetricsServer) -> None:
    one = record(0)
    metrics.settled("index", [one], [dead_letter("t", "index", one, RejectedInput("bad-value", "no"))], **TIMES)
    assert "ana@" not in ask(server, "/metrics")[2]


def test_a_port_that_is_taken_is_one_clear_sentence(metrics: Metrics) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="metrics_port"):
            MetricsServer(metrics, "127.0.0.1", taken.getsockname()[1])


def test_nothing_is_served_unless_a_port_is_set() -> None:
    settings = load_settings(environ={})
    assert (settings.metrics_host, settings.metrics_port) == ("127.0.0.1", 0)
    with pytest.raises(SettingsError, match="metrics_port"):
        load_settings(environ={"VOCERO_METRICS_PORT": "70000"})


def test_a_json_log_line_holds_no_exception_text() -> None:
    try:
        raise ValueError("ana@example.org\nwrote this")
    except ValueError as error:
        one = logging.LogRecord(
            "a.b", logging.ERROR, "f", 1, "it broke (%s)", ("x",), (type(error), error, error.__traceback__)
        )
    line = JSONLines().format(one)
    assert "\n" not in line
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {"level": "error", "logger": "a.b", "message": "it broke (x)", "error": "ValueError"}
