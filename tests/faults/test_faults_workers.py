"""Real Kafka and Elasticsearch, broken one after the other while posts flow: nothing is lost, nothing is there twice.

One deployment for all tests of the module; each sends posts of its own, breaks something in the middle, and lets the
verifier judge all that was ever sent.
"""

from __future__ import annotations

import itertools
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from schemas.enriched import COMPARED_FACTORS, COMPARED_FLAGS
from tests.faults.deployment import Deployment, deployed, up
from tests.servers import missing

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

PARTITIONS = 4
AWAY_SECONDS = 15.0
numbers = itertools.count(0, 100_000)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    for name in ("kafka", "es"):
        if (reason := missing(name)) is not None:  # type: ignore[arg-type]
            pytest.skip(reason)
    with deployed(tmp_path_factory.mktemp("faults"), partitions=PARTITIONS) as made:
        yield made


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system without a free byte: a tmpfs of 64 KiB, filled."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "vocero-test", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a full disk needs the right to mount a tmpfs")
    try:
        (folder / "faust").mkdir()
        with suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        with pytest.raises(OSError, match="No space left"):
            (folder / "probe").write_bytes(b"x" * 4096)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def flowing(deployment: Deployment, count: int = 400, *, workers: int = 2) -> None:
    """Posts are on their way, and some of them have arrived."""
    deployment.crew(workers)
    before = deployment.reader.stored()
    deployment.feed(next(numbers), count)
    deployment.wait(lambda: deployment.reader.stored() > before + 40)


def itself(version: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A document but for what `learn` and `link` think of it now: that follows what they saw, and in what order."""
    feedback = {name: value for name, value in body["feedback"].items() if name not in ("topics", "links")}
    own = [flag for flag in feedback.pop("authenticity", {}).get("flags", ()) if flag["name"] not in COMPARED_FLAGS]
    if severity := feedback.pop("severity", None):
        factors = {name: one for name, one in severity["factors"].items() if name not in COMPARED_FACTORS}
        feedback["severity"] = {**severity, "factors": factors}
    return version, {**body, "feedback": {**feedback, "flags": own}}


def compared(body: dict[str, Any]) -> Any:
    """What only a comparison with other posts gives."""
    feedback = body["feedback"]
    factors = feedback.get("severity", {}).get("factors", {})
    flags = [flag for flag in feedback.get("authenticity", {}).get("flags", ()) if flag["name"] in COMPARED_FLAGS]
    return feedback.get("links"), flags, {name: factors.get(name) for name in COMPARED_FACTORS}


DRIFT = 0.01
"""Share of the posts whose comparisons may come out otherwise when everything arrives in another order."""


def test_the_first_worker_is_joined_by_another_before_anything_was_committed(deployment: Deployment) -> None:
    flowing(deployment, 600)
    assert deployment.settle().counts["dead_letters"] > 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_ends_in_the_middle(deployment: Deployment, number: signal.Signals) -> None:
    flowing(deployment)
    worker = deployment.workers[0]
    worker.process.send_signal(number)
    code = worker.process.wait(timeout=30)
    assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    verdict = deployment.verdict(complete=False)
    assert not verdict.faults, verdict.faults
    deployment.crew(2)
    deployment.settle()


def test_a_frozen_worker_wakes_up_after_its_partitions_have_gone(deployment: Deployment) -> None:
    """Longer than the broker waits for a member, so that another worker owns what this one believes to own."""
    flowing(deployment)
    worker = deployment.workers[0]
    worker.process.send_signal(signal.SIGSTOP)
    time.sleep(deployment.session_seconds + 3)
    worker.process.send_signal(signal.SIGCONT)
    deployment.settle()


def test_two_and_three_workers_join_and_leave(deployment: Deployment) -> None:
    """More partitions than workers, and at the end fewer workers of one stage than of another."""
    flowing(deployment, 900)
    deployment.start()
    deployment.start("index")
    deployment.wait(lambda: deployment.reader.members("index") == 4)
    assert deployment.workers[0].terminate() == 0
    deployment.feed(next(numbers), 200)
    assert deployment.workers[1].terminate() == 0
    deployment.crew(2)
    deployment.settle()


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_the_broker_goes_and_comes_back(deployment: Deployment, how: str) -> None:
    flowing(deployment)
    getattr(deployment.kafka, how)()
    time.sleep(2.0)
    up(deployment.kafka)
    deployment.settle()


def test_the_store_is_killed_in_the_middle_of_bulk_and_stays_away(deployment: Deployment) -> None:
    """A worker that starts meanwhile waits too; nothing that the store has not confirmed is committed."""
    flowing(deployment, 600)
    deployment.store.kill()
    stranger = deployment.start()
    time.sleep(AWAY_SECONDS)
    assert all(worker.alive for worker in deployment.workers), deployment.last_words()
    assert stranger.alive
    marks = deployment.reader.marks()["index"]
    assert marks.lag > 0
    up(deployment.store)
    deployment.settle()
    assert stranger.terminate() == 0


@pytest.mark.parametrize("block", ["index.blocks.read_only", "index.blocks.read_only_allow_delete"])
def test_the_index_is_read_only_for_a_while(deployment: Deployment, block: str) -> None:
    """As an operator sets it, and as Elasticsearch does by itself where a disk fills up."""
    deployment.crew(2)
    with Elasticsearch(deployment.url) as client:
        everywhere = f"{deployment.prefix}-*"
        client.indices.put_settings(index=everywhere, settings={block: True})
        before = deployment.reader.stored()
        deployment.feed(next(numbers), 200).join()

        def waiting() -> bool:
            marks = deployment.reader.marks()
            return marks["enrich"].lag == 0 and marks["index"].lag >= 190

        deployment.wait(waiting)
        assert deployment.reader.stored() == before
        verdict = deployment.verdict(complete=False)
        assert not verdict.faults, verdict.faults
        client.indices.put_settings(index=everywhere, settings={block: None})
    deployment.settle()


def test_clocks_that_jump_change_nothing(deployment: Deployment, tmp_path: Path) -> None:
    """One worker three days behind, one that jumps ahead by a year and back: versions and order are the broker's."""
    for worker in deployment.workers:
        worker.terminate()
    clock = tmp_path / "clock"
    clock.write_text("0")
    deployment.start(FAULTS_CLOCK=str(clock))
    behind = tmp_path / "behind"
    behind.write_text(str(-3 * 86_400))
    deployment.start(FAULTS_CLOCK=str(behind))
    flowing(deployment, 600)
    for shift in (365 * 86_400, -7_200, 0):
        clock.write_text(str(shift))
        time.sleep(1.0)
    deployment.settle()
    for worker in deployment.workers:
        worker.terminate()


def test_everything_delivered_twice_more_changes_nothing(deployment: Deployment) -> None:
    """Every group begins again at the first record, twice; documents, counts and cases are what they were."""
    verdict = deployment.settle()
    documents = deployment.reader.documents()
    before = {key: itself(*found) for key, found in documents.items()}
    assert len(before) == verdict.counts["stored"] > 0
    for _ in range(2):
        for worker in deployment.workers:
            worker.terminate()
        deployment.reader.rewind()
        deployment.crew(2)
        again = deployment.settle()
        after = deployment.reader.documents()
        assert {key: itself(*found) for key, found in after.items()} == before
        drifted = [key for key, (_, body) in after.items() if compared(body) != compared(documents[key][1])]
        assert len(drifted) <= DRIFT * len(before), [compared(after[key][1]) for key in drifted[:5]]
        for count in ("stored", "cases", "counted_by_alert", "dead_letters"):
            assert again.counts[count] == verdict.counts[count]


def test_a_state_directory_on_a_full_disk_is_no_hindrance(deployment: Deployment, full_disk: Path) -> None:
    """State lives on the broker: a worker whose own folder takes not one byte more works like any other."""
    for worker in deployment.workers:
        worker.terminate()
    deployment.workers.clear()
    deployment.start(VOCERO_STATE_DIR=str(full_disk))
    deployment.feed(next(numbers), 150)
    deployment.settle()


def test_the_real_models_are_killed_and_go_on(deployment: Deployment) -> None:
    """`vocero run` itself, with the shipped chain: Apertium's children and the model die with the worker."""
    for worker in deployment.workers:
        worker.terminate()
    before = deployment.reader.stored()
    deployment.workers.clear()
    worker = deployment.start(light=False)
    deployment.feed(next(numbers), 150)
    deployment.wait(lambda: deployment.reader.stored() > before + 30)
    worker.kill()
    deployment.workers.clear()
    deployment.start(light=False)
    deployment.settle()
