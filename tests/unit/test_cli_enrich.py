"""`vocero enrich` as a command: flags reach the job, misuse is exit 2, help teaches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from enrichers.base import Draft
from schemas.errors import SettingsError

pytestmark = pytest.mark.unit


class Same:
    """A chain that adds nothing."""

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        return list(drafts)

    def close(self) -> None:
        """Nothing to free."""


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> click.Command:
    import streams.wiring
    from streams.cli.enrich import command

    monkeypatch.setattr(streams.wiring, "build_chain", lambda settings: Same())
    monkeypatch.chdir(tmp_path)
    return command


def invoke(command: click.Command, *arguments: str, data: bytes = b"") -> Result:
    return CliRunner().invoke(command, list(arguments), input=data)


def posts(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_flags_reach_the_reader(command: click.Command, tmp_path: Path) -> None:
    (tmp_path / "survey.csv").write_text("comment;stars;wave\nBien;4;2\nMal;1;2\n")
    flags = ["--map", "comment=text", "--map", "stars=rating.value", "--channel", "review", "--brand", "Lumo"]
    result = invoke(command, "survey.csv", "--output", "out.jsonl", "--source", "s26", *flags)
    assert result.exit_code == 0, result.output
    first, second = posts(tmp_path / "out.jsonl")
    assert (first["text"], first["rating"]["value"], first["labels"]["wave"]) == ("Bien", 4, "2")
    assert (second["source"], second["brand"], second["channel"]) == ("s26", "Lumo", "review")


def test_data_on_stdout_and_problems_on_stderr(command: click.Command) -> None:
    data = b'{"id": "1", "text": "x"}\n{]\n'
    result = invoke(command, "-", "--output", "-", "--channel", "review", "--source", "s", data=data)
    assert result.exit_code == 1
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["1"]
    assert "-, line 2:" in result.stderr


def test_lines_ids_rejects_and_json_errors(command: click.Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntw\xffo\nthree\n")
    flags = ["--lines", "--channel", "social", "--rejects", "r.jsonl", "--json-errors", "--batch-size", "1"]
    result = invoke(command, "a.txt", "--output", "o.jsonl", *flags)
    assert result.exit_code == 1
    assert [post["text"] for post in posts(tmp_path / "o.jsonl")] == ["one", "three"]
    assert posts(tmp_path / "r.jsonl")[0]["line"] == 2
    assert json.loads(result.stderr.splitlines()[-1])["rejected"] == 1
    result = invoke(command, "a.txt", "--output", "o.jsonl", *flags, "--no-derive-ids")
    assert posts(tmp_path / "o.jsonl") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.jsonl"], "missing.jsonl does not exist"),
        (["-", "--channel", "fax"], "--channel fax"),
        (["-", "--map", "nonsense"], "NAME=FIELD"),
        (["-", "--map", "a=nothing"], "no field `nothing`"),
    ],
)
def test_misuse_is_one_sentence(command: click.Command, arguments: list[str], said: str) -> None:
    result = invoke(command, *arguments, "--output", "o.jsonl")
    # the console script says a SettingsError in one sentence and exits with 2
    assert isinstance(result.exception, SettingsError)
    assert said in str(result.exception)
    assert not Path("o.jsonl").exists()


def test_click_refuses_what_it_knows_to_be_wrong(command: click.Command) -> None:
    for arguments in (
        ["-"],
        ["--output", "o"],
        ["-", "--output", "o", "--format", "xlsx"],
        ["-", "--output", "o", "--batch-size", "0"],
    ):
        assert invoke(command, *arguments).exit_code == 2


def test_help_teaches_by_examples(command: click.Command) -> None:
    text = invoke(command, "--help").output
    for shown in ("vocero enrich inbox.mbox", "--map comment=text", "Exit code", "| jq"):
        assert shown in text


def test_the_five_real_posts_keep_their_text(command: click.Command, tmp_path: Path) -> None:
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "posts"
    if not folder.is_dir():
        pytest.skip("the five real posts are not on this machine")
    result = invoke(command, str(folder), "--channel", "social", "--output", "o.jsonl")
    assert result.exit_code == 0, result.output
    written = [post["text"] for post in posts(tmp_path / "o.jsonl")]
    assert written == [path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())]
