"""Dead letters driven again on the embedded broker, by real agents, once what caused them is gone."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.codec import Limits
from schemas.enriched import Intent, Sentiment, Severity
from sinks.base import Document, Kind, Outcome, Query, Status
from sinks.memory import MemorySink
from streams.broker.client import client_config
from streams.broker.embedded import EmbeddedBroker
from streams.broker.outbox import Outbox
from streams.broker.reading import Reader
from streams.records import Message, Record
from streams.replay.job import Replay, Replayed
from streams.replay.letters import Choice
from streams.runner import Runner
from streams.settings import Settings, load_settings
from streams.topics import plan, topics_of
from streams.wiring import STAGES, build_flow

pytestmark = pytest.mark.agents


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


class Refusing(MemorySink):
    """A store that refuses a kind of documents for good, until it is told better: a conflict in its mapping."""

    refused: Kind | None = None

    def write(self, documents: Sequence[Document]) -> list[Outcome]:
        refused = [document.kind == self.refused for document in documents]
        written = iter(super().write([one for one, no in zip(documents, refused, strict=True) if not no]))
        return [Outcome(Status.REJECTED, "a conflict") if no else next(written) for no in refused]


class Bench:
    """An embedded broker with stages that can be stopped and started again with other settings."""

    def __init__(self, broker: EmbeddedBroker, settings: Settings) -> None:
        self.settings = msgspec.structs.replace(settings, kafka_bootstrap_servers=broker.address)
        self.topics = topics_of(self.settings)
        self.sink = Refusing()
        broker.create([one.name for one in plan(self.topics, partitions=4)])

    def while_running(self, story: Callable[[], None]) -> None:
        """Runs all stages on this thread, and `story` on another one until it ends."""
        flow = build_flow(
            self.settings, STAGES, shared=False, sink=lambda: self.sink, chain=lambda _: Chain([Marking()])
        )
        runner = Runner(flow.apps, flow.stages)
        failed: list[BaseException] = []

        def tell() -> None:
            try:
                assert flow.ledger.wait_ready(STAGES, seconds=60)
                story()
            except BaseException as error:  # noqa: BLE001 - raised again on the thread of the test
                failed.append(error)
            finally:
                runner.stop()

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        code = runner.run()
        flow.ledger.close()
        thread.join(10)
        flow.close()
        if failed:
            raise failed[0]
        assert code == 0

    def send(self, *messages: Message) -> None:
        outbox = Outbox(client_config(self.settings))
        assert asyncio.run(outbox.send(messages)) == []
        outbox.close()

    def post(self, number: int, **fields: object) -> Message:
        post = {"id": str(number), "source": "shop", "channel": "review", "text": "good", "brand": "Lumbre", **fields}
        return Message(self.topics.raw["review"], str(number).encode(), json.dumps(post).encode())

    def records(self, topic: str) -> list[Record]:
        with Reader(client_config(self.settings)) as reader:
            return [record for number in reader.partitions(topic) for record in reader.records(topic, number)]

    def letters(self) -> int:
        return sum(record.value is not None for record in self.records(self.topics.dead_letters))

    def replay(self, *, dry_run: bool = False, reasons: Sequence[str] = (), stages: Sequence[str] = ()) -> Replayed:
        outbox = Outbox(client_config(self.settings))
        with Reader(client_config(self.settings)) as reader:
            job = Replay(
                reader,
                self.topics,
                None if dry_run else outbox.send,
                limits=Limits(),
                now_ms=lambda: int(time.time() * 1000),
            )
            result = asyncio.run(job.run(Choice(reasons, stages)))
        outbox.close()
        return result

    def text(self, number: int) -> str | None:
        found = [one.body["feedback"] for one in self.sink.search(Query(limit=100)).documents]
        return next((post["text"] for post in found if post["id"] == str(number)), None)


def until(reached: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    settings = load_settings(environ={"VOCERO_STATE_DIR": str(tmp_path), "VOCERO_STORE": "memory"})
    with EmbeddedBroker() as broker:
        yield Bench(broker, settings)


def test_what_enrich_could_not_use_arrives_when_the_cause_is_gone_and_a_newer_edit_wins(bench: Bench) -> None:
    long = "x" * 3_000

    def before() -> None:
        bench.send(bench.post(1, channel="survey"), bench.post(2, text=long), bench.post(3, text=long), bench.post(4))
        until(lambda: bench.letters() == 3 and bench.text(4) is not None)
        bench.send(bench.post(3, text="an edit that came since"))
        until(lambda: bench.text(3) is not None)

    bench.settings = msgspec.structs.replace(bench.settings, max_record_bytes=2_000)
    bench.while_running(before)
    assert bench.text(1) is None

    tried = bench.replay(dry_run=True)
    assert tried.total("replayed") == 3
    assert len(bench.records(bench.topics.dead_letters)) == 3

    channels = {**bench.settings.channels, "survey": "reviews"}
    bench.settings = msgspec.structs.replace(bench.settings, max_record_bytes=1_000_000, channels=channels)

    def after() -> None:
        assert bench.replay(reasons=["unknown-channel"]).total("replayed") == 1
        until(lambda: bench.text(1) is not None)
        second = bench.replay()
        assert second.total("replayed") == 2
        assert second.total("already") == 1
        until(lambda: bench.text(2) is not None)
        third = bench.replay()
        assert (third.total("replayed"), third.total("already")) == (0, 3)
        until(lambda: len(bench.records(bench.topics.enriched)) == 5)
        bench.send(bench.post(5))
        until(lambda: bench.text(5) is not None)

    bench.while_running(after)
    assert bench.text(2) == long
    assert bench.text(3) == "an edit that came since"
    originals = {
        record.timestamp_ms
        for record in bench.records(bench.topics.raw["review"])
        if b"vocero_raw" not in record.headers
    }
    (second,) = [one for one in bench.sink.search(Query(limit=100)).documents if one.body["feedback"]["id"] == "2"]
    assert second.version in originals
    assert bench.sink.count("posts") == 5
    assert bench.letters() == 3


def test_what_fails_again_is_a_dead_letter_again_and_can_be_driven_again(bench: Bench) -> None:
    def story() -> None:
        bench.send(bench.post(1, channel="survey"))
        until(lambda: bench.letters() == 1)
        assert bench.replay().total("replayed") == 1
        until(lambda: bench.letters() == 2)
        again = bench.replay()
        assert (again.total("replayed"), again.total("already")) == (1, 1)

    bench.while_running(story)


def test_what_the_store_refused_is_driven_to_the_store_alone(bench: Bench) -> None:
    def story() -> None:
        bench.sink.refused = "posts"
        bench.send(*(bench.post(number, text="bad") for number in range(3)))
        until(lambda: bench.letters() == 3 and bench.sink.count("cases") == 3)
        bench.sink.refused = "cases"
        bench.send(bench.post(3, text="bad"))
        until(lambda: bench.letters() == 4 and bench.sink.count("posts") == 1)
        bench.sink.refused = None
        before = {name: len(bench.records(name)) for name in (bench.topics.signals, bench.topics.cases)}
        result = bench.replay(stages=["index"])
        assert result.total("replayed") == 4
        until(lambda: bench.sink.count("posts") == 4 and bench.sink.count("cases") == 4)
        assert before == {name: len(bench.records(name)) for name in before}
        assert len(bench.records(bench.topics.raw["review"])) == 4

    bench.while_running(story)
    assert bench.sink.count("alerts") == 0


def test_a_signal_that_broke_alert_is_counted_there_and_nowhere_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.stages import alert

    observe = alert.observe
    seen: list[str] = []
    broken = True

    def moody(state: object, signal: object, **given: object) -> object:
        if broken:
            raise ValueError("a bug in a rule")
        seen.append(signal.identity)  # type: ignore[attr-defined]
        return observe(state, signal, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(alert, "observe", moody)

    def story() -> None:
        nonlocal broken
        bench.send(bench.post(1, text="bad"))
        until(lambda: bench.letters() == 1 and bench.sink.count("cases") == 1)
        broken = False
        assert bench.replay(stages=["alert"], reasons=["failed"]).total("replayed") == 1
        until(lambda: len(seen) == 1)

    bench.while_running(story)
    (case,) = bench.sink.search(Query(kind="cases")).documents
    assert case.version == 1
    assert len(bench.records(bench.topics.cases)) == 1
