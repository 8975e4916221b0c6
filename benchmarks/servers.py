"""A real Kafka while a benchmark runs: by the script of deploy/local, on a free port, in a folder of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "deploy" / "local"


@contextmanager
def kafka() -> Iterator[str | None]:
    """Its address; None where it cannot be started here, which is said on stderr."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "SERVERS_STATE": folder,
            "SERVERS_LIB": str(ROOT / ".servers"),
            "KAFKA_PORT": str(_free_port()),
            "KAFKA_CONTROLLER_PORT": str(_free_port()),
        }
        started = subprocess.run(
            [str(SCRIPTS / "kafka-up.sh")], env=environment, capture_output=True, text=True, check=False
        )
        if started.returncode:
            print(f"no real broker: {started.stderr.strip().rpartition(chr(10))[2]}", file=sys.stderr)
            yield None
            return
        try:
            yield started.stdout.strip()
        finally:
            subprocess.run([str(SCRIPTS / "down.sh"), "kafka"], env=environment, check=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
