"""The wheel runs without the checkout, also in a folder that has a `schemas/` and a `streams.py` of its own."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import sysconfig
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PROJECT = Path(__file__).parents[2]
PACKAGES = ("schemas", "enrichers", "sinks", "streams")
POSTS = [
    {"id": "1", "source": "shop", "channel": "review", "text": "El pedido llegó roto y nadie responde."},
    {"id": "2", "source": "shop", "channel": "social", "text": "Write to zoe@correo.example, I love it!"},
    {"id": "3", "source": "shop", "channel": "pigeon", "text": "coo"},
]
SECONDS = 240
TRAP = "raise RuntimeError('a module of the folder was imported instead of vocero')\n"


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment of its own. `folder` is an empty place with traps, where commands run."""

    python: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOCERO_", "PYTHON"))}
        return {**kept, "HF_HUB_OFFLINE": "1", "VOCERO_STATE_DIR": str(self.folder / "state"), "NO_COLOR": "1"}

    def command(self, *words: str) -> list[str]:
        return [str(self.python.with_name("vocero")), *words]

    def run(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*before, *self.command(*words)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    built = subprocess.run(build, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert built.returncode == 0, built.stderr
    (found,) = target.glob("vocero-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("wheel")
    make = [sys.executable, "-m", "venv", "--without-pip", str(root / "venv")]
    subprocess.run(make, check=True, timeout=SECONDS)
    python = root / "venv" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    # the dependencies come from here; a .pth file's folder has its own .pth files, such as the checkout's, not read
    (own,) = (root / "venv" / "lib").glob("python*/site-packages")
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    folder = root / "folder"
    (folder / "schemas").mkdir(parents=True)
    (folder / "schemas" / "__init__.py").write_text(TRAP, encoding="utf-8")
    (folder / "streams.py").write_text(TRAP, encoding="utf-8")
    (folder / "posts.jsonl").write_text("".join(json.dumps(post) + "\n" for post in POSTS), encoding="utf-8")
    return Installed(python, folder)


def test_every_file_of_the_packages_and_the_sample_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for package in PACKAGES:
        files = [path for path in (PROJECT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert len(files) > 5
        missing = {str(path.relative_to(PROJECT)) for path in files} - names
        assert not missing
    sample = {f"streams/sample/{path.name}" for path in (PROJECT / "examples" / "sample").iterdir()}
    assert len(sample) >= 6
    assert sample <= names


@pytest.mark.parametrize(
    "name",
    [
        "enrichers/models/minilm/model.onnx",
        "enrichers/models/minilm/tokenizer.json",
        "enrichers/models/minilm/SHA256SUMS",
        "enrichers/models/e5/model.onnx",
        "enrichers/models/e5/tokenizer.json",
        "enrichers/models/e5/SHA256SUMS",
        "enrichers/models/sentiment/weights.npz",
        "enrichers/models/sentiment/lexicon/es.txt",
        "enrichers/models/intent/weights.npz",
        "streams/report/page.html.j2",
        "streams/report/page.css",
        "schemas/json/raw.schema.json",
        "schemas/py.typed",
        "streams/sample/story.json",
    ],
)
def test_what_is_no_python_is_in_the_wheel(name: str, wheel: Path) -> None:
    assert zipfile.ZipFile(wheel).getinfo(name).file_size > 0 or name.endswith("py.typed")


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    (info,) = tops - set(PACKAGES)
    assert info.endswith(".dist-info")


def test_the_installed_packages_are_the_wheels_own(installed: Installed) -> None:
    code = f"import {', '.join(PACKAGES)}\nfor one in ({', '.join(PACKAGES)}): print(one.__file__)"
    # -P: as the console script does it, without the current folder
    ran = subprocess.run(
        [str(installed.python), "-P", "-c", code],
        cwd=installed.folder,
        env=installed.environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    environment = installed.python.parents[1]
    assert all(Path(line).is_relative_to(environment) for line in ran.stdout.splitlines())
    assert len(ran.stdout.splitlines()) == len(PACKAGES)


def test_version_help_and_misuse(installed: Installed) -> None:
    version = installed.run("--version")
    assert (version.returncode, version.stdout.split()[0]) == (0, "vocero,")
    shown = installed.run("--help")
    assert shown.returncode == 0
    assert "enrich a file of posts without Kafka" in shown.stdout
    wrong = installed.run("enrich", "nowhere.jsonl", "--output", "-")
    assert wrong.returncode == 2
    assert "nowhere.jsonl does not exist" in wrong.stderr


def test_doctor_finds_the_model(installed: Installed) -> None:
    found = installed.run("doctor")
    assert "RuntimeError" not in found.stderr
    assert "384 dimensions" in found.stdout + found.stderr


@pytest.mark.parametrize("network", [True, False], ids=["network", "no network"])
def test_enrich_works_with_and_without_a_network(network: bool, installed: Installed) -> None:
    before: tuple[str, ...] = ()
    if not network:
        before = ("unshare", "--net")
        try:
            allowed = subprocess.run([*before, "true"], capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            allowed = False
        if not allowed:
            pytest.skip("this user may not take the network away from a process")
    done = installed.run("enrich", "posts.jsonl", "--output", "out.jsonl", "--rejects", "no.jsonl", before=before)
    assert done.returncode == 1, done.stderr
    assert "done: 2 posts written, 1 rejected" in done.stderr
    first, second = [json.loads(line) for line in (installed.folder / "out.jsonl").read_text("utf-8").splitlines()]
    assert (first["language"], first["sentiment"]["label"]) == ("es", "negative")
    assert second["text"] == "Write to [EMAIL], I love it!"
    assert second["sentiment"]["label"] == "positive"
    assert json.loads((installed.folder / "no.jsonl").read_text("utf-8"))["reason"] == "unknown-channel"


def test_demo_runs_from_the_shipped_sample_and_stops_when_asked(installed: Installed) -> None:
    store = installed.folder / "state" / "vocero.sqlite"
    with subprocess.Popen(
        installed.command("demo"),
        cwd=installed.folder,
        env=installed.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        try:
            deadline = time.monotonic() + SECONDS
            while indexed(store) < 20 and demo.poll() is None and time.monotonic() < deadline:
                time.sleep(0.5)
            seen = indexed(store)
            demo.send_signal(signal.SIGINT)
            said, _ = demo.communicate(timeout=30)
        finally:
            demo.kill()
    assert seen >= 20, said
    assert "Traceback" not in said
    assert "run it again, nothing is doubled" in said
    report = installed.run("report", "--output", "report.html")
    assert report.returncode == 0, report.stderr
    assert "<html" in (installed.folder / "report.html").read_text("utf-8")
    found = installed.run("search", "Lumbre", "--limit", "3")
    assert found.returncode == 0, found.stderr


def indexed(store: Path) -> int:
    """Documents in the store so far; 0 where there is none yet."""
    if not store.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if "documents" not in names:
                return 0
            count: int = connection.execute("SELECT count(*) FROM documents WHERE kind = 'posts'").fetchone()[0]
            return count
    except sqlite3.OperationalError:
        return 0
