"""The example clients as their users run them, against a real broker: what they send arrives, what they tell is so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.alerts import Alert, Exemplar
from schemas.codec import encode
from schemas.raw import RawPost

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "examples" / "clients"
JARS = ROOT / ".servers" / "kafka" / "lib"
POSTS = [
    RawPost(id="a-1", source="shop.example", channel="review", text='¡Roto!\tOtra vez: "nunca" más\\menos\nAdiós'),
    RawPost(id="a-2", source="shop.example", channel="review", text="Adorei 🎉 — obrigada"),
    RawPost(
        id="a-1", source="shop.example", channel="review", text="Ya está arreglado", updated_at="2026-03-02T10:00:00Z"
    ),
    *(RawPost(id=f"b-{n}", source="other.example", channel="review", text=f"post {n}") for n in range(40)),
]


def python(name: str) -> list[str]:
    return [sys.executable, str(CLIENTS / name)]


def shell(name: str) -> list[str]:
    for tool in ("kcat", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing: apt-get install {tool}")
    return ["bash", str(CLIENTS / name)]


def java(name: str) -> list[str]:
    if shutil.which("javac") is None:
        pytest.skip("a program in one source file needs a JDK: apt-get install openjdk-17-jdk-headless")
    return ["java", "-cp", f"{JARS}/*", str(CLIENTS / name)]


def run(words: list[str], address: str, topic: str, given: bytes = b"", **environment: str) -> str:
    """Standard output of a client that ended well."""
    done = subprocess.run(
        words,
        input=given,
        env={**os.environ, "BOOTSTRAP": address, "TOPIC": topic, **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout.decode()


@pytest.fixture
def topic(kafka_server: str) -> Iterator[str]:
    """A topic of three partitions for this test alone."""
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = AdminClient({"bootstrap.servers": kafka_server})
    admin.create_topics([NewTopic(name, num_partitions=3, replication_factor=1)])[name].result()
    yield name
    admin.delete_topics([name])[name].result()


def records(address: str, topic: str, count: int) -> list[Any]:
    """The topic's first `count` records, those of a partition in order."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": "none", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(3)])
    found: list[Any] = []
    while len(found) < count:
        more = consumer.consume(count - len(found), timeout=30)
        assert more, f"{len(found)} of {count} records"
        found += more
    assert consumer.consume(1, timeout=0.5) == []
    consumer.close()
    return found


@pytest.mark.parametrize(("how", "name"), [(python, "produce.py"), (shell, "produce.sh"), (java, "Produce.java")])
def test_a_producers_posts_are_as_they_were_given(kafka_server: str, topic: str, how: Any, name: str) -> None:
    lines = b"".join(encode(post) + b"\n" for post in POSTS)
    run(how(name), kafka_server, topic, lines)
    found = records(kafka_server, topic, len(POSTS))
    decoded = [msgspec.json.decode(record.value(), type=RawPost) for record in found]
    assert sorted(decoded, key=repr) == sorted(POSTS, key=repr)
    # edits stay in order, wherever they came from: the partition is that of Kafka's own clients
    assert [post.text for post in decoded if post.id == "a-1"] == [POSTS[0].text, POSTS[2].text]
    assert {record.key().decode() for record in found} == {f"{post.source}/{post.id}" for post in POSTS}
    assert {record.key(): record.partition() for record in found} == PARTITIONS


def murmur2(data: bytes) -> int:
    """Kafka's hash of keys, as its Java clients compute it: 32 bits."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) & ~3
    for place in range(0, whole, 4):
        k = int.from_bytes(data[place : place + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


PARTITIONS = {key: (murmur2(key) & 0x7FFFFFFF) % 3 for key in (f"{post.source}/{post.id}".encode() for post in POSTS)}


def test_a_producer_says_what_was_not_taken(tmp_path: Path) -> None:
    (tmp_path / "client.properties").write_text("# give up soon\nmessage.timeout.ms=1000\n")
    done = subprocess.run(
        python("produce.py"),
        input=b'{"id": "1", "source": "s"}\n',
        env={**os.environ, "BOOTSTRAP": "127.0.0.1:1", "PROPERTIES": str(tmp_path / "client.properties")},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert b"1 posts were not taken" in done.stderr


def alert(number: int, version: int, state: Any = "started", **fields: Any) -> Alert:
    return Alert(
        id=f"alert-{number}",
        series=f"brand=Lumbre/place=P{number}",
        brand="Lumbre",
        dimension="place",
        value=f"P{number}",
        state=state,
        version=version,
        since="2026-03-24T07:00:00.000Z",
        at="2026-03-24T09:30:00.000Z",
        window_seconds=3600,
        observed=12.0,
        expected=0.7,
        score=6.0,
        exemplars=[Exemplar(identity="x", excerpt="Llegó roto", translation="It arrived broken")],
        **{"incident": "i", **fields},
    )


def tell(address: str, topic: str, *alerts: Alert) -> None:
    producer = Producer({"bootstrap.servers": address, "partitioner": "murmur2_random"})
    for one in alerts:
        producer.produce(topic, encode(one), one.series.encode())
    assert producer.flush(30) == 0


def test_the_python_consumer_tells_each_alert_that_leads_once_and_goes_on(kafka_server: str, topic: str) -> None:
    first = alert(1, 1, leads=True)
    tell(kafka_server, topic, first, first, alert(2, 1), alert(3, 1, incident=None), alert(1, 2, "grown", leads=True))

    def told() -> list[str]:
        text = run([*python("follow_alerts.py"), "--once"], kafka_server, topic, GROUP=f"group-{topic}")
        return re.findall(r"^\S+ (\w+) +Lumbre · place (\w+): 12 negative posts, 0\.7 expected$", text, re.MULTILINE)

    assert sorted(told()) == [("grown", "P1"), ("started", "P1"), ("started", "P3")]
    tell(kafka_server, topic, alert(1, 3, "ended", leads=True))
    assert told() == [("ended", "P1")]
    assert told() == []


def test_kcat_tells_the_alerts_that_lead(kafka_server: str, topic: str) -> None:
    tell(kafka_server, topic, alert(1, 1, leads=True), alert(2, 1), alert(3, 1, incident=None))
    lines = run([*shell("follow_alerts.sh"), "-e"], kafka_server, topic).splitlines()
    assert sorted(lines) == [
        f"2026-03-24T09:30 started Lumbre · place {place}: 12 negative posts, 0.7 expected" for place in ("P1", "P3")
    ]
