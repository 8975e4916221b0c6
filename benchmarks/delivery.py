"""Delivery beside its peers, on a real Kafka and a real Elasticsearch, sides taking turns in one run.

    python benchmarks/delivery.py [index|enrich|latency ...] [--kafka 127.0.0.1:19092] [--elasticsearch URL]

`index`: documents a second of the `index` stage, fed by Kafka and from memory, beside
`elasticsearch.helpers.parallel_bulk`, fed from memory, with vectors as JSON numbers and as base64. `enrich`: records a
second of the stage without models beside a bare Faust agent that decodes, encodes and forwards the same payload.
`latency`: from a post's sending until a search finds it, without models, at half the rate that the stages can take.
`make servers` starts the servers.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import faust
import msgspec
from confluent_kafka import Producer
from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk
from stores import posts as make_documents

from enrichers.chain import Chain
from schemas.codec import encode
from schemas.identity import identity
from schemas.raw import RawPost
from sinks.base import Document
from sinks.documents import post_of
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.elasticsearch.documents import stored_body
from streams.broker.admin import create_topics
from streams.delivery.harness import BULK
from streams.delivery.observer import Unobserved
from streams.records import Record
from streams.runner import Runner
from streams.settings import Settings, load_settings
from streams.stages.index import IndexStage
from streams.topics import plan, topics_of
from streams.wiring import build_flow

PARTITIONS = 4
DIMENSIONS = 384
TEXT = "El vestido es precioso, pero llegó tarde y nadie contesta a mis correos. " * 4


class Clock(Unobserved):
    """The time from the first batch of a stage to the one that completes `count` records; then it calls `done`."""

    def __init__(self, stage: str, count: int, done: Callable[[], None]) -> None:
        self.stage, self.count, self.done = stage, count, done
        self.started = self.ended = 0.0
        self.settled_records = 0

    def taken(self, stage: str, *_: object) -> None:
        """See Observer."""
        if stage == self.stage and not self.started:
            self.started = time.perf_counter()

    def settled(self, stage: str, records: Sequence[Record], *_: object, **__: object) -> None:
        """See Observer."""
        if stage == self.stage:
            self.settled_records += len(records)
            if self.settled_records >= self.count and not self.ended:
                self.ended = time.perf_counter()
                self.done()

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.count / (self.ended - self.started)


class Bench:
    """A Kafka, an Elasticsearch, and names that no other run uses."""

    def __init__(self, kafka: str, url: str, folder: str) -> None:
        self.kafka, self.url, self.folder = kafka, url, folder
        self.client: Elasticsearch = connect(url, timeout_seconds=300.0)

    def settings(self) -> Settings:
        """Settings under a prefix of their own, their topics made."""
        prefix = f"bench{uuid.uuid4().hex[:8]}"
        settings = load_settings(
            environ={
                "VOCERO_KAFKA_BOOTSTRAP_SERVERS": self.kafka,
                "VOCERO_TOPIC_PREFIX": prefix,
                "VOCERO_KAFKA_GROUP_PREFIX": prefix,
                "VOCERO_STATE_DIR": self.folder,
                "VOCERO_REDACT_SECRET": "of the benchmark",
            }
        )
        create_topics(settings, plan(topics_of(settings), partitions=PARTITIONS), replication=1)
        return settings

    def sink(self, settings: Settings) -> ElasticsearchSink:
        """A sink with the shipped mapping, under the settings' prefix."""
        client = connect(self.url, timeout_seconds=300.0)  # closed with the sink
        return ElasticsearchSink(client, prefix=settings.topic_prefix, dims=DIMENSIONS)

    def drop(self, settings: Settings) -> None:
        """Removes the indices again."""
        self.client.indices.delete(index=f"{settings.topic_prefix}-*")

    def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        """Puts records on a topic."""
        producer = Producer({"bootstrap.servers": self.kafka, "linger.ms": 20, "compression.type": "lz4"})
        for key, value in records:
            while True:
                try:
                    producer.produce(topic, value, key)
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.flush(120)

    def staged(self, settings: Settings, stages: Collection[str], clock: Clock, wait: float = 300.0) -> None:
        """Runs stages without models until the clock has its count."""
        flow = build_flow(
            settings,
            list(stages),
            sink=lambda: self.sink(settings),
            chain=lambda _: Chain([]),
            observer=clock,
        )
        runner = Runner(flow.apps, flow.stages)
        clock.done = runner.stop
        timer = threading.Timer(wait, runner.stop)
        timer.start()
        code = runner.run()
        timer.cancel()
        flow.close()
        if code or not clock.ended:
            raise SystemExit("the stages did not finish")


def index_side(bench: Bench, documents: Sequence[Document]) -> float:
    """Documents a second of the `index` stage."""
    settings = bench.settings()
    bench.send(topics_of(settings).enriched, [(one.id, encode(post_of(one))) for one in documents])
    clock = Clock("index", len(documents), lambda: None)
    bench.staged(settings, ["index"], clock)
    bench.client.indices.refresh(index=f"{settings.topic_prefix}-posts")
    assert bench.client.count(index=f"{settings.topic_prefix}-posts")["count"] == len(documents)
    bench.drop(settings)
    return clock.rate


def memory_side(bench: Bench, documents: Sequence[Document]) -> float:
    """Documents a second of the `index` stage's own work on batches from memory, without Kafka and Faust."""
    settings = bench.settings()
    topics = topics_of(settings)
    records = [
        Record(topics.enriched, 0, place, one.id.encode(), encode(post_of(one)), 10**12)
        for place, one in enumerate(documents)
    ]
    stage = IndexStage(topics, lambda: bench.sink(settings))

    async def work() -> float:
        await stage.open()
        started = time.perf_counter()
        for start in range(0, len(records), BULK):
            assert not await stage.process(records[start : start + BULK])
        return time.perf_counter() - started

    seconds = asyncio.run(work())
    stage.close()
    bench.drop(settings)
    return len(documents) / seconds


def bulk_side(bench: Bench, documents: Sequence[Document], *, numbers: bool = False) -> float:
    """Documents a second of `parallel_bulk`, from JSON lines in memory, into the same mapping.

    `numbers`: with vectors as JSON numbers, else as base64, like the stage's own.
    """
    settings = bench.settings()
    bench.sink(settings).open()
    target = f"{settings.topic_prefix}-posts"
    stored = [encode(stored_body(one.body, dims=DIMENSIONS, numbers=numbers)) for one in documents]

    def actions() -> Iterator[dict[str, Any]]:
        for one, line in zip(documents, stored, strict=True):
            yield {"_op_type": "index", "_index": target, "_id": one.id, "_source": msgspec.json.decode(line)}

    started = time.perf_counter()
    assert all(ok for ok, _ in parallel_bulk(bench.client, actions()))
    seconds = time.perf_counter() - started
    bench.drop(settings)
    return len(documents) / seconds


def raw_posts(count: int) -> list[tuple[str, bytes]]:
    """Key and value of raw posts of some 300 characters."""
    made = [
        RawPost(id=str(number), source="shop", channel="review", text=TEXT, brand=f"brand{number % 50}")
        for number in range(count)
    ]
    return [(identity(one.channel, one.source, one.id), encode(one)) for one in made]


def enrich_side(bench: Bench, posts: Sequence[tuple[str, bytes]]) -> float:
    """Records a second of the `enrich` stage without models."""
    settings = bench.settings()
    bench.send(topics_of(settings).raw["review"], posts)
    clock = Clock("enrich", len(posts), lambda: None)
    bench.staged(settings, ["enrich"], clock)
    return clock.rate


def bare_side(bench: Bench, posts: Sequence[tuple[str, bytes]]) -> float:
    """Records a second of a Faust agent that decodes, encodes and forwards, with every delivery awaited in the end."""
    settings = bench.settings()
    topics = topics_of(settings)
    bench.send(topics.raw["review"], posts)
    app = faust.App(
        f"{settings.kafka_group_prefix}-bare",
        broker=f"kafka://{bench.kafka}",
        autodiscover=False,
        datadir=bench.folder,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        key_serializer="raw",
        value_serializer="raw",
    )
    taken = app.topic(topics.raw["review"], key_type=bytes, value_type=bytes)
    sent = app.topic(topics.enriched, key_type=bytes, value_type=bytes)
    clock = Clock("bare", len(posts), lambda: None)

    async def forward(stream: Any) -> None:
        waiting = []
        async for event in stream.events():
            if not clock.started:
                clock.started = time.perf_counter()
            value = encode(msgspec.json.decode(event.value, type=RawPost))
            waiting.append(await sent.send(key=event.key, value=value))
            if len(waiting) == len(posts):
                for one in waiting:
                    await one
                clock.settled("bare", [event] * len(posts))

    app.agent(taken, name="bare")(forward)
    runner = Runner([app], [])
    clock.done = runner.stop
    timer = threading.Timer(300.0, runner.stop)
    timer.start()
    runner.run()
    timer.cancel()
    return clock.rate


def latency(bench: Bench, seconds: float, rate: float) -> list[float]:
    """Seconds from sending a post until a search finds it, through `enrich` and `index` at `rate` posts a second."""
    settings = bench.settings()
    posts = raw_posts(int(seconds * rate))
    topic, target = topics_of(settings).raw["review"], f"{settings.topic_prefix}-posts"
    found: list[float] = []
    sent: dict[str, float] = {}
    clock = Clock("index", 2**60, lambda: None)
    sending = threading.Event()

    def send() -> None:
        producer = Producer({"bootstrap.servers": bench.kafka, "linger.ms": 5})
        started = time.perf_counter()
        for number, (key, value) in enumerate(posts):
            time.sleep(max(0.0, started + number / rate - time.perf_counter()))
            sent[key] = time.perf_counter()
            producer.produce(topic, value, key)
            producer.poll(0)
        producer.flush(30)
        sending.set()

    def watch() -> None:
        while not bench.client.indices.exists_alias(name=target):
            time.sleep(0.2)
        time.sleep(8.0)  # the stages get their partitions
        threading.Thread(target=send, daemon=True).start()
        while not (sending.is_set() and not sent):
            open_ids = list(sent)[:5_000]
            answer = bench.client.search(index=target, query={"ids": {"values": open_ids}}, size=5_000, source=False)
            now = time.perf_counter()
            found.extend(now - sent.pop(hit["_id"]) for hit in answer["hits"]["hits"])
            time.sleep(0.05)
        clock.ended = now
        clock.done()

    threading.Thread(target=watch, daemon=True).start()
    bench.staged(settings, ["enrich", "index"], clock, wait=seconds + 180.0)
    bench.drop(settings)
    return found


def capacity(bench: Bench, count: int) -> float:
    """Posts a second through `enrich` and `index` together, without models."""
    settings = bench.settings()
    bench.send(topics_of(settings).raw["review"], raw_posts(count))
    clock = Clock("index", count, lambda: None)
    bench.staged(settings, ["enrich", "index"], clock)
    bench.drop(settings)
    return clock.rate


def turns(ours: Mapping[str, Callable[[], float]], peers: Mapping[str, Callable[[], float]], rounds: int) -> None:
    """Everybody's rates, one after the other, `rounds` times, and the median ratio of each of ours to each peer."""
    sides = {**peers, **ours}
    width = max(map(len, sides)) + 2
    print(" " * width + "".join(f"{f'round {number}':>10}" for number in range(1, rounds + 1)))
    rows = [{name: side() for name, side in sides.items()} for _ in range(rounds)]
    for name in sides:
        print(f"{name:<{width}}" + "".join(f"{row[name]:>10,.0f}" for row in rows))
    for own in ours:
        for peer in peers:
            print(f"{own} / {peer}: {statistics.median(row[own] / row[peer] for row in rows):.2f}")
    print(flush=True)


def main() -> None:
    """Prints a table per part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["index", "enrich", "latency"])
    parser.add_argument("--kafka", default="127.0.0.1:19092")
    parser.add_argument("--elasticsearch", default="http://127.0.0.1:19200")
    parser.add_argument("--documents", type=int, default=8_000)
    parser.add_argument("--records", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.kafka, options.elasticsearch, folder)
        if "index" in options.parts:
            documents = make_documents(options.documents, seed=11)
            print(f"{len(documents)} posts with {DIMENSIONS}-d vectors, the shipped mapping")
            turns(
                {
                    "index, from Kafka": lambda: index_side(bench, documents),
                    "index, from memory": lambda: memory_side(bench, documents),
                },
                {
                    "parallel_bulk, vectors as numbers": lambda: bulk_side(bench, documents, numbers=True),
                    "parallel_bulk, vectors as base64": lambda: bulk_side(bench, documents),
                },
                options.rounds,
            )
        if "enrich" in options.parts:
            posts = raw_posts(options.records)
            print(f"{len(posts)} raw posts of {len(posts[0][1])} bytes, no models")
            turns(
                {"enrich": lambda: enrich_side(bench, posts)},
                {"bare Faust agent": lambda: bare_side(bench, posts)},
                options.rounds,
            )
        if "latency" in options.parts:
            most = capacity(bench, options.documents)
            took = sorted(latency(bench, options.seconds, most / 2))
            p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
            print(
                f"sent until found by a search, no models, {most / 2:,.0f} posts/s (half of {most:,.0f}), "
                f"{len(took)} posts: p50 {p50:.2f} s, p99 {p99:.2f} s"
            )


if __name__ == "__main__":
    main()
