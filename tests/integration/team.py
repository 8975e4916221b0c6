"""What a team has: topics of its own on a real broker, the command line, and a worker of all stages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VOCERO = str(Path(sys.executable).with_name("vocero"))


class Team:
    """A broker's topics, a worker and a store of its own."""

    def __init__(self, address: str, folder: Path, **settings: str) -> None:
        self.folder = folder
        own = f"team-{uuid.uuid4().hex[:8]}"  # the broker keeps the topics of an earlier run
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
            "VOCERO_KAFKA_BOOTSTRAP_SERVERS": address,
            "VOCERO_KAFKA_GROUP_PREFIX": own,
            "VOCERO_TOPIC_PREFIX": own,
            "VOCERO_STATE_DIR": str(folder / "state"),
            "VOCERO_REDACT_SECRET": "of the test",
            "HF_HUB_OFFLINE": "1",
            "COLUMNS": "200",
            **settings,
        }

    def vocero(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [VOCERO, *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=check,
        )

    def produce(self, *posts: dict[str, Any]) -> None:
        """Sends posts, from a file that no earlier call has read."""
        file = self.folder / f"posts-{uuid.uuid4().hex[:8]}.jsonl"
        file.write_text("".join(json.dumps(one) + "\n" for one in posts), encoding="utf-8")
        self.vocero("produce", str(file))

    @contextmanager
    def working(self) -> Iterator[None]:
        """A worker runs, of all stages."""
        with (self.folder / "worker.log").open("a") as log:
            worker = subprocess.Popen([VOCERO, "run"], env=self.environment, cwd=self.folder, stderr=log)
        try:
            yield
        finally:
            worker.terminate()
            worker.wait(30)

    def rows(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.vocero(*words, check=False).stdout.splitlines()]

    def until(self, *words: str, holds: Any) -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if (rows := self.rows(*words)) and holds(rows[0]):
                return rows[0]
            time.sleep(0.5)
        raise AssertionError(f"{words} did not come to show it; last: {self.rows(*words)}")
