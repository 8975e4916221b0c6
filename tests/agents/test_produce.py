"""`vocero produce` on the embedded broker: what arrives, what is refused, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer

from streams.broker.embedded import EmbeddedBroker
from streams.cli import cli

pytestmark = pytest.mark.agents
RAW = [f"feedback.raw.{name}" for name in ("reviews", "emails", "social")]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[EmbeddedBroker]:
    monkeypatch.chdir(tmp_path)
    with EmbeddedBroker() as broker:
        broker.create(RAW)
        monkeypatch.setenv("VOCERO_KAFKA_BOOTSTRAP_SERVERS", broker.address)
        yield broker


def produce(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["produce", *arguments])


def produced(broker: EmbeddedBroker, count: int) -> list[tuple[str, dict[str, Any], dict[str, bytes]]]:
    """(topic, post, headers) of the first `count` raw records."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "watch", "auto.offset.reset": "earliest"})
    consumer.subscribe(RAW)
    found = []
    for _ in range(300):
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            headers = {name: value for name, value in message.headers() or [] if isinstance(value, bytes)}
            found.append((message.topic() or "", json.loads(message.value() or b""), headers))
        if len(found) == count:
            break
    consumer.close()
    return found


def test_mails_arrive_with_their_customer_and_the_companys_are_marked(broker: EmbeddedBroker) -> None:
    Path("inbox.mbox").write_bytes(
        b"From ana@example.org Thu Jan  1 10:00:00 2026\nFrom: ana@example.org\nMessage-ID: <1@x>\n"
        b"X-Customer-Id: C-1\n\nMy parcel is lost.\n\n"
        b"From help@example.com Thu Jan  1 11:00:00 2026\nFrom: Help <help@example.com>\nMessage-ID: <2@x>\n"
        b"In-Reply-To: <1@x>\n\nWe send another.\n"
    )
    flags = ["--source", "support", "--company", "help@example.com", "--map", "X-Customer-Id=author.customer_id"]
    result = produce("inbox.mbox", *flags)
    assert result.exit_code == 0, result.output
    assert "done: 2 posts produced, 0 rejected" in result.stderr
    posts = {post["id"]: (topic, post) for topic, post, _ in produced(broker, 2)}
    assert {topic for topic, _ in posts.values()} == {"feedback.raw.emails"}
    assert posts["1@x"][1]["author"] == {"id": "ana@example.org", "customer_id": "C-1"}
    assert posts["2@x"][1]["author"] == {"id": "help@example.com", "name": "Help", "role": "company"}


def test_what_cannot_be_used_is_told_with_its_line_and_the_rest_arrives(broker: EmbeddedBroker) -> None:
    good = {"id": "1", "source": "s", "channel": "review", "text": "Bien"}
    lines = [good, {**good, "channel": "survey"}, {**good, "id": None}, {**good, "id": "4", "text": "word " * 300_000}]
    body = (
        "\n".join(json.dumps(line) for line in lines) + '\nnot json ana@example.org\n{"id": 5, "text": "ana@x.org"}\n'
    )
    Path("posts.jsonl").write_text(body, encoding="utf-8")
    result = produce("posts.jsonl")
    assert result.exit_code == 1
    for number, reason in ((2, "unknown-channel"), (3, "missing-field"), (4, "too-large"), (5, "not-json")):
        line = next(line for line in result.stderr.splitlines() if f"line {number}:" in line)
        assert line.endswith(f"[{reason}]"), line
    assert "too large for Kafka" in result.stderr
    assert "done: 1 post produced, 5 rejected" in result.stderr
    assert "ana@" not in result.output
    ((topic, post, headers),) = produced(broker, 1)
    assert (topic, post["id"], headers["ce_type"]) == ("feedback.raw.reviews", "1", b"vocero.post.raw")


def test_a_text_beyond_kafkas_limit_is_refused_in_words(broker: EmbeddedBroker) -> None:
    Path("big.txt").write_text("palabra " * 1_300_000, encoding="utf-8")
    result = produce("big.txt", "--channel", "review", "--source", "s")
    assert result.exit_code == 1
    assert "big.txt, line 1: too large for Kafka's message limit" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl does not exist"),
        (["-", "--channel", "fax"], "--channel fax"),
        (["-", "--map", "nonsense"], "NAME=FIELD"),
    ],
)
def test_misuse_is_refused_before_a_broker_is_asked(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOCERO_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert said in str(produce(*arguments).exception)
