"""Reads from the servers all that the verifier judges: topics from their beginning, offsets, state, documents."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from elasticsearch import ApiError, Elasticsearch, TransportError

from schemas.dead_letters import DeadLetter
from schemas.identity import identity
from streams.headers import only_for, raw_address, version_header
from streams.records import Record
from streams.spikes.watch import BrandState
from streams.stages.alert import unpack
from tests.faults.verifier import Letter, Passed, Place, Produced, Seen, Stored

PAGE = 2_000
INPUTS = {
    "enrich": ("raw.reviews", "raw.emails", "raw.social"),
    "index": ("enriched", "alerts.negative-spike", "cases", "topics", "dead-letters"),
    "alert": ("signals",),
    "case": ("signals", "cases.commands"),
    "link": ("signals", "links.commands"),
    "learn": ("learn",),
}


class _Signal(msgspec.Struct):
    identity: str
    version: int
    brand: str
    intents: list[str] = []
    sentiment: str | None = None


class _Case(msgspec.Struct):
    identity: str


class Marks(NamedTuple):
    """A group's committed offset and the end of the log, per topic and partition."""

    committed: dict[tuple[str, int], int]
    ends: dict[tuple[str, int], int]

    @property
    def lag(self) -> int:
        """Records that the group has not committed."""
        return sum(end - self.committed.get(place, 0) for place, end in self.ends.items())


class Reader:
    """Reads one deployment, by its topic and group prefix."""

    def __init__(self, address: str, url: str, prefix: str) -> None:
        self._address = address
        self._prefix = prefix
        self._url = url

    def marks(self) -> dict[str, Marks]:
        """Where each group stands."""
        found = {}
        for group, names in INPUTS.items():
            consumer = self._consumer(f"{self._prefix}-{group}")
            try:
                metadata = consumer.list_topics(timeout=20).topics
                topics = [name for name in (f"{self._prefix}.{one}" for one in names) if name in metadata]
                places = [TopicPartition(name, number) for name in topics for number in metadata[name].partitions]
                committed = {(p.topic, p.partition): max(p.offset, 0) for p in consumer.committed(places, timeout=20)}
                ends = {(p.topic, p.partition): consumer.get_watermark_offsets(p, timeout=20)[1] for p in places}
            finally:
                consumer.close()
            found[group] = Marks(committed, ends)
        return found

    def members(self, group: str) -> int:
        """How many workers a group has now."""
        admin = AdminClient({"bootstrap.servers": self._address, "log_level": 0})
        name = f"{self._prefix}-{group}"
        return len(admin.describe_consumer_groups([name])[name].result().members)

    def rewind(self) -> None:
        """Every group, which has no members now, is to begin again at the first record."""
        admin = AdminClient({"bootstrap.servers": self._address, "log_level": 0})
        for group, marks in self.marks().items():
            places = [TopicPartition(*place, 0) for place, offset in marks.committed.items() if offset]
            if places:
                wanted = ConsumerGroupTopicPartitions(f"{self._prefix}-{group}", places)
                deadline = time.monotonic() + 120
                while not self._altered(admin, wanted) and time.monotonic() < deadline:
                    time.sleep(1.0)  # its last member is not forgotten yet

    @staticmethod
    def _altered(admin: AdminClient, wanted: ConsumerGroupTopicPartitions) -> bool:
        try:
            (future,) = admin.alter_consumer_group_offsets([wanted]).values()
            return all(place.error is None for place in future.result().topic_partitions)
        except KafkaException:
            return False

    def seen(self, acknowledged: set[tuple[str, int, int]]) -> Seen:
        """Everything; offsets first, so that what they promise must be in what is read after them."""
        committed = {group: marks.committed for group, marks in self.marks().items()}
        acknowledged = set(acknowledged)
        letters = [_letter(value) for _, value, _ in self._records("dead-letters") if value]
        stored = list(self._stored())
        # what `link` alone is asked to repeat is nothing to count
        signals = [_signal(record) for record, _, _ in self._records("signals") if only_for(record) != "link"]
        newest = self._counted()
        return Seen(
            committed=committed,
            acknowledged=acknowledged,
            produced=[
                Produced.of(_place(record), value or b"", record.timestamp_ms)
                for name in INPUTS["enrich"]
                for record, value, _ in self._records(name)
            ],
            enriched=[_enriched(record) for record, _, _ in self._records("enriched")],
            signals=signals,
            letters=letters,
            stored=stored,
            applied={brand: state.applied for brand, state in newest.items()},
            counted={brand: len(state.seen) for brand, state in newest.items()},
            cases=[msgspec.json.decode(value, type=_Case).identity for _, value, _ in self._records("cases") if value],
            case_documents=[
                hit["_source"]["feedback"]["case"]["identity"]
                for hit in self._hits("cases", ["feedback.case.identity"])
            ],
        )

    def _counted(self) -> dict[str, BrandState]:
        """What `alert` remembers of each brand, as a worker restores it: what a frozen one wrote late is passed over.

        One record at a time: a state is large, and a long run writes thousands.
        """
        newest: dict[str, BrandState] = {}
        for _, value, key in self._records("alerts.state"):
            state = unpack(value) if value and key else None
            if state is not None and key is not None:
                brand = key.decode()
                if state.applied >= newest.get(brand, BrandState()).applied:
                    newest[brand] = state
        return newest

    def stored(self) -> int:
        """How many posts the store shows; -1 where it does not answer."""
        try:
            with Elasticsearch(self._url, request_timeout=5) as client:
                client.indices.refresh(index=f"{self._prefix}-posts")
                return int(client.count(index=f"{self._prefix}-posts")["count"])
        except (ApiError, TransportError):
            return -1

    def documents(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """Every post's version and whole body by its id."""
        return {hit["_id"]: (hit["_version"], hit["_source"]) for hit in self._hits("posts", ["*"])}

    def _stored(self) -> Iterator[Stored]:
        for hit in self._hits("posts", [f"feedback.{name}" for name in ("text", "channel", "source", "id")]):
            post = hit["_source"]["feedback"]
            yield Stored(
                hit["_id"], hit["_version"], post["text"], identity(post["channel"], post["source"], post["id"])
            )

    def _hits(self, kind: str, fields: list[str]) -> Iterator[dict[str, Any]]:
        """Every document of a kind, whatever index behind the prefix holds it."""
        with Elasticsearch(self._url, request_timeout=60, max_retries=5, retry_on_timeout=True) as client:
            everywhere = f"{self._prefix}-{kind}*"
            client.indices.refresh(index=everywhere)
            pit = client.open_point_in_time(index=everywhere, keep_alive="2m")["id"]
            after: list[Any] | None = None
            while True:
                answer = client.search(
                    size=PAGE,
                    pit={"id": pit, "keep_alive": "2m"},
                    sort=["_shard_doc"],
                    search_after=after,
                    source={"includes": fields},
                    version=True,
                    track_total_hits=False,
                )
                hits = answer["hits"]["hits"]
                yield from hits
                if len(hits) < PAGE:
                    break
                after = hits[-1]["sort"]
            client.close_point_in_time(id=pit)

    def _records(self, name: str) -> Iterator[tuple[Record, bytes | None, bytes | None]]:
        """Every record of a topic up to its present end: the record, its value and its key."""
        topic = f"{self._prefix}.{name}"
        consumer = self._consumer(f"{self._prefix}-verifier")
        try:
            metadata = consumer.list_topics(topic, timeout=20).topics[topic]
            places = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in metadata.partitions]
            ends = {p.partition: consumer.get_watermark_offsets(p, timeout=20) for p in places}
            consumer.assign([p for p in places if ends[p.partition][0] < ends[p.partition][1]])
            left = {number: high for number, (low, high) in ends.items() if low < high}
            while left:
                for message in consumer.consume(1_000, timeout=1.0):
                    if message.error():
                        continue
                    if message.offset() < ends[message.partition()][1]:
                        record = Record(
                            topic=topic,
                            partition=message.partition(),
                            offset=message.offset(),
                            key=message.key(),
                            value=message.value(),
                            timestamp_ms=message.timestamp()[1],
                            headers={k: v for k, v in message.headers() or [] if v is not None},
                        )
                        yield record, message.value(), message.key()
                for place in consumer.position([TopicPartition(topic, number) for number in left]):
                    if place.offset >= left[place.partition]:
                        del left[place.partition]
        finally:
            consumer.close()

    def _consumer(self, group: str) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self._address,
                "group.id": group,
                "enable.auto.commit": False,
                "log_level": 0,
                "fetch.message.max.bytes": 8 * 1024 * 1024,
            }
        )


def _place(record: Record) -> Place:
    return Place(record.topic, record.partition, record.offset)


def _descends(record: Record) -> Place:
    raw = raw_address(record)
    return Place(raw.topic, raw.partition, raw.offset)


def _letter(value: bytes) -> Letter:
    letter = msgspec.json.decode(value, type=DeadLetter)
    return Letter(letter.stage, Place(letter.topic, letter.partition, letter.offset))


def _enriched(record: Record) -> Passed:
    kind = "relabel" if (record.value or b"").startswith(b'{"kind":') else "post"
    key = (record.key or b"").decode()
    return Passed(_place(record), _descends(record), key, version_header(record.headers) or 0, kind)


def _signal(record: Record) -> Passed:
    signal = msgspec.json.decode(record.value or b"", type=_Signal)
    complaint = signal.sentiment == "negative" and "complaint" in signal.intents
    kind = "complaint" if complaint else "other"
    return Passed(_place(record), _descends(record), signal.identity, signal.version, kind, signal.brand)
