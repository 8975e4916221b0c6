"""Sixty-odd posts and what every enricher says of them, as a person has read it. A change shows as a diff."""

from __future__ import annotations

import difflib
import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.unit,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not shutil.which("lt-proc"), reason="needs Debian's apertium packages"),
]


def test_the_golden_posts_are_understood_as_before() -> None:
    spec = importlib.util.spec_from_file_location("golden", ROOT / "benchmarks" / "golden.py")
    assert spec is not None
    assert spec.loader is not None
    golden = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = golden
    spec.loader.exec_module(golden)
    newest = golden.text(golden.answers())
    old = golden.ANSWERS.read_text(encoding="utf-8")
    changes = "".join(difflib.unified_diff(old.splitlines(keepends=True), newest.splitlines(keepends=True), n=1))
    assert not changes, f"read what changed; if it is right, run `make golden`:\n{changes}"
