"""A real Kafka behind TLS, SCRAM and client certificates: `vocero` gets in with the right ones and says why not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from sinks.sqlite import SQLiteSink
from tests.servers import free_port

if TYPE_CHECKING:
    from tests.servers import LocalServer

pytestmark = pytest.mark.integration

VOCERO = str(Path(sys.executable).with_name("vocero"))
PASSWORD = "a password that nobody may see"


class Deployment:
    """Runs `vocero` in a folder, with settings for one of the broker's listeners."""

    def __init__(self, folder: Path, prefix: str, **settings: str) -> None:
        self.folder = folder
        self.database = folder / f"{prefix}.sqlite"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
            "VOCERO_TOPIC_PREFIX": prefix,
            "VOCERO_KAFKA_GROUP_PREFIX": prefix,
            "VOCERO_SQLITE_PATH": str(self.database),
            "VOCERO_STATE_DIR": str(folder / "state"),
            "VOCERO_REDACT_SECRET": "of the test",
            **{f"VOCERO_KAFKA_{name.upper()}": value for name, value in settings.items()},
        }

    def vocero(self, *words: str, **changed: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment | {f"VOCERO_KAFKA_{name.upper()}": value for name, value in changed.items()}
        return subprocess.run(
            [VOCERO, *words],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def carries_a_post(self) -> None:
        """A post goes from `produce` through `enrich` and `index` to the store: both client families."""
        for words in (("setup", "--partitions", "1"), ("produce", "post.jsonl")):
            done = self.vocero(*words)
            assert done.returncode == 0, done.stderr
        log = self.folder / "worker.log"
        with log.open("w") as stream:
            worker = subprocess.Popen(
                [VOCERO, "run", "enrich", "index"], env=self.environment, cwd=self.folder, stderr=stream
            )
        try:
            deadline = time.monotonic() + 120
            while self.count() == 0:
                assert worker.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.3)
            assert PASSWORD not in Path(f"/proc/{worker.pid}/cmdline").read_text()
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)
        assert PASSWORD not in log.read_text()

    def count(self) -> int:
        if not self.database.exists():
            return 0
        sink = SQLiteSink(self.database)
        sink.open()
        found = sink.count("posts")
        sink.close()
        return found


@pytest.mark.timeout(900)
def test_tls_scram_and_client_certificates(own_kafka: Callable[..., LocalServer], tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    for name, ca in (("ca", authority), ("other-ca", stranger)):
        ca.cert_pem.write_to_path(tmp_path / f"{name}.pem")
    issued = authority.issue_cert("127.0.0.1", "localhost")
    # Java reads keys in PKCS #8 only
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "broker.pem").write_bytes(plain + b"".join(one.bytes() for one in issued.cert_chain_pems))
    client = authority.issue_cert("vocero@client.example")
    client.private_key_pem.write_to_path(tmp_path / "client.key")
    client.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    (tmp_path / "post.jsonl").write_text(
        json.dumps({"id": "1", "source": "shop", "channel": "review", "text": "The parcel came late."}) + "\n"
    )
    tls, scram = free_port(), free_port()
    store = [
        f"ssl.{kind}.{name}={value}"
        for kind, file in (("keystore", "broker.pem"), ("truststore", "ca.pem"))
        for name, value in (("type", "PEM"), ("location", tmp_path / file))
    ]
    clear, controller = free_port(), free_port()
    server = own_kafka(
        f"listeners=CONTROLLER://127.0.0.1:{controller},PLAINTEXT://127.0.0.1:{clear}"
        f",SSL://127.0.0.1:{tls},SASL_SSL://127.0.0.1:{scram}",
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{clear},SSL://127.0.0.1:{tls},SASL_SSL://127.0.0.1:{scram}",
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL",
        "listener.name.ssl.ssl.client.auth=required",
        "sasl.enabled.mechanisms=SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config="
        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        *store,
    )
    server.environment |= {"KAFKA_PORT": str(clear), "KAFKA_CONTROLLER_PORT": str(controller)}
    address = server.start()
    admin = AdminClient({"bootstrap.servers": address})
    change = UserScramCredentialUpsertion(
        "vocero", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode()
    )
    (made,) = admin.alter_user_scram_credentials([change]).values()
    made.result(60)

    with_password = Deployment(
        tmp_path,
        "scram",
        bootstrap_servers=f"127.0.0.1:{scram}",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="vocero",
        sasl_password=PASSWORD,
        ssl_ca=str(tmp_path / "ca.pem"),
    )
    with_password.carries_a_post()
    with_certificate = Deployment(
        tmp_path,
        "mtls",
        bootstrap_servers=f"127.0.0.1:{tls}",
        security_protocol="SSL",
        ssl_ca=str(tmp_path / "ca.pem"),
        ssl_certificate=str(tmp_path / "client.pem"),
        ssl_key=str(tmp_path / "client.key"),
    )
    with_certificate.carries_a_post()

    wrong = [
        with_password.vocero("setup", sasl_password="another one"),
        with_password.vocero("setup", ssl_ca=str(tmp_path / "other-ca.pem")),
        with_certificate.vocero("setup", ssl_certificate="", ssl_key=""),
        with_certificate.vocero("run", "index", ssl_ca=str(tmp_path / "other-ca.pem")),
    ]
    for done in wrong:
        assert done.returncode == 1, done.stderr
        assert "Kafka does not answer" in done.stderr
        assert "Traceback" not in done.stderr
        assert PASSWORD not in done.stdout + done.stderr
    assert PASSWORD not in with_password.vocero("doctor").stdout


def test_a_clear_connection_to_another_machine_is_refused(tmp_path: Path) -> None:
    done = Deployment(tmp_path, "clear", bootstrap_servers="kafka.example:9092").vocero("setup")
    assert done.returncode == 2
    assert "not encrypted" in done.stderr
