"""`vocero produce` on the embedded broker: what arrives, what is refused, and what is said of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


def produced(
    broker: EmbeddedBroker, count: int, *, until_idle: bool = False
) -> list[tuple[str, dict[str, Any], dict[str, bytes]]]:
    """(topic, post, headers) of the first `count` raw records; `until_idle`: of fewer where no more come."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "watch", "auto.offset.reset": "earliest"})
    consumer.subscribe(RAW)
    found: list[tuple[str, dict[str, Any], dict[str, bytes]]] = []
    idle = 0
    while idle < (20 if until_idle and found else 300):
        message = consumer.poll(0.1)
        idle = 0 if message is not None else idle + 1
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


def line(number: int) -> str:
    return json.dumps({"id": str(number), "source": "s", "channel": "review", "text": f"Bien {number}"}) + "\n"


def test_a_grown_file_and_a_replaced_one_send_what_is_new(broker: EmbeddedBroker) -> None:
    posts = Path("posts.jsonl")
    posts.write_text("".join(map(line, range(3))) + '{"id": "3", "sou', encoding="utf-8")
    assert "done, 0 sent before: 3 posts produced, 1 rejected" in produce("posts.jsonl", "--resume").stderr
    posts.write_text("".join(map(line, range(5))), encoding="utf-8")
    assert "done, 3 sent before: 2 posts produced, 0 rejected" in produce("posts.jsonl", "--resume").stderr
    again = produce("posts.jsonl", "--resume")
    assert (again.exit_code, "done, 5 sent before: 0 posts produced" in again.stderr) == (0, True)
    posts.write_text("".join(map(line, range(4, 7))), encoding="utf-8")
    assert "done, 1 sent before: 2 posts produced" in produce("posts.jsonl", "--resume").stderr
    assert "done, 0 sent before: 3 posts produced" in produce("posts.jsonl", "--state", "other.json").stderr
    assert [post["id"] for _, post, _ in sorted(produced(broker, 10), key=lambda one: int(one[1]["id"]))] == [
        "0", "1", "2", "3", "4", "4", "5", "5", "6", "6",
    ]  # fmt: skip


def test_killed_in_the_middle_nothing_is_lost_and_little_is_sent_twice(broker: EmbeddedBroker) -> None:
    Path("posts.jsonl").write_text("".join(map(line, range(5_000))), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("vocero")), "produce", "posts.jsonl", "--state", "state.json"]
    first = subprocess.Popen([*command, "--rate", "1500"], stderr=subprocess.DEVNULL, env=dict(os.environ))
    until = time.monotonic() + 60
    while not Path("state.json").exists() and first.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    assert first.poll() is None, "it ended before it could be killed"
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 0, second.stderr
    again = int(second.stderr.rpartition("sent before: ")[2].split()[0].replace(",", ""))
    assert 0 < again < 5_000
    sent = [post["id"] for _, post, _ in produced(broker, 10_000, until_idle=True)]
    assert set(sent) == {str(number) for number in range(5_000)}
    assert len(sent) - 5_000 <= 2_500  # at most what was sent after the state was saved last


def test_a_feed_is_read_from_the_web_and_only_what_is_new_in_it(broker: EmbeddedBroker) -> None:
    def feed(*ids: int) -> bytes:
        items = "".join(f"<item><guid>{n}</guid><title>Muy bien {n}</title></item>" for n in ids)
        return f"<rss version='2.0'><channel>{items}</channel></rss>".encode()

    body = feed(2, 1)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tag = f'"{hash(body)}"'
            unchanged = self.headers.get("If-None-Match") == tag
            self.send_response(304 if unchanged else 200)
            self.send_header("ETag", tag)
            self.end_headers()
            if not unchanged:
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing is told."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        address = f"http://127.0.0.1:{web.server_port}/feed?key=hidden"
        refused = produce(address)
        assert (refused.exit_code, "--private-addresses" in refused.stderr) == (1, True)
        told = [produce(address, "--resume", "--private-addresses").stderr for _ in range(2)]
        body = feed(3, 2, 1)
        told.append(produce(address, "--resume", "--private-addresses").stderr)
        web.shutdown()
    assert "0 sent before: 2 posts produced" in told[0]
    assert "0 sent before: 0 posts produced" in told[1]
    assert "2 sent before: 1 post produced" in told[2]
    posts = [post for _, post, _ in produced(broker, 3)]
    assert sorted(post["id"] for post in posts) == ["1", "2", "3"]
    assert {(post["source"], post["channel"]) for post in posts} == {("127.0.0.1", "social")}
    assert "hidden" not in refused.output + "".join(told) + Path(".vocero/produce.json").read_text()


def test_standard_input_is_not_resumed() -> None:
    assert "standard input cannot be resumed" in str(produce("-", "--resume").exception)
    assert "file:// addresses are not read" in str(produce("file:///etc/passwd").exception)
