"""The terminal summary and the page's file: hostile posts are plain text, and a failed write harms nothing."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from schemas.enriched import EnrichedPost, Sentiment, Severity, TopicRef, Translation
from schemas.errors import StoreError
from schemas.raw import Author, Rating
from sinks.documents import post_document
from sinks.memory import MemorySink
from sinks.sqlite import SQLiteSink
from streams.cli import cli
from streams.report import Summary, print_summary, render_report, summarise, write_report
from streams.report.model import AlertLine, TopicLine
from streams.report.words import one_line, percent, trend, visible

pytestmark = pytest.mark.unit
NASTY = "[bold red]hi[/] :smile: \x1b[31mred\x07 \u202eevil <script>alert(1)</script> {{7*7}} ${7*7}"


def hostile(text: str = NASTY) -> EnrichedPost:
    return EnrichedPost(
        id="1",
        source=text[:60],
        channel=text[:40],
        text=text,
        title=text,
        url="javascript:alert(1)",
        language="es",
        author=Author(handle=text[:50], followers=20_000),
        product=text[:40],
        rating=Rating(value=1),
        identity="ab" * 32,
        version=1,
        event_time="2026-03-02T10:00:00.000Z",
        clean_text=text,
        translation=Translation(status="translated", text=text),
        sentiment=Sentiment(status="scored", label="negative", score=-1, confidence=1),
        severity=Severity(score=0.7, negativity=1, reach=0.7),
        topics=[TopicRef(status="assigned", id="t", label=text)],
    )


def summary_of(*posts: EnrichedPost) -> Summary:
    sink = MemorySink()
    sink.write([post_document(one) for one in posts])
    return summarise(sink, dead_letters=2)


def printed(summary: Summary, width: int = 80) -> str:
    out = io.StringIO()
    print_summary(summary, Console(file=out, width=width, highlight=False, emoji=False, markup=False))
    return out.getvalue()


def test_markup_in_posts_is_not_interpreted_on_a_terminal() -> None:
    text = printed(summary_of(hostile()), width=200)
    assert "[bold red]hi[/] :smile:" in text
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "2 dead letters" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_summary_fits_the_width_and_one_screen(width: int) -> None:
    lines = printed(summary_of(hostile(), hostile("word " * 300)), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) < 60


def test_an_empty_store_says_so() -> None:
    assert "nothing was indexed yet" in printed(summary_of())
    assert "Nothing yet" in render_report(summary_of())


def test_print_summary_writes_to_stdout_without_colour(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary_of(hostile()))
    shown = capsys.readouterr()
    assert "1 posts" in shown.out
    assert "\x1b" not in shown.out
    assert shown.err == ""


def test_the_page_escapes_everything_and_runs_nothing() -> None:
    page = render_report(summary_of(hostile()))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in page
    assert not re.search(r"<script|<iframe|<object|\son\w+=|href=.javascript", page, re.IGNORECASE)
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert not re.findall(r"(?:src|href|url\()\s*[=(]?\s*[\"']?https?:", page)
    assert "\x1b" not in page


@pytest.mark.parametrize("text", ["\ud800 lone", "a\0b\x9b", "\N{RIGHT-TO-LEFT OVERRIDE}abc", "مرحبا", "x" * 100_000])
def test_odd_text_is_written_as_utf8(text: str, tmp_path: Path) -> None:
    summary = summary_of(hostile())
    path = tmp_path / "report.html"
    # not every store can hold such a text, but a page must not depend on it
    write_report(replace(summary, complaints=(replace(summary.complaints[0], text=text),)), path)
    page = path.read_text(encoding="utf-8")
    assert "\0" not in page
    shown = re.sub("[\0\x9b\ud800]", "\ufffd", text)
    assert f">{shown}</blockquote>" in page


@pytest.mark.parametrize(("state", "words"), [("ended", "Ended"), ("grown", "Last change")])
def test_an_alert_says_when_and_how_far(state: str, words: str) -> None:
    since, at = "2026-03-24T06:00:00Z", "2026-03-26T14:00:00Z"
    line = AlertLine("a", "Lumo", "place", "<b>Roma</b>", state, since, at, 86400, 19.0, 0.2, 31.5, (), ())
    page = render_report(replace(summary_of(hostile()), alerts=(line,), alerts_in_all=1))
    assert f"since 24 Mar 2026, 06:00. {words} 26 Mar 2026, 14:00." in page
    assert "24 hours held 19 negatives where 0.2 were expected (+31.5 standard deviations)" in page
    assert "place &lt;b&gt;Roma&lt;/b&gt;" in page


def test_the_page_is_replaced_in_one_step_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    write_report(summary_of(hostile()), path)
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


def test_an_unwritable_path_says_what_to_do_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="choose another file"):
        write_report(summary_of(), tmp_path / "missing" / "report.html")
    folder = tmp_path / "folder"
    (folder / "report.html").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be written"):
        write_report(summary_of(), folder / "report.html")
    assert [one.name for one in folder.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("posts", "last", "before", "words"),
    [
        (9, 3, 0, "up (0 to 3)"),
        (3, 3, 0, "new (3)"),
        (9, 1, 4, "down (4 to 1)"),
        (9, 2, 2, "steady"),
        (9, 0, 0, "quiet"),
    ],
)
def test_a_trend_in_words(posts: int, last: int, before: int, words: str) -> None:
    topic = TopicLine(id="t", label="x", posts=posts, negative=0, last_week=last, week_before=before, days=())
    assert trend(topic) == words


def test_words() -> None:
    assert [percent(0, 0), percent(1, 1000), percent(999, 1000), percent(0, 9), percent(1, 3)] == [
        "–",
        "<1 %",
        ">99 %",
        "0 %",
        "33 %",
    ]
    assert visible("a\x00\tb\n") == "a\ufffd\tb\n"
    assert one_line("👩\u200d👧 family\n\nof two", 40) == "👩\u200d👧 family of two"
    assert one_line("abcdef", 4) == "abc…"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "vocero.db"
    sink = SQLiteSink(path)
    sink.open()
    sink.write([post_document(hostile())])
    sink.close()
    monkeypatch.setenv("VOCERO_STORE", "sqlite")
    monkeypatch.setenv("VOCERO_SQLITE_PATH", str(path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_prints_and_writes(store: Path) -> None:
    result = CliRunner().invoke(cli, ["report"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "1 posts" in result.stdout
    assert "alert(1)" in (store / "vocero-report.html").read_text(encoding="utf-8")


def test_the_command_gives_json_or_the_page_on_stdout(store: Path) -> None:
    result = CliRunner().invoke(cli, ["report", "--json"], catch_exceptions=False)
    assert json.loads(result.stdout)["complaints"][0]["severity"] == 0.7
    assert not (store / "vocero-report.html").exists()
    result = CliRunner().invoke(cli, ["report", "--output", "-"], catch_exceptions=False)
    assert result.stdout.lstrip().startswith("<!doctype html>")
    assert CliRunner().invoke(cli, ["report", "--json", "--output", "-"]).exit_code == 2
