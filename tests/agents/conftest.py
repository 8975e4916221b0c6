"""Stages on an embedded broker that tests can stop, and start again with other settings or another model."""

from __future__ import annotations

import asyncio
import json
import math
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
from streams.reenrich import Again, Finish, again
from streams.replay.job import Replay, Replayed
from streams.replay.letters import Choice
from streams.runner import Runner
from streams.settings import Settings, load_settings
from streams.topics import plan, topics_of
from streams.wiring import STAGES, Flow, build_flow


class Marking:
    """A stand-in for the models: a post with the word `bad` is a complaint."""

    name = "marking"

    def __init__(self, version: str = "1") -> None:
        self.version = version

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        return [self._marked(draft) for draft in drafts]

    def _marked(self, draft: Draft) -> Draft:
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

    def write(self, documents: Sequence[Document], *, until: float = math.inf) -> list[Outcome]:
        refused = [document.kind == self.refused for document in documents]
        written = iter(super().write([one for one, no in zip(documents, refused, strict=True) if not no]))
        return [Outcome(Status.REJECTED, "a conflict") if no else next(written) for no in refused]


class Bench:
    """An embedded broker with stages that can be stopped and started again with other settings."""

    def __init__(self, broker: EmbeddedBroker, settings: Settings) -> None:
        self.settings = msgspec.structs.replace(settings, kafka_bootstrap_servers=broker.address)
        self.topics = topics_of(self.settings)
        self.sink = Refusing()
        self.model = "1"
        self.channels = self.topics.raw
        broker.create([one.name for one in plan(self.topics, partitions=4)])

    def while_running(self, story: Callable[[], None], *stages: str, again: Again | None = None) -> None:
        """Runs stages on this thread, all if none is named, and `story` on another one until it ends.

        A consumer group that comes back waits a minute on the embedded broker: take another prefix for a second run.
        """
        flow = self._flow(stages or STAGES, again)
        self.channels = flow.topics.raw
        runner = Runner(flow.apps, flow.stages)
        failed: list[BaseException] = []

        def tell() -> None:
            try:
                assert flow.ledger.wait_ready(stages or STAGES, seconds=60)
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

    def enrich_again(self, label: str, *, since_ms: int | None = None) -> None:
        """What `vocero run enrich --reenrich LABEL` does, until it ends by itself."""
        wanted = self.again(label, since_ms=since_ms)
        finish = self.finish(wanted)
        if finish.done():
            return
        flow = self._flow(["enrich"], wanted)
        runner = Runner(flow.apps, flow.stages)
        finish.start(runner.stop)
        code = runner.run()
        finish.close()
        flow.close()
        assert code == 0

    def again(self, label: str, *, since_ms: int | None = None) -> Again:
        return again(client_config(self.settings), self.topics, label, since_ms=since_ms)

    def finish(self, wanted: Again) -> Finish:
        return Finish(client_config(self.settings), f"{self.settings.kafka_group_prefix}-{wanted.group}", wanted.ends)

    def _flow(self, stages: Sequence[str], wanted: Again | None) -> Flow:
        return build_flow(
            self.settings,
            stages,
            shared=False,
            sink=lambda: self.sink,
            chain=lambda _: Chain([Marking(self.model)]),
            again=wanted,
        )

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

    @staticmethod
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
