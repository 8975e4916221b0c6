"""Real Kafka and Elasticsearch for tests, by the scripts of deploy/local: start, stop, kill.

A fixture shares one server of each between all tests, and between test runs at the same time; a fault test starts
its own with `LocalServer(name, state=folder_of_its_own)`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "deploy" / "local"
STATE = ROOT / ".servers"
START_SECONDS = 900  # the first start downloads

Name = Literal["kafka", "es"]
PORTS: dict[Name, tuple[str, int]] = {"kafka": ("KAFKA_PORT", 19092), "es": ("ES_PORT", 19200)}
SECOND_PORTS: dict[Name, str] = {"kafka": "KAFKA_CONTROLLER_PORT", "es": "ES_TRANSPORT_PORT"}
WANTED: dict[Name, str] = {
    "kafka": "a real Kafka needs Java and Maven: install openjdk-17-jre-headless and maven",
    "es": "a real Elasticsearch needs Java 21 or newer and Maven: install a JRE such as Temurin 21, and maven",
}


@dataclass
class LocalServer:
    """One server. `state` holds its data and pid; `properties` are KEY=VALUE for its start script."""

    name: Name
    state: Path = STATE
    properties: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> str:
        """Starts it, if it does not run, and gives its address: host:port of Kafka, the URL of Elasticsearch."""
        result = subprocess.run(
            [str(SCRIPTS / f"{self.name}-up.sh"), *self.properties],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        if result.returncode != 0:
            raise RuntimeError(f"{self.name} did not start: {result.stderr[-2000:]}")
        return result.stdout.strip()

    def stop(self) -> None:
        """Ends it in order; its data stays."""
        subprocess.run([str(SCRIPTS / "down.sh"), self.name], env=self._environment(), check=True, timeout=60)

    def kill(self) -> None:
        """Ends it as a power cut would; `start` brings it back on the same port."""
        pid = self.pid()
        if pid is None:
            raise RuntimeError(f"{self.name} does not run")
        os.kill(pid, signal.SIGKILL)
        # its command line goes before its sockets do
        while not _gone(pid):
            time.sleep(0.02)

    def pid(self) -> int | None:
        """Its process id, None where it does not run."""
        file = self._folder() / ("pid" if self.name == "kafka" else "run/es.pid")
        try:
            pid = int(file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if b"kafka.Kafka" in command or b"elasticsearch.bootstrap" in command else None

    def remove(self) -> None:
        """Stops it and removes its data, wherever the start script had to put it."""
        self.stop()
        shutil.rmtree(self._folder(), ignore_errors=True)

    def _folder(self) -> Path:
        """Where it keeps its data: Elasticsearch's user may not be able to enter `state`."""
        told = self.state / self.name / "folder"
        return Path(told.read_text().strip()) if told.is_file() else self.state / self.name

    def _environment(self) -> dict[str, str]:
        port, usual = PORTS[self.name]
        if port not in os.environ and port not in self.environment:
            # one that is free now, and the same at every start
            self.environment[port] = str(usual if self.state == STATE and _free(usual) else free_port())
            self.environment[SECOND_PORTS[self.name]] = str(free_port())
        # what is unpacked is shared; data is not
        return {**os.environ, **self.environment, "SERVERS_STATE": str(self.state), "SERVERS_LIB": str(STATE)}


def missing(name: Name) -> str | None:
    """What to install before the server can be started here; None where nothing is missing."""
    unpacked = (STATE / name / ("lib" if name == "kafka" else "home") / ".complete").exists()
    java = shutil.which("java") or any(Path("/usr/lib/jvm").glob("*/bin/java"))
    return WANTED[name] if not java or not (unpacked or shutil.which("mvn")) else None


@contextmanager
def shared(name: Name) -> Iterator[str]:
    """The address of the shared server, or a skip. The last run that uses it stops it, if a run started it."""
    if (reason := missing(name)) is not None:
        pytest.skip(reason)
    server = LocalServer(name)
    STATE.mkdir(exist_ok=True)
    ours = STATE / f"{name}.started-by-tests"
    with (STATE / f"{name}.users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        if server.pid() is None:
            ours.touch()
        yield server.start()
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another test run still uses it
        if ours.exists():
            ours.unlink()
            server.stop()


def _gone(pid: int) -> bool:
    """True once the process has ended, whether or not its parent has asked for its exit status."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return True
    return state in "ZX"


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
