"""`make soak`: posts in, random kills of workers, broker and store, and at the end the verifier's verdict.

Prints a line now and then and writes the same as JSON lines: counts, resident memory of each worker, lag of each group.
Exit code 0: nothing lost, nothing twice; 1: something was, and what; 2: misuse.
"""

from __future__ import annotations

import json
import math
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from tests.faults.deployment import Deployment, deployed, up
from tests.faults.feed import Feeder
from tests.faults.verifier import Verdict

console = Console(stderr=True, highlight=False)


class Soak:
    """One run. `write` gets each line's fields."""

    def __init__(
        self, deployment: Deployment, feeder: Feeder, workers: int, chance: random.Random, write: Callable[[Any], None]
    ) -> None:
        self._deployment = deployment
        self._feeder = feeder
        self._workers = workers
        self._chance = chance
        self._write = write
        self._started = time.monotonic()
        self.faults: dict[str, int] = {}

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def sample(self) -> int:
        """Writes where everything stands; the lag of all groups together, -1 where the broker is away."""
        try:
            lags = {group: marks.lag for group, marks in self._deployment.reader.marks().items()}
        except Exception as error:  # noqa: BLE001 - the broker may be away: that is a sample too
            lags = {"broker": -1}
            console.print(f"no offsets: {type(error).__name__}")
        stored = self._deployment.reader.stored()
        memory = [worker.resident() >> 20 for worker in self._deployment.workers if worker.alive]
        self._write(
            {
                "at": round(self.seconds, 1),
                "sent": self._feeder.sent,
                "stored": stored,
                "lag": lags,
                "resident_mib": memory,
                "faults": sum(self.faults.values()),
            }
        )
        return sum(lags.values())

    def fault(self) -> None:
        """One random fault; every one is over when this returns, but for workers that are starting."""
        deployment = self._deployment
        faults: dict[str, tuple[int, Callable[[], None]]] = {
            "worker killed": (5, lambda: self._living().kill()),
            "worker stopped": (3, lambda: _done(self._living().terminate())),
            "worker frozen": (1, self._freeze),
            "broker killed": (2, lambda: self._restart(deployment.kafka, kill=True)),
            "broker stopped": (1, lambda: self._restart(deployment.kafka, kill=False)),
            "store killed": (2, lambda: self._restart(deployment.store, kill=True)),
            "store stopped": (1, lambda: self._restart(deployment.store, kill=False, away=30.0)),
            "one worker more": (1, lambda: self._crew(self._workers + 1)),
            "all workers killed": (
                1,
                lambda: [worker.kill() for worker in deployment.workers if worker.alive] and None,
            ),
        }
        name = self._chance.choices(list(faults), [weight for weight, _ in faults.values()])[0]
        self.faults[name] = self.faults.get(name, 0) + 1
        self._write({"at": round(self.seconds, 1), "fault": name})
        faults[name][1]()
        self._crew(self._workers)

    def _crew(self, count: int) -> None:
        self._deployment.crew(count)

    def _living(self) -> Any:
        return self._chance.choice([worker for worker in self._deployment.workers if worker.alive])

    def _freeze(self) -> None:
        """Longer than the broker waits for a member: another one takes over while this one still believes it owns."""
        worker = self._living()
        worker.process.send_signal(signal.SIGSTOP)
        time.sleep(self._deployment.session_seconds + 5.0)
        worker.process.send_signal(signal.SIGCONT)

    @staticmethod
    def _restart(server: Any, *, kill: bool, away: float = 1.0) -> None:
        server.kill() if kill else server.stop()
        time.sleep(away)
        up(server)

    def run(self, minutes: float, at_most: float, pause: tuple[float, float]) -> Verdict:
        """Until the time is over and everything sent is settled. After `at_most` minutes nothing more is sent."""
        next_fault = self.seconds + 30.0
        while self._feeder.running or self.seconds < minutes * 60:
            if self.seconds > at_most * 60:
                self._feeder.stop()
            self._crew(self._workers)
            self.sample()
            if self.seconds >= next_fault:
                self.fault()
                next_fault = self.seconds + self._chance.uniform(*pause)
            time.sleep(5.0)
        console.print("all is sent: waiting until it is settled")
        self._feeder.join(1.0)
        while self.sample() != 0:
            self._crew(self._workers)
            time.sleep(5.0)
        return self._deployment.verdict(complete=True)


def _done(*_: object) -> None:
    """For what gives something back that nobody needs."""


@click.command()
@click.option("--posts", default=200_000, show_default=True, type=click.IntRange(1))
@click.option("--minutes", default=30.0, show_default=True, help="At the least; more where the posts take longer.")
@click.option("--at-most", type=float, help="Minutes after which no more is sent, however many posts there were.")
@click.option("--session", default=15.0, show_default=True, help="Seconds that Kafka waits for a dead worker.")
@click.option("--workers", default=3, show_default=True, type=click.IntRange(1))
@click.option("--partitions", default=8, show_default=True, type=click.IntRange(1))
@click.option("--rate", type=float, help="Posts a second; else they are spread over the time.")
@click.option("--pause", default=(15.0, 60.0), show_default=True, type=(float, float), help="Seconds between faults.")
@click.option("--seed", default=0, show_default=True, help="Of the random kills.")
@click.option("--batch-size", default=250, show_default=True, type=click.IntRange(1), help="Of the workers.")
@click.option("--nice", default=0, show_default=True, help="Of the workers; the servers keep this process's own.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("soak.jsonl"), show_default=True)
def main(
    posts: int,
    minutes: float,
    at_most: float | None,
    session: float,
    workers: int,
    partitions: int,
    rate: float | None,
    pause: tuple[float, float],
    seed: int,
    batch_size: int,
    nice: int,
    output: Path,
) -> None:
    """Push POSTS through real servers for MINUTES while workers, broker and store are killed at random.

    \b
    Examples:
      make soak
      python -m tests.faults.soak --posts 5000 --minutes 3
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers and workers do not stay behind
    with output.open("w", encoding="utf-8") as lines, tempfile.TemporaryDirectory(prefix="vocero-soak-") as folder:

        def write(fields: Any) -> None:
            line = json.dumps(fields)
            lines.write(line + "\n")
            lines.flush()
            click.echo(line)

        size = {"VOCERO_BATCH_SIZE": str(batch_size)}
        with deployed(Path(folder), partitions=partitions, session_seconds=session, **size) as deployment:
            deployment.nice = nice
            deployment.crew(workers)
            feeder = deployment.feed(0, posts, rate=rate or 1.3 * posts / (minutes * 60))
            soak = Soak(deployment, feeder, workers, random.Random(seed), write)
            verdict = soak.run(minutes, at_most or math.inf, pause)
            write({"at": round(soak.seconds, 1), "sent": feeder.sent, "faults": soak.faults, "counts": verdict.counts})
            for fault in verdict.faults:
                write({"lost_or_double": fault})
        console.print("nothing lost, nothing twice" if not verdict.faults else f"{len(verdict.faults)} kinds of fault")
        sys.exit(1 if verdict.faults else 0)


if __name__ == "__main__":
    main()
