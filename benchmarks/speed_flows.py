"""Workers on a broker, embedded or real, with models or without, and a bare loop that does the same without Faust."""

from __future__ import annotations

import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import corpus
from confluent_kafka import Consumer
from measured import Measured, measured
from speed_calls import WARM

from enrichers.chain import Chain
from schemas.codec import decode_raw
from sinks.documents import post_document
from sinks.sqlite import SQLiteSink
from streams.broker.admin import create_topics
from streams.broker.client import client_config
from streams.broker.embedded import PARTITIONS, EmbeddedBroker
from streams.broker.pusher import Pusher, raw_record
from streams.delivery.observer import Unobserved
from streams.intake import to_draft
from streams.runner import Runner
from streams.settings import Settings, load_settings
from streams.topics import plan, topics_of
from streams.wiring import Flow, build_chain, build_flow

UNDER_WAY = 1_500
"""Records between the embedded broker and its readers: it forgets what runs too far ahead."""
STALL_SECONDS = 300.0


class Opened(Unobserved):
    """Waits until stages have loaded their models and opened their stores."""

    def __init__(self, stages: Sequence[str]) -> None:
        self._left = set(stages)
        self.all = threading.Event()

    def opened(self, stage: str) -> None:
        """See Observer."""
        self._left.discard(stage)
        if not self._left:
            self.all.set()


@contextmanager
def broker(address: str | None) -> Iterator[Settings]:
    """Settings under names of their own on the broker at `address`, or on one of this process, topics made."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedBroker() as embedded:
        prefix = f"bench{uuid.uuid4().hex[:8]}"
        settings = load_settings(
            environ={
                "VOCERO_KAFKA_BOOTSTRAP_SERVERS": address or embedded.address,
                "VOCERO_TOPIC_PREFIX": prefix,
                "VOCERO_KAFKA_GROUP_PREFIX": prefix,
                "VOCERO_STATE_DIR": folder,
                "VOCERO_REDACT_SECRET": "of the benchmark",
            }
        )
        topics = plan(topics_of(settings), partitions=PARTITIONS)
        if address is None:
            embedded.create([one.name for one in topics])
        else:
            create_topics(settings, topics, replication=1)
        yield settings


def worker(
    what: str,
    address: str | None,
    stages: Sequence[str],
    count: int,
    *,
    models: bool,
    steps: int = 1,
    brands: int = 1,
    on_step: Callable[[Measured], None] = lambda _: None,
) -> list[Measured]:
    """A process that runs `stages` over a backlog, until all of them have settled all that follows from it.

    It does so `steps` times, without a break for the worker; a row for each, of which `on_step` is told at once.
    """
    limit = UNDER_WAY if address is None else 10**9
    with broker(address) as settings:
        opened = Opened(stages)
        flow = build_flow(
            settings,
            stages,
            sink=lambda: SQLiteSink(settings.sqlite_file),
            chain=None if models else lambda _: Chain([]),
            observer=opened,
        )
        runner = Runner(flow.apps, flow.stages)
        rows: list[Measured] = []

        def tell() -> None:
            try:
                if flow.ledger.wait_ready(stages, seconds=STALL_SECONDS) and opened.all.wait(STALL_SECONDS):
                    _fed(settings, flow, 0, WARM, limit, brands)
                    for step in range(steps):
                        first = WARM + step * count
                        rows.append(measured(what, count, partial(_fed, settings, flow, first, count, limit, brands)))
                        on_step(rows[-1])
            finally:
                runner.stop()

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        code = runner.run()
        flow.ledger.close()
        thread.join(5.0)
        flow.close()
    if code or len(rows) < steps:
        raise SystemExit(f"{what}: the worker did not finish")
    return rows


def bare(what: str, address: str | None, count: int, batch: int) -> list[Measured]:
    """A plain loop: confluent-kafka in, the same enrichers, SQLite out, offsets committed after each batch."""
    with broker(address) as settings:
        topic = topics_of(settings).raw["social"]
        pusher = Pusher(client_config(settings), on_refused=lambda *_: None, linger_ms=1)
        for post in corpus.posts(0, WARM + count):
            pusher.push(topic, *raw_record(post, now_ms=time.time_ns() // 1_000_000), post.id)
        pusher.flush()
        chain, sink = build_chain(settings), SQLiteSink(settings.sqlite_file)
        sink.open()
        consumer = Consumer(
            {
                **client_config(settings),
                "group.id": f"{settings.kafka_group_prefix}-bare",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        consumer.subscribe([topic])

        def loop(left: int) -> None:
            while left > 0:
                taken = [one for one in consumer.consume(min(batch, left), timeout=0.5) if one.error() is None]
                if not taken:
                    continue
                drafts = chain(
                    [to_draft(decode_raw(one.value() or b""), received_ms=one.timestamp()[1]) for one in taken]
                )
                sink.write([post_document(draft.post) for draft in drafts])
                consumer.commit(asynchronous=False)
                left -= len(taken)

        loop(WARM)
        row = measured(what, count, lambda: loop(count))
        consumer.close()
        sink.close()
        chain.close()
    return [row]


def _fed(settings: Settings, flow: Flow, first: int, count: int, limit: int, brands: int) -> None:
    """Sends posts, at most `limit` records under way, and waits until nothing is."""
    topic = flow.topics.raw["social"]
    pusher = Pusher(client_config(settings), on_refused=lambda *_: None, linger_ms=1)
    for post in corpus.posts(first, count, brands=brands):
        if not flow.ledger.wait_below(limit, seconds=STALL_SECONDS):
            raise SystemExit("the stages stand still")
        flow.ledger.sent([topic])
        pusher.push(topic, *raw_record(post, now_ms=time.time_ns() // 1_000_000), post.id)
    pusher.flush()
    if not flow.ledger.wait_below(0, seconds=STALL_SECONDS):
        raise SystemExit("the stages stand still")
