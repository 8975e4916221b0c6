"""The scripts of deploy/local: a second start, properties, a kill, a taken port, and stopping twice."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

pytestmark = pytest.mark.integration

SCRIPTS = Path(__file__).parents[2] / "deploy" / "local"


def partitions(address: str) -> dict[str, int]:
    topics = AdminClient({"bootstrap.servers": address}).list_topics(timeout=20).topics
    return {name: len(topic.partitions) for name, topic in topics.items()}


def test_kafka_starts_once_keeps_its_topics_and_takes_properties(own_kafka: Callable[..., Any]) -> None:
    server = own_kafka("num.partitions=7", "message.max.bytes=2000000")
    address = server.start()
    assert server.start() == address
    admin = AdminClient({"bootstrap.servers": address})
    for future in admin.create_topics([NewTopic("a"), NewTopic("b", 2)]).values():
        future.result(timeout=20)
    assert partitions(address) == {"a": 7, "b": 2}
    first = server.pid()
    server.kill()
    assert server.start() == address
    assert server.pid() not in (None, first)
    assert partitions(address) == {"a": 7, "b": 2}
    server.stop()
    assert server.pid() is None
    server.stop()


def test_a_taken_port_is_named(kafka_server: str, tmp_path: Path) -> None:
    port = kafka_server.rpartition(":")[2]
    state = {"SERVERS_STATE": str(tmp_path), "SERVERS_LIB": str(SCRIPTS.parents[1] / ".servers"), "KAFKA_PORT": port}
    script = str(SCRIPTS / "kafka-up.sh")
    result = subprocess.run([script], env={**os.environ, **state}, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert f"port {port} is taken" in result.stderr


def test_what_cannot_be_started_says_what_to_install(tmp_path: Path) -> None:
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("bash", "dirname", "mkdir", "flock"):
        found = subprocess.run(["which", tool], capture_output=True, text=True, check=True).stdout.strip()
        (bare / tool).symlink_to(found)
    environment = {"PATH": str(bare), "SERVERS_STATE": str(tmp_path)}
    script = str(SCRIPTS / "kafka-up.sh")
    result = subprocess.run([script], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "java is missing: install it (Debian: apt-get install openjdk-17-jre-headless)" in result.stderr
