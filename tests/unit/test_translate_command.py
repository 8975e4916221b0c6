"""`vocero translate`: English on stdout, how it was made on stderr, and clear words where nothing translates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import cli

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(not shutil.which("lt-proc"), reason="needs Debian's apertium with apertium-spa-eng"),
]


def _run(*args: str, stdin: str | None = None) -> tuple[int, str, str, BaseException | None]:
    result = CliRunner().invoke(cli, ["translate", *args], input=stdin)
    return result.exit_code, result.stdout, result.stderr, result.exception


def test_a_text_becomes_english_span_by_span() -> None:
    code, out, err, _ = _run("El pedido llegó roto y nadie responde. The box was fine.")
    assert code == 0
    assert out == "The order arrived broken and nobody answers. The box was fine.\n"
    assert "es: apertium" in err
    assert "en: as it is" in err


def test_lines_of_stdin_are_texts_and_json_tells_all(tmp_path: Path) -> None:
    glossary = tmp_path / "terms.tsv"
    glossary.write_text("es\tpunto limpio\trecycling point\n", encoding="utf-8")
    code, out, _, _ = _run("--json", "--glossary", str(glossary), stdin="Está en el punto limpio.\nDas ist schlecht.\n")
    assert code == 0
    spanish, german = map(json.loads, out.splitlines())
    assert "recycling point" in spanish["translation"]["text"]
    assert german["translation"]["status"] == "unsupported"
    assert german["text"] == "Das ist schlecht."


def test_a_language_can_be_named_and_one_that_no_engine_has_is_refused() -> None:
    assert _run("--language", "es", "roto")[1] == "Broken\n"
    *_, error = _run("--language", "xx", "hola")
    assert "no engine translates `xx`" in str(error)


def test_languages_are_listed() -> None:
    assert "es  apertium" in _run("--languages")[1]
