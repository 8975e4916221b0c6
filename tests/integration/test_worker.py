"""`vocero` as its users run it, on a real broker: kills lose and double nothing, a stop is quick and goes on later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from sinks.base import Query
from sinks.sqlite import SQLiteSink

pytestmark = pytest.mark.integration

VOCERO = str(Path(sys.executable).with_name("vocero"))
STOP_SECONDS = 5.0


class Deployment:
    """One worker's environment: a broker, a store and a command line of its own."""

    def __init__(self, address: str, folder: Path, prefix: str) -> None:
        self.folder = folder
        self.database = folder / "vocero.sqlite"
        self.address = address
        self.prefix = prefix
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
            "VOCERO_KAFKA_BOOTSTRAP_SERVERS": address,
            "VOCERO_KAFKA_GROUP_PREFIX": prefix,
            "VOCERO_TOPIC_PREFIX": prefix,
            "VOCERO_SQLITE_PATH": str(self.database),
            "VOCERO_STATE_DIR": str(folder / "state"),
            "VOCERO_REDACT_SECRET": "of the test",
            "HF_HUB_OFFLINE": "1",
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

    def run(self) -> subprocess.Popen[str]:
        with (self.folder / "worker.log").open("a") as log:
            return subprocess.Popen([VOCERO, "run"], env=self.environment, cwd=self.folder, stderr=log, text=True)

    def log(self) -> str:
        return (self.folder / "worker.log").read_text(encoding="utf-8")

    def count(self, kind: str = "posts") -> int:
        if not self.database.exists():
            return 0
        sink = SQLiteSink(self.database)
        sink.open()
        try:
            return sink.count(kind)  # type: ignore[arg-type]
        finally:
            sink.close()

    def dead_letters(self) -> int:
        """How many records stand on the dead-letter topic."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": f"{self.prefix}-count"})
        name = f"{self.prefix}.dead-letters"
        try:
            partitions = consumer.list_topics(name, timeout=10).topics[name].partitions
            marks = [consumer.get_watermark_offsets(TopicPartition(name, number), timeout=10) for number in partitions]
        finally:
            consumer.close()
        return sum(high - low for low, high in marks)

    def wait(self, reached: Callable[[], bool], worker: subprocess.Popen[str], seconds: float = 90.0) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert worker.poll() is None, f"the worker ended by itself:\n{self.log()[-3000:]}"
            assert time.monotonic() < deadline, f"not reached in {seconds} s:\n{self.log()[-3000:]}"
            time.sleep(0.2)


@pytest.fixture
def deployment(kafka_server: str, tmp_path: Path, request: pytest.FixtureRequest) -> Deployment:
    deployed = Deployment(kafka_server, tmp_path, f"t{abs(hash((request.node.name, time.time()))):x}"[:12])
    deployed.vocero("setup", "--partitions", "3")
    return deployed


def posts(folder: Path, count: int, first: int = 0) -> Path:
    """A file of short posts in several languages."""
    texts = [
        "The parcel arrived late and nobody answers.",
        "El vestido es precioso, gracias por todo.",
        "Il corriere non ha mai suonato al citofono.",
        "Muito bom, recomendo a todos.",
        "La livraison a pris trois semaines.",
    ]
    path = folder / f"posts-{first}.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        for number in range(first, first + count):
            post = {"id": str(number), "source": "shop", "channel": "review", "brand": f"b{number % 7}"}
            post["text"] = f"{texts[number % len(texts)]} ({number})"
            stream.write(json.dumps(post) + "\n")
    return path


def stop(worker: subprocess.Popen[str], number: signal.Signals) -> tuple[int, float]:
    started = time.monotonic()
    worker.send_signal(number)
    code = worker.wait(timeout=30)
    return code, time.monotonic() - started


@pytest.mark.timeout(400)
def test_three_kills_lose_and_double_nothing(deployment: Deployment) -> None:
    total = 600
    deployment.vocero("produce", str(posts(deployment.folder, total)))
    for share in (0.1, 0.35, 0.6):
        worker = deployment.run()
        deployment.wait(lambda share=share: deployment.count() >= share * total, worker)  # type: ignore[misc]
        worker.send_signal(signal.SIGKILL)
        worker.wait(timeout=10)
    assert deployment.count() < total, "the kills came too late to show anything"
    worker = deployment.run()
    deployment.wait(lambda: deployment.count() == total, worker)
    time.sleep(2.0)
    code, seconds = stop(worker, signal.SIGTERM)
    assert code == 0
    assert seconds < STOP_SECONDS
    sink = SQLiteSink(deployment.database)
    sink.open()
    found = {
        hit.body["feedback"]["id"]: hit.body["feedback"]["text"]
        for offset in range(0, total, 100)
        for hit in sink.search(Query(limit=100, offset=offset, sort="newest")).documents
    }
    sink.close()
    assert set(found) == {str(number) for number in range(total)}
    assert all(text.endswith(f"({number})") for number, text in found.items())
    assert deployment.dead_letters() == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_in_the_middle_is_quick_and_the_next_run_goes_on(deployment: Deployment, number: signal.Signals) -> None:
    deployment.vocero("produce", str(posts(deployment.folder, 400)))
    worker = deployment.run()
    deployment.wait(lambda: deployment.count() > 20, worker)
    code, seconds = stop(worker, number)
    assert code == 0, deployment.log()[-2000:]
    assert seconds < STOP_SECONDS
    done = deployment.count()
    assert done < 400
    worker = deployment.run()
    deployment.wait(lambda: deployment.count() == 400, worker)
    assert stop(worker, signal.SIGTERM)[0] == 0


@pytest.mark.timeout(300)
def test_what_cannot_be_used_is_a_dead_letter_and_producing_twice_doubles_nothing(deployment: Deployment) -> None:
    good = posts(deployment.folder, 30)
    bad = deployment.folder / "bad.jsonl"
    bad.write_text('{"id": "x", "source": "shop", "channel": "pigeon", "text": "coo"}\nnot json\n', encoding="utf-8")
    big = deployment.folder / "big.txt"
    big.write_text("palabra " * 1_300_000, encoding="utf-8")
    for _ in range(2):
        deployment.vocero("produce", str(good))
    refused = deployment.vocero("produce", str(bad), check=False)
    assert refused.returncode == 1
    assert "bad.jsonl, line 1:" in refused.stderr
    assert "bad.jsonl, line 2:" in refused.stderr
    too_big = deployment.vocero("produce", str(big), "--channel", "review", "--source", "s", check=False)
    assert too_big.returncode == 1
    assert "too large" in too_big.stderr
    worker = deployment.run()
    deployment.wait(lambda: deployment.count() == 30, worker)
    time.sleep(2.0)
    assert stop(worker, signal.SIGTERM)[0] == 0
    assert deployment.count() == 30


@pytest.mark.timeout(900)
def test_the_same_into_a_real_elasticsearch(deployment: Deployment, elasticsearch_server: str) -> None:
    from sinks.elasticsearch import ElasticsearchSink, connect

    deployment.environment |= {"VOCERO_STORE": "elasticsearch", "VOCERO_ELASTICSEARCH_URL": elasticsearch_server}
    deployment.vocero("setup")
    deployment.vocero("produce", str(posts(deployment.folder, 40)))
    sink = ElasticsearchSink(connect(elasticsearch_server), prefix=deployment.prefix)
    worker = deployment.run()

    def indexed() -> bool:
        sink.refresh()
        return sink.count("posts") == 40

    deployment.wait(indexed, worker)
    assert stop(worker, signal.SIGTERM)[0] == 0
    found = deployment.vocero("search", "delivery", "--language", "fr", "--json")
    first = json.loads(found.stdout.splitlines()[0])
    assert first["feedback"]["language"] == "fr"
    assert "livraison" in first["feedback"]["text"]
    sink.close()


def test_a_broker_that_is_not_there_is_one_clear_sentence(tmp_path: Path) -> None:
    deployed = Deployment("127.0.0.1:1", tmp_path, "none")
    for words in (("run",), ("setup",), ("produce", str(posts(tmp_path, 1)))):
        result = deployed.vocero(*words, check=False)
        assert result.returncode == 1
        assert "Kafka does not answer" in result.stderr
        assert "Traceback" not in result.stderr
