"""`vocero demo` as its users run it: the whole story, a stop in the middle, and running it again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]

VOCERO = str(Path(sys.executable).with_name("vocero"))
SAMPLE = Path(__file__).parents[2] / "examples" / "sample"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")},
    "HF_HUB_OFFLINE": "1",
    "COLUMNS": "100",
}


def vocero(folder: Path, *words: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VOCERO, *words], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=seconds, check=False
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder in which the demo has run."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, vocero(folder, "demo")


def test_the_demo_indexes_the_sample_and_ends_with_things_to_try(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, result = told
    assert result.returncode == 0, result.stderr[-3000:]
    story = json.loads((SAMPLE / "story.json").read_text(encoding="utf-8"))
    posts = sum(file["posts"] for file in story["files"].values())
    assert f"{posts} posts" in result.stdout
    assert "14 dead letters" in result.stderr
    assert "Three things to try next" in result.stderr
    assert (folder / "vocero-report.html").stat().st_size > 20_000
    assert "Traceback" not in result.stderr


def test_what_it_proposes_works(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, result = told
    proposed = [line.strip() for line in result.stderr.partition("Three things")[2].splitlines()[1:] if line.strip()]
    assert len(proposed) == 3
    path = f"{Path(VOCERO).parent}:{os.environ['PATH']}"
    for line in proposed:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=ENVIRONMENT | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, line
        assert done.stdout.strip(), line
        assert "nothing found" not in done.stdout, line


def test_the_alert_is_the_storys_and_there_is_none_before_it(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    alerts = [json.loads(line) for line in vocero(told[0], "alerts", "--json").stdout.splitlines()]
    assert any((alert["dimension"], alert["value"]) == ("place", "Valencia") for alert in alerts)
    assert min(alert["since"] for alert in alerts) >= "2026-03-23T12"
    assert max(alert["since"] for alert in alerts) < "2026-03-26"


def test_nothing_personal_is_stored_or_shown(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, result = told
    stored = b"".join(path.read_bytes() for path in (folder / ".vocero").glob("vocero.sqlite*"))
    for text in (stored, result.stdout.encode(), result.stderr.encode(), (folder / "vocero-report.html").read_bytes()):
        assert b"4111 1111 1111 1111" not in text
        assert b"ES91 2100 0418 4502 0005 1332" not in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_in_the_middle_is_quick_and_running_again_is_harmless(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [VOCERO, "demo"], cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 120
    database = tmp_path / ".vocero" / "vocero.sqlite"
    while not database.exists() or database.stat().st_size < 8192:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.0)
    started = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - started < 5.0
    assert process.returncode == 130
    assert "nothing is doubled" in errors
