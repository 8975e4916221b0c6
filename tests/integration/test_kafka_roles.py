"""Every stage as its own user on a real Kafka that allows just what `--print-roles` prints: enough, and no more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from sinks.sqlite import SQLiteSink
from tests.servers import free_port

if TYPE_CHECKING:
    from tests.servers import LocalServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

VOCERO = str(Path(sys.executable).with_name("vocero"))
STAGES = ("enrich", "index", "alert", "case", "link", "learn")
PASSWORD = "of the test"
POST = {
    "id": "1",
    "source": "shop",
    "channel": "review",
    "brand": "Lumbre",
    "text": "The parcel came a week late and broken. Nobody answers my calls. I want my money back.",
}
TAKEN = {
    "enrich": ("topic", "enriched", "Write"),
    "index": ("group", "index", "Read"),
    "alert": ("topic", "signals", "Read"),
    "case": ("topic", "cases", "Write"),
    "link": ("topic", "links.state", "Read"),
    "learn": ("topic", "topics", "Write"),
}
"""What each stage loses: the kind, the name without its prefix, the operation."""


@dataclass
class Deployment:
    """Stages of a folder, each with a user that has its name."""

    folder: Path
    address: str
    admin: AdminClient
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)

    def environment(self, user: str) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
            "VOCERO_KAFKA_BOOTSTRAP_SERVERS": self.address,
            "VOCERO_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "VOCERO_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "VOCERO_KAFKA_SASL_USERNAME": user,
            "VOCERO_KAFKA_SASL_PASSWORD": PASSWORD,
            "VOCERO_METRICS_PORT": "0",
            "VOCERO_REDACT_SECRET": "of the test",
            "VOCERO_SQLITE_PATH": str(self.folder / "posts.sqlite"),
            "VOCERO_STATE_DIR": str(self.folder / f"state-{user}"),
        }

    def vocero(self, user: str, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [VOCERO, *words],
            env=self.environment(user),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    def hire(self, role: str) -> None:
        """Makes the user and allows what was printed for it, word by word."""
        change = UserScramCredentialUpsertion(
            role, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode()
        )
        (made,) = self.admin.alter_user_scram_credentials([change]).values()
        made.result(60)
        wanted = [
            binding(role, one["resource"], one["name"], operation, prefixed=one["prefixed"])
            for one in self.roles[role]["kafka"]
            for operation in one["operations"]
        ]
        for allowed in self.admin.create_acls(wanted).values():
            allowed.result(60)

    def dismiss(self, role: str, resource: str, name: str, operation: str) -> None:
        """Takes one of the printed lines back."""
        (one,) = self.admin.delete_acls([binding(role, resource, name, operation, wanted=True)]).values()
        assert len(one.result(60)) == 1, "it was not among what was printed"

    @contextmanager
    def running(self) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
        """A worker for each stage."""
        workers = {}
        for stage in STAGES:
            with self.log(stage).open("wb") as stream:
                workers[stage] = subprocess.Popen(
                    [VOCERO, "run", stage], env=self.environment(stage), cwd=self.folder, stderr=stream
                )
        try:
            yield workers
        finally:
            for worker in workers.values():
                worker.send_signal(signal.SIGTERM)
            for worker in workers.values():
                worker.wait(60)

    def log(self, stage: str) -> Path:
        return self.folder / f"{stage}.log"

    def stored(self, kind: Any) -> int:
        if not (self.folder / "posts.sqlite").exists():
            return 0
        sink = SQLiteSink(self.folder / "posts.sqlite")
        sink.open()
        found = sink.count(kind)
        sink.close()
        return found

    def settled(self, stage: str, topic: str) -> bool:
        """Whether a stage has settled a record of a topic."""
        request = ConsumerGroupTopicPartitions(f"vocero-{stage}")
        (answer,) = self.admin.list_consumer_group_offsets([request]).values()
        read = {(one.topic, one.partition): one.offset for one in answer.result(30).topic_partitions}
        return read.get((topic, 0), 0) > 0


def binding(
    role: str, resource: str, name: str, operation: str, *, prefixed: bool = False, wanted: bool = False
) -> Any:
    kind = AclBindingFilter if wanted else AclBinding
    return kind(
        ResourceType[resource.upper()],
        name,
        ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL,
        f"User:{role}",
        "*",
        AclOperation[operation.upper() if operation != "DescribeConfigs" else "DESCRIBE_CONFIGS"],
        AclPermissionType.ALLOW,
    )


@pytest.fixture
def deployment(own_kafka: Callable[..., LocalServer], tmp_path: Path) -> Deployment:
    """A broker that allows nothing but what it was told, to anyone but its owner, who comes in by a door of his own."""
    clear, controller, scram = free_port(), free_port(), free_port()
    server = own_kafka(
        f"listeners=CONTROLLER://127.0.0.1:{controller},PLAINTEXT://127.0.0.1:{clear},SASL_PLAINTEXT://127.0.0.1:{scram}",
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{clear},SASL_PLAINTEXT://127.0.0.1:{scram}",
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
        "sasl.enabled.mechanisms=SCRAM-SHA-512",
        "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config="
        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:ANONYMOUS",
        "auto.create.topics.enable=false",
    )
    server.environment |= {"KAFKA_PORT": str(clear), "KAFKA_CONTROLLER_PORT": str(controller)}
    found = Deployment(tmp_path, f"127.0.0.1:{scram}", AdminClient({"bootstrap.servers": server.start()}))
    printed = found.vocero("nobody", "setup", "--print-roles", "--json").stdout
    found.roles = {role["role"]: role for role in map(json.loads, printed.splitlines())}
    for role in ("setup", "produce", *STAGES):
        found.hire(role)
    found.vocero("setup", "setup", "--partitions", "1")
    return found


def test_each_stage_works_with_what_was_printed_and_says_what_is_missing(deployment: Deployment) -> None:
    file = deployment.folder / "post.jsonl"
    file.write_text(json.dumps(POST) + "\n")
    deployment.vocero("produce", "produce", str(file))
    with deployment.running() as workers:
        until(
            lambda: (
                deployment.stored("posts") == 1
                and deployment.stored("cases") == 1
                and all(deployment.settled(stage, "feedback.signals") for stage in ("alert", "case", "link"))
                and deployment.settled("learn", "feedback.learn")
            ),
            workers,
            deployment,
        )
    for stage, (resource, name, operation) in TAKEN.items():
        whole = f"vocero-{name}" if resource == "group" else f"feedback.{name}"
        deployment.dismiss(stage, resource, whole, operation)
    with deployment.running() as workers:
        for worker in workers.values():
            worker.wait(120)
    for stage, (resource, name, operation) in TAKEN.items():
        whole = f"vocero-{name}" if resource == "group" else f"feedback.{name}"
        assert workers[stage].returncode == 1
        said = " ".join(deployment.log(stage).read_text().split())
        assert f"{stage} needs {operation} on the {resource} {whole}. `vocero setup --print-roles`" in said
        assert "Traceback" not in said


def until(done: Callable[[], bool], workers: dict[str, subprocess.Popen[bytes]], deployment: Deployment) -> None:
    deadline = time.monotonic() + 150
    while not done():
        for stage, worker in workers.items():
            assert worker.poll() is None, deployment.log(stage).read_text()
        logs = {stage: deployment.log(stage).read_text()[-600:] for stage in STAGES}
        assert time.monotonic() < deadline, logs
        time.sleep(0.5)
