"""Three `alert` workers on a real broker: each alert is told once by identity, through a kill -9 and rebalances."""

from __future__ import annotations

import random
import signal as signals
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, Producer

from schemas.alerts import Alert, AlertCommand
from schemas.codec import encode
from schemas.signals import Signal
from streams.settings import Settings, load_settings
from streams.spikes.baseline import HOUR_MS, Rule
from streams.spikes.watch import BrandState, observe
from streams.topics import topics_of

pytestmark = pytest.mark.integration

VOCERO = str(Path(sys.executable).with_name("vocero"))
START = 480_000
BRANDS = 9
CALM, BURST = 40, 40
SECONDS = 240.0
"""A safety limit: a quiet machine needs a tenth of it."""


def story(brand: str, seed: int) -> list[Signal]:
    """Twenty-one days of two complaints a day, then a burst of eight hours in one place."""
    dice = random.Random(seed)
    hours = sorted(dice.uniform(0, 24 * 21) for _ in range(CALM))
    hours += [24 * 21 + 8 * number / BURST for number in range(BURST)]
    return [
        Signal(
            identity=f"{seed:08x}{number:08x}".ljust(64, "0"),
            version=1,
            brand=brand,
            event_time=int((START + hour) * HOUR_MS),
            channel="review",
            source="shop",
            post_id=str(number),
            sentiment="negative",
            severity=0.3,
            place="Valencia" if number >= CALM else "Porto",
        )
        for number, hour in enumerate(hours)
    ]


def expected(stories: dict[str, list[Signal]]) -> set[tuple[str, str, int]]:
    """What one worker without any trouble tells."""
    found = set()
    for told in stories.values():
        state = BrandState()
        for offset, one in enumerate(told):
            alerts = observe(state, one, offset=offset, rule=Rule(), silent=False)
            found |= {(alert.id, alert.state, alert.version) for alert in alerts}
    return found


class Deployment:
    """A broker's topics under a name of their own, and `alert` workers on them."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.folder = folder
        name = f"t{uuid.uuid4().hex[:10]}"
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "VOCERO_KAFKA_BOOTSTRAP_SERVERS": address,
            "VOCERO_KAFKA_GROUP_PREFIX": name,
            "VOCERO_TOPIC_PREFIX": name,
            "VOCERO_STATE_DIR": str(folder / "state"),
            "VOCERO_STORE": "sqlite",
            "VOCERO_SQLITE_PATH": str(folder / "vocero.sqlite"),
            "VOCERO_HISTORY_DAYS": "100000",
            "VOCERO_BATCH_SIZE": "8",
            "VOCERO_REDACT_SECRET": "of the test",
        }
        self.settings: Settings = load_settings(environ=self.environment)
        self.topics = topics_of(self.settings)

    def setup(self) -> None:
        subprocess.run(
            [VOCERO, "setup", "--partitions", "6"],
            env=self.environment,
            cwd=self.folder,
            check=True,
            capture_output=True,
            timeout=SECONDS,
        )

    def worker(self) -> subprocess.Popen[bytes]:
        with (self.folder / "worker.log").open("ab") as log:
            return subprocess.Popen([VOCERO, "run", "alert"], env=self.environment, cwd=self.folder, stderr=log)

    def send(self, topic: str, values: list[Signal] | list[AlertCommand]) -> None:
        producer = Producer({"bootstrap.servers": self.address, "partitioner": "murmur2_random"})
        for value in values:
            producer.produce(topic, encode(value), value.brand.encode())
        assert producer.flush(60) == 0


@contextmanager
def alerts_of(deployed: Deployment) -> Iterator[Consumer]:
    consumer = Consumer(
        {"bootstrap.servers": deployed.address, "group.id": f"{uuid.uuid4()}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([deployed.topics.alerts])
    try:
        yield consumer
    finally:
        consumer.close()


def take(consumer: Consumer, records: list[Alert], seconds: float) -> None:
    for message in consumer.consume(500, timeout=seconds):
        assert message.error() is None
        records.append(msgspec.json.decode(message.value() or b"", type=Alert))


def identities(records: list[Alert]) -> set[tuple[str, str, int]]:
    return {(alert.id, alert.state, alert.version) for alert in records}


@pytest.mark.timeout(600)
def test_three_workers_tell_each_alert_once_through_a_kill_and_rebalances(kafka_server: str, tmp_path: Path) -> None:
    deployed = Deployment(kafka_server, tmp_path)
    deployed.setup()
    stories = {f"brand{number}": story(f"brand{number}", number) for number in range(BRANDS)}
    wanted = expected(stories)
    assert len(wanted) > 2 * BRANDS
    workers = [deployed.worker() for _ in range(3)]
    records: list[Alert] = []
    try:
        with alerts_of(deployed) as consumer:
            for count in range(0, CALM + BURST, 10):
                # each brand in its own order, all brands at once
                for told in stories.values():
                    deployed.send(deployed.topics.signals, told[count : count + 10])
                if count == CALM:  # in the middle of every burst
                    workers[0].send_signal(signals.SIGKILL)
                    workers[0].wait(timeout=10)
                    workers[0] = deployed.worker()
                take(consumer, records, 1.0)
            deadline = time.monotonic() + SECONDS
            while identities(records) < wanted and time.monotonic() < deadline:
                take(consumer, records, 1.0)
            assert identities(records) == wanted, (tmp_path / "worker.log").read_text()[-3000:]
            open_ = next(alert for alert in reversed(records) if alert.leads)
            order = AlertCommand(
                id="c1",
                alert_id=open_.id,
                brand=open_.brand,
                action="acknowledge",
                actor="Inés",
                at="2026-03-24T12:00:00Z",
                note="seen",
            )
            deployed.send(deployed.topics.alert_commands, [order])
            while not any(alert.acknowledged for alert in records) and time.monotonic() < deadline:
                take(consumer, records, 1.0)
            # every worker restarts: what was taken on stays so, and nothing is told anew but by a newer version
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait(timeout=60)
            workers = [deployed.worker()]
            later = [
                msgspec.structs.replace(
                    stories[open_.brand][-1], identity="f" * 64, event_time=int((START + 24 * 23) * HOUR_MS)
                )
            ]
            deployed.send(deployed.topics.signals, later)
            while not any(alert.state == "ended" for alert in records) and time.monotonic() < deadline:
                take(consumer, records, 1.0)
        ended = [alert for alert in records if alert.state == "ended"]
        assert {alert.brand for alert in ended} == {open_.brand}
        assert {alert.acknowledged.by for alert in ended if alert.acknowledged} == {"Inés"}
        by_identity = {(alert.id, alert.version): encode(alert) for alert in records}
        assert all(by_identity[alert.id, alert.version] == encode(alert) for alert in records)
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait(timeout=10)
