"""Who may import whom: schemas nothing of ours, enrichers and sinks only schemas, and only streams speaks Kafka."""

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
OURS = {"schemas", "enrichers", "sinks", "streams"}
ALLOWED = {
    "schemas": {"schemas"},
    "enrichers": {"enrichers", "schemas"},
    "sinks": {"sinks", "schemas"},
    "streams": OURS,
}
KAFKA = {"faust", "mode", "aiokafka", "confluent_kafka"}


def imported(path: Path) -> set[str]:
    """Top-level names that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.add((node.module or "").partition(".")[0])
    return names


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, f"{package} holds no module"
    return found


@pytest.mark.parametrize("package", sorted(OURS))
def test_packages_import_only_what_they_may(package: str) -> None:
    wrong = {str(path): extra for path in modules(package) if (extra := (imported(path) & OURS) - ALLOWED[package])}
    assert wrong == {}


@pytest.mark.parametrize("package", sorted(OURS - {"streams"}))
def test_only_streams_speaks_kafka(package: str) -> None:
    wrong = {str(path): extra for path in modules(package) if (extra := imported(path) & KAFKA)}
    assert wrong == {}


def test_every_module_says_what_it_owns() -> None:
    silent = [str(p) for name in OURS for p in modules(name) if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert silent == []
