"""Three `enrich` and three `learn` workers on a real broker: one model for all, through a kill of the learner."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sinks.base import Query
from sinks.sqlite import SQLiteSink
from streams.broker.state import read_partition
from streams.learning.learner import TopicLearner
from streams.stages.learn import restored
from tests.servers import free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

VOCERO = str(Path(sys.executable).with_name("vocero"))
OPENINGS = ("Honestly,", "Again:", "So,", "As of today", "Well,", "For the record,", "Sadly", "Just to say that")
THEMES = {
    "parcel": (
        "the courier delivered my parcel two weeks late",
        "my parcel came far too late, the courier is so slow",
        "late delivery, the parcel took the courier ages",
    ),
    "password": (
        "I cannot reset the password of my account",
        "the password reset mail for my account never arrives",
        "resetting my account password does not work at all",
    ),
    "refund": (
        "the refund for the returned shoes has not been paid",
        "I returned the shoes and still wait for my refund",
        "no refund for my returned shoes so far",
    ),
    "music": (
        "the band played a wonderful concert in the park",
        "what a wonderful concert, the band was brilliant",
        "the open air concert of the band was great",
    ),
}


class Workers:
    """A deployment of single-stage processes, each with its metrics."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address, self.folder = address, folder
        self.prefix = f"w{os.getpid():x}{time.time_ns() % 0xFFFFFF:x}"
        self.database = folder / "vocero.sqlite"
        self.running: dict[int, tuple[str, subprocess.Popen[str]]] = {}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
            "VOCERO_KAFKA_BOOTSTRAP_SERVERS": address,
            "VOCERO_KAFKA_GROUP_PREFIX": self.prefix,
            "VOCERO_TOPIC_PREFIX": self.prefix,
            "VOCERO_KAFKA_SESSION_SECONDS": "6",
            "VOCERO_SQLITE_PATH": str(self.database),
            "VOCERO_STATE_DIR": str(folder / "state"),
            "VOCERO_REDACT_SECRET": "of the test",
            "VOCERO_MODEL_THREADS": "1",
        }

    def vocero(self, *words: str) -> str:
        done = subprocess.run(
            [VOCERO, *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=180,
            check=True,
        )
        return done.stdout

    def start(self, stage: str) -> None:
        port = free_port()
        with (self.folder / "workers.log").open("a") as log:
            process = subprocess.Popen(
                [VOCERO, "run", stage],
                env={**self.environment, "VOCERO_METRICS_PORT": str(port)},
                cwd=self.folder,
                stderr=log,
                text=True,
            )
        self.running[port] = (stage, process)

    def owned(self, port: int) -> int:
        """Partitions that the worker owns; 0 while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
                found = re.search(r"^vocero_partitions\{[^}]*\} ([0-9.]+)", reply.read().decode(), re.MULTILINE)
        except OSError:
            return 0
        return int(float(found[1])) if found else 0

    def of(self, stage: str) -> list[int]:
        return [port for port, (name, _) in self.running.items() if name == stage]

    def wait(self, reached: Callable[[], Any], what: str, seconds: float = 400.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := reached()):
            for stage, process in self.running.values():
                assert process.poll() is None, f"{stage} ended by itself:\n{self.log()}"
            assert time.monotonic() < deadline, f"{what}: not reached in {seconds} s:\n{self.log()}"
            time.sleep(0.3)
        return found

    def log(self) -> str:
        return (self.folder / "workers.log").read_text(encoding="utf-8")[-3000:]

    def records(self) -> dict[bytes, bytes]:
        return read_partition({"bootstrap.servers": self.address}, f"{self.prefix}.topics", 0)

    def learner(self) -> TopicLearner:
        """The model as a new worker would restore it: from the topic alone."""
        return restored(self.records())

    def posts(self) -> dict[str, dict[str, Any]]:
        sink = SQLiteSink(self.database)
        sink.open()
        try:
            hits = sink.search(Query(limit=5000, sort="newest"))
        finally:
            sink.close()
        return {hit.body["feedback"]["id"]: hit.body["feedback"] for hit in hits.documents}

    def produce(self, first: int, texts: list[tuple[str, str]]) -> None:
        path = self.folder / f"posts-{first}.jsonl"
        with path.open("w", encoding="utf-8") as stream:
            for number, (theme, text) in enumerate(texts, start=first):
                post = {"id": f"{theme}-{number}", "source": "shop", "channel": "review", "text": text}
                stream.write(json.dumps(post) + "\n")
        self.vocero("produce", str(path))

    def close(self) -> None:
        for _, process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for _, process in self.running.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture
def workers(kafka_server: str, tmp_path: Path) -> Iterator[Workers]:
    deployed = Workers(kafka_server, tmp_path)
    deployed.vocero("setup", "--partitions", "3")
    yield deployed
    deployed.close()


def texts(count: int, seed: int) -> list[tuple[str, str]]:
    dice = np.random.default_rng(seed)
    themes = list(THEMES)
    return [
        (theme := themes[n % len(themes)], f"{dice.choice(OPENINGS)} {dice.choice(THEMES[theme])} ({n + seed})")
        for n in range(count)
    ]


def assigned(post: dict[str, Any]) -> list[str]:
    return [topic["id"] for topic in post.get("topics", []) if topic["status"] == "assigned"]


def final(learner: TopicLearner, key: str) -> str:
    """What an id stands for in the end."""
    known = {topic.id: topic for topic in learner.topics}
    while known[key].status == "merged":
        key = known[key].merged_into or ""
    return key


def test_three_workers_agree_through_a_kill_of_the_active_learner(workers: Workers) -> None:
    for stage in ("index", "learn", "learn", "learn", "enrich", "enrich", "enrich"):
        workers.start(stage)
    workers.wait(lambda: all(workers.owned(port) for port in workers.of("enrich")), "partitions for each")
    active = workers.wait(lambda: [p for p in workers.of("learn") if workers.owned(p)], "one that learns")
    assert len(active) == 1, "two learn at the same time"

    workers.produce(0, texts(160, seed=0))
    workers.wait(lambda: len(workers.posts()) == 160, "the first posts stored")
    workers.wait(lambda: sum(bool(assigned(post)) for post in workers.posts().values()) > 80, "topics told")
    before = workers.learner()
    early = {topic.id: topic.examples for topic in before.topics if topic.status == "active"}
    assert len(early) >= 3

    _, victim = workers.running.pop(active[0])
    victim.send_signal(signal.SIGKILL)
    victim.wait(timeout=10)
    workers.produce(1000, texts(160, seed=1000))
    heirs = workers.wait(lambda: [p for p in workers.of("learn") if workers.owned(p)], "a standby that takes over")
    assert len(heirs) == 1
    workers.wait(lambda: len(workers.posts()) == 320, "all posts stored")
    workers.wait(lambda: workers.learner().state.seen >= 300, "all lessons learned")

    learner = workers.learner()
    known = {topic.id for topic in learner.topics}
    assert set(early) <= known, "an id was lost"
    meaning: dict[str, set[str]] = {}
    for name, post in workers.posts().items():
        for key in assigned(post):
            meaning.setdefault(final(learner, key), set()).add(name.partition("-")[0])
    assert all(len(themes) == 1 for themes in meaning.values()), "an id means two things"
    assert set.union(*meaning.values()) == set(THEMES)
    told = [post for name, post in workers.posts().items() if int(name.partition("-")[2]) < 32]
    assert sum(bool(assigned(post)) for post in told) > 20, "the posts that made the topics were not told"

    gone = next(key for key, themes in meaning.items() if themes == {"parcel"})
    stays = next(key for key, themes in meaning.items() if themes == {"refund"})
    near = {
        post["topics"][0].get("similarity") or 0.0: post for post in workers.posts().values() if gone in assigned(post)
    }
    same = near[max(near)]["text"]
    workers.vocero("topics", "merge", gone, stays, "--actor", "ana")
    workers.wait(lambda: {t.id: t.status for t in workers.learner().topics}.get(gone) == "merged", "the merge learned")
    time.sleep(2.0)  # followers read within a tenth of a second
    workers.produce(5000, [("same", same)] * 24)
    workers.wait(lambda: sum(name.startswith("same") for name in workers.posts()) == 24, "the same post by all")
    alike = {json.dumps(post["topics"]) for name, post in workers.posts().items() if name.startswith("same")}
    assert len(alike) == 1, "workers disagree"
    (topic,) = json.loads(alike.pop())
    assert topic["id"] == stays
    (alias,) = [one for one in workers.learner().topics if one.id == gone]
    assert (alias.status, alias.merged_into) == ("merged", stays)
