"""Real servers and workers to be killed: a broker, a store, a prefix of their own, and a crew of worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from confluent_kafka import KafkaException

from tests.faults.feed import Feeder, Raw, raws
from tests.faults.reading import Reader
from tests.faults.verifier import Verdict, judge
from tests.servers import LocalServer

VOCERO = str(Path(sys.executable).with_name("vocero"))
STOP_SECONDS = 30.0


def up(server: LocalServer) -> str:
    """Starts it; once more where a busy machine was too slow for the script's own patience."""
    for _ in range(4):
        try:
            return server.start()
        except RuntimeError:
            time.sleep(5.0)
    return server.start()


class Worker:
    """One worker process. `light` without models; else `vocero run`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, stages: Sequence[str]) -> None:
        self.process = process
        self.log = log
        self.stages = tuple(stages)

    @property
    def alive(self) -> bool:
        """False once it has ended."""
        return self.process.poll() is None

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.process.kill()
        self.process.wait(timeout=STOP_SECONDS)

    def terminate(self) -> int:
        """Asks it to stop, and waits; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOP_SECONDS)

    def resident(self) -> int:
        """Bytes of resident memory; 0 where it has ended."""
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            return 0


class Deployment:
    """Kafka, Elasticsearch, topics and indices under one prefix, and the workers on them."""

    def __init__(
        self, folder: Path, kafka: LocalServer, store: LocalServer, *, session_seconds: float = 10.0, **settings: str
    ) -> None:
        """`settings` go into the workers' environment."""
        self.folder = folder
        self.kafka = kafka
        self.store = store
        self.prefix = "faults"
        self.workers: list[Worker] = []
        self.started = 0
        self.nice = 0
        self._feeders: list[Feeder] = []
        self.session_seconds = session_seconds
        self.address = up(kafka)
        self.url = up(store)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
            "VOCERO_KAFKA_BOOTSTRAP_SERVERS": self.address,
            "VOCERO_KAFKA_GROUP_PREFIX": self.prefix,
            "VOCERO_TOPIC_PREFIX": self.prefix,
            "VOCERO_STORE": "elasticsearch",
            "VOCERO_ELASTICSEARCH_URL": self.url,
            "VOCERO_STATE_DIR": str(folder / "state"),
            "VOCERO_REDACT_SECRET": "of the test",
            "VOCERO_KAFKA_SESSION_SECONDS": str(session_seconds),
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            **settings,
        }
        self.reader = Reader(self.address, self.url, self.prefix)

    def setup(self, partitions: int) -> None:
        """Creates topics and indices."""
        subprocess.run(
            [VOCERO, "setup", "--partitions", str(partitions)],
            env=self.environment,
            cwd=self.folder,
            check=True,
            capture_output=True,
            timeout=180,
        )

    def start(self, *stages: str, light: bool = True, **environment: str) -> Worker:
        """A new worker; without `stages`, one that runs them all."""
        self.started += 1
        log = self.folder / f"worker-{self.started}.log"
        command = [sys.executable, "-m", "tests.faults.worker"] if light else [VOCERO, "run"]
        command = ["nice", "-n", str(self.nice), *command]
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [*command, *stages],
                env=self.environment | environment,
                cwd=self.folder,
                stdout=stream,
                stderr=stream,
            )
        worker = Worker(process, log, stages)
        self.workers.append(worker)
        return worker

    def crew(self, count: int) -> list[Worker]:
        """As many living workers of all stages: those that live, and new ones."""
        self.workers = [worker for worker in self.workers if worker.alive]
        while len(self.workers) < count:
            self.start()
        return self.workers

    def feed(
        self, first: int, count: int, *, rate: float | None = None, records: Iterator[Raw] | None = None
    ) -> Feeder:
        """Begins to send the posts of these numbers."""
        feeder = Feeder(self.address, self.prefix, records or raws(first, count, seed=first), rate)
        self._feeders.append(feeder)
        return feeder.start()

    def wait(self, reached: Callable[[], bool], seconds: float = 600.0, *, crew: bool = True) -> None:
        """Until `reached`. Fails after `seconds`, or, for a `crew`, where a worker has ended; says their last words."""
        deadline = time.monotonic() + seconds
        while not reached():
            ended = [worker for worker in self.workers if not worker.alive] if crew else []
            assert not ended, f"{len(ended)} workers ended by themselves:\n{self.last_words()}"
            assert time.monotonic() < deadline, f"not reached in {seconds:.0f} s:\n{self.last_words()}"
            time.sleep(0.25)

    def idle(self) -> bool:
        """True where nothing is fed any more and every group has committed everything."""
        if any(feeder.running for feeder in self._feeders):
            return False
        try:
            return all(marks.lag == 0 for marks in self.reader.marks().values())
        except KafkaException:
            return False  # the broker is only just back

    def verdict(self, *, complete: bool) -> Verdict:
        """What the verifier says now."""
        acknowledged = {place for feeder in self._feeders for place in list(feeder.acknowledged)}
        return judge(self.reader.seen(acknowledged), complete=complete)

    def settle(self, seconds: float = 600.0, *, crew: bool = True) -> Verdict:
        """Waits until all is settled, then judges; fails on any loss or double."""
        for feeder in self._feeders:
            feeder.join(seconds)
        self.wait(self.idle, seconds, crew=crew)
        verdict = self.verdict(complete=True)
        assert not verdict.faults, "\n".join([*verdict.faults, str(verdict.counts), self.last_words()])
        return verdict

    def last_words(self) -> str:
        """The end of every worker's log."""
        logs = sorted(self.folder.glob("worker-*.log"), key=lambda path: path.stat().st_mtime)[-4:]
        return "\n".join(f"-- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)

    def close(self) -> None:
        """Ends the workers; the servers belong to the caller."""
        for feeder in self._feeders:
            feeder.stop()
        for worker in self.workers:
            if worker.alive:
                worker.kill()


@contextmanager
def deployed(folder: Path, *, partitions: int, session_seconds: float = 10.0, **settings: str) -> Iterator[Deployment]:
    """A deployment on servers of its own, removed at the end."""
    kafka = LocalServer("kafka", state=folder / "kafka")
    store = LocalServer("es", state=folder / "es")
    deployment = None
    try:
        deployment = Deployment(folder, kafka, store, session_seconds=session_seconds, **settings)
        deployment.setup(partitions)
        yield deployment
    finally:
        if deployment is not None:
            deployment.close()
        store.remove()
        kafka.remove()
