"""Every `vocero` and `make` command that the README and the pages for users show exists, with its options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from schemas.codec import encode
from streams.cli import cli
from streams.cli.produce import command as produce
from streams.cli.reading import options_of
from streams.demo import parcels, sample_folder
from streams.files import Post, open_posts
from streams.settings import load_settings
from streams.topics import topics_of

pytestmark = pytest.mark.unit

PROJECT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(?:sh|bash|console|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TARGET = re.compile(r"^([A-Za-z][\w-]*):(?!=)", re.MULTILINE)
_SEPARATORS = {"|", "||", "&&", ";", "&", "(", ")"}


def commands(markdown: str) -> Iterator[list[str]]:
    """The words of every simple command in the shell blocks, without comments, redirections and settings before it."""
    for block in _BLOCK.findall(markdown):
        for line in block.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line.strip().removeprefix("$ "), posix=True, punctuation_chars=True)
            lexer.whitespace_split = True  # an address is one word
            words: list[str] = []
            skip = False
            for word in [*lexer, ";"]:
                if word in _SEPARATORS:
                    yield from _told(words)
                    words = []
                elif skip or set(word) <= set("<>"):
                    skip = not skip  # the place after < or > is no argument
                else:
                    words.append(word)


def _told(words: list[str]) -> Iterator[list[str]]:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if words and Path(words[0]).name in {"vocero", "make"}:
        yield [Path(words[0]).name, *words[1:]]


def check(words: list[str], targets: set[str]) -> None:
    """Raises AssertionError or click's UsageError where the command does not exist or lacks an option."""
    if words[0] == "make":
        wanted = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        assert set(wanted) <= targets, f"make {' '.join(wanted)}: no such target"
        return
    command: click.Command = cli
    arguments = words[1:]
    name: str | None = "vocero"
    parent: click.Context | None = None
    try:
        while True:
            context = command.make_context(name, arguments, parent=parent)
            if not isinstance(command, click.Group):
                return
            rest = [*context._protected_args, *context.args]
            if not rest:
                return
            name, found, arguments = command.resolve_command(context, rest)
            assert found is not None
            command, parent = found, context
    except click.exceptions.Exit:
        return  # --help and --version end at once


def check_all(found: list[list[str]]) -> None:
    for words in found:
        check(words, targets())


def targets() -> set[str]:
    return set(_TARGET.findall((PROJECT / "Makefile").read_text(encoding="utf-8")))


PAGES = ("README.md", "docs/analysts.md", "docs/clients.md", "examples/README.md")


def shown() -> list[list[str]]:
    return [words for page in PAGES for words in commands((PROJECT / page).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("words", shown(), ids=lambda words: shlex.join(words)[:80])
def test_each_command_of_the_readme_exists(words: list[str]) -> None:
    check(words, targets())


def test_the_readme_shows_commands_and_they_were_found() -> None:
    found = shown()
    assert ["make", "demo"] in found
    assert len([words for words in found if words[0] == "vocero"]) >= 5


@pytest.mark.parametrize(
    "line",
    [
        "vocero enrich posts.jsonl --output out.jsonl --nonsense",
        "vocero enrich posts.jsonl",
        "vocero sing",
        "X=1 vocero search --sentiment angry",
        "cat posts.jsonl | vocero enrich - --output - --lang es | jq .",
        ".venv/bin/vocero produce a.csv --rate 0",
        "vocero produce inbox.mbox \\\n  --company help@shop.example --compny x",
        "make sandwich",
        "make demo lunch",
        "make setup && vocero run --stages enrich",
    ],
)
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    found = list(commands(f"# A readme\n\n```sh\n{line}  # what it does\n```\n"))
    assert found
    with pytest.raises((AssertionError, click.UsageError)):
        check_all(found)


def test_the_parser_reads_a_shell_as_it_is_written() -> None:
    text = (
        "```sh\nvocero enrich - --output - < in.jsonl > out.jsonl  # a comment\n"
        'A=b vocero search "late delivery" --language es | less\n```\n\n'
        "```python\nvocero nothing\n```\n"
    )
    assert list(commands(text)) == [
        ["vocero", "enrich", "-", "--output", "-"],
        ["vocero", "search", "late delivery", "--language", "es"],
    ]
    check_all(list(commands(text)))


def test_the_samples_mails_are_read_as_the_demo_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    (words,) = [
        words for words in shown() if words[:2] == ["vocero", "produce"] and "--company" in words and "--map" in words
    ]
    given = produce.make_context("produce", words[2:]).params
    settings = load_settings()
    items = open_posts(given["paths"], options_of(given, settings))
    read = {encode(item.raw) for item in items if isinstance(item, Post)}
    topics = topics_of(settings)
    told = {one.value for one in parcels(sample_folder(), topics) if one.topic == topics.raw["email"]}
    assert read == told
    assert len(told) > 40
