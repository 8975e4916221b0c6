"""`vocero replay` on a real broker: what failed arrives once its cause is gone, and what retention took is said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from sinks.base import Query
from sinks.sqlite import SQLiteSink
from streams.broker.reading import Reader

pytestmark = pytest.mark.integration

VOCERO = str(Path(sys.executable).with_name("vocero"))


@pytest.mark.timeout(400)
def test_dead_letters_arrive_once_their_cause_is_gone(kafka_server: str, tmp_path: Path) -> None:
    prefix = f"replay{os.getpid()}"
    database = tmp_path / "vocero.sqlite"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
        "VOCERO_KAFKA_BOOTSTRAP_SERVERS": kafka_server,
        "VOCERO_KAFKA_GROUP_PREFIX": prefix,
        "VOCERO_TOPIC_PREFIX": prefix,
        "VOCERO_SQLITE_PATH": str(database),
        "VOCERO_STATE_DIR": str(tmp_path / "state"),
        "VOCERO_REDACT_SECRET": "of the test",
    }

    def vocero(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [VOCERO, *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == code, done.stderr
        return done

    def replayed(*words: str, code: int = 0) -> dict[str, int]:
        lines = [json.loads(line) for line in vocero("replay", "--json", *words, code=code).stdout.splitlines()]
        return {fate: sum(line[fate] for line in lines) for fate in ("replayed", "already", "gone", "changed")}

    @contextmanager
    def worker() -> Iterator[None]:
        with (tmp_path / "worker.log").open("a") as log:
            process = subprocess.Popen([VOCERO, "run", "enrich", "index"], env=environment, cwd=tmp_path, stderr=log)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, (tmp_path / "worker.log").read_text()[-3000:]

    def wait(reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 90
        while not reached():
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()[-3000:]
            time.sleep(0.2)

    def stored() -> dict[str, str]:
        if not database.exists():
            return {}
        sink = SQLiteSink(database)
        sink.open()
        found = {hit.body["feedback"]["id"]: hit.body["feedback"]["text"] for hit in sink.search(Query()).documents}
        sink.close()
        return found

    def letters() -> int:
        topic = f"{prefix}.dead-letters"
        with Reader({"bootstrap.servers": kafka_server}) as reader:
            found = [record for number in reader.partitions(topic) for record in reader.records(topic, number)]
        return sum(record.value is not None for record in found)

    def send(topic: str, *posts: dict[str, object]) -> None:
        producer = Producer({"bootstrap.servers": kafka_server})
        for post in posts:
            producer.produce(f"{prefix}.raw.{topic}", json.dumps(post).encode(), str(post["id"]).encode())
        assert producer.flush(30) == 0

    def survey(number: int, text: str) -> dict[str, object]:
        return {"id": str(number), "source": "shop", "channel": "survey", "text": text}

    vocero("setup", "--partitions", "1")
    with worker():
        send("social", survey(1, "This one is taken by retention."))
        send("reviews", survey(2, "The parcel came late."), survey(3, "The first of two versions."))
        send("reviews", {**survey(4, "This one has no cause."), "channel": "review"})
        wait(lambda: letters() == 3 and "4" in stored())
    admin = AdminClient({"bootstrap.servers": kafka_server})
    (deleted,) = admin.delete_records([TopicPartition(f"{prefix}.raw.social", 0, 1)]).values()
    deleted.result(30)
    environment["VOCERO_CHANNELS"] = json.dumps({"review": "reviews", "social": "social", "survey": "reviews"})
    with worker():
        send("reviews", survey(3, "The newer version."))
        wait(lambda: "3" in stored())
        assert replayed("--since", "2100-01-01") == {"replayed": 0, "already": 0, "gone": 0, "changed": 0}
        assert replayed("--dry-run", code=1) == {"replayed": 2, "already": 0, "gone": 1, "changed": 0}
        assert replayed(code=1) == {"replayed": 2, "already": 0, "gone": 1, "changed": 0}
        assert replayed(code=1) == {"replayed": 0, "already": 2, "gone": 1, "changed": 0}
        send("reviews", {**survey(5, "Behind everything."), "channel": "review"})
        wait(lambda: {"2", "5"} <= set(stored()))
    assert stored() == {
        "2": "The parcel came late.",
        "3": "The newer version.",
        "4": "This one has no cause.",
        "5": "Behind everything.",
    }
    assert letters() == 3
    assert "no longer in Kafka" in vocero("replay", "--reason", "unknown-channel", code=1).stderr
