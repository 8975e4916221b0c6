"""`vocero backtest`: counts in, one JSON line per alarm out; clear errors; a page without scripts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.errors import RejectedInput
from schemas.identity import from_millis
from streams.cli.backtest import command
from streams.spikes.baseline import DAY_MS, HOUR_MS
from streams.spikes.counts_file import read_counts
from streams.spikes.history import Count, alarms, strict
from streams.spikes.plot import BINS, Outline, page

pytestmark = pytest.mark.unit
START = 480_000 * HOUR_MS
DATA = Path(__file__).parents[2].parent / "shared" / "data" / "nab_tweets"


def counts(days: int, step: int, mean: int, *, burst: int | None = None, seed: int = 1) -> Iterator[Count]:
    """Steady counts; on day `burst` three hours (or one step) of tenfold ones."""
    dice = random.Random(seed)
    for at in range(0, days * DAY_MS, step):
        value = sum(dice.random() < 0.5 for _ in range(2 * mean))
        if burst is not None and 0 <= at - burst * DAY_MS < max(step, 3 * HOUR_MS):
            value *= 10
        yield Count(START + at, float(value))


@pytest.mark.parametrize(("step", "mean", "days", "burst"), [
    (300_000, 4, 14, 12), (900_000, 6, 21, 18), (HOUR_MS, 20, 28, 25), (DAY_MS, 40, 120, 110),
])  # fmt: skip
def test_a_burst_is_one_alarm_at_any_distance_of_counts(step: int, mean: int, days: int, burst: int) -> None:
    (alarm,) = alarms(counts(days, step, mean, burst=burst), strict())
    onset = START + burst * DAY_MS
    assert onset <= alarm.at <= onset + max(step, 3 * HOUR_MS)
    assert alarm.since <= alarm.at <= alarm.highest <= alarm.last
    assert alarm.score > 1


def test_steady_counts_raise_none() -> None:
    assert [a for seed in range(3) for a in alarms(counts(21, 900_000, 6, seed=seed), strict())] == []


def test_an_alarm_at_the_end_is_open() -> None:
    (alarm,) = alarms((c for c in counts(13, 900_000, 6, burst=12) if c.at < START + 12 * DAY_MS + HOUR_MS), strict())
    assert alarm.open


def test_what_comes_later_changes_no_alarm() -> None:
    """An online decision: replaying a prefix gives the same times."""
    everything = list(counts(20, 900_000, 6, burst=12))
    whole = [alarm.at for alarm in alarms(everything)]
    cut = START + 15 * DAY_MS
    part = [alarm.at for alarm in alarms([one for one in everything if one.at < cut])]
    assert part == [at for at in whole if at < cut]


def csv_of(source: Iterator[Count]) -> str:
    return "timestamp,value\n" + "".join(f"{from_millis(one.at)},{one.value:g}\n" for one in source)


def test_lines_of_json_and_a_page_without_scripts(tmp_path: Path) -> None:
    file, plot = tmp_path / "a <b>.csv", tmp_path / "plot.html"
    file.write_text(csv_of(counts(14, 900_000, 6, burst=12)))
    result = CliRunner().invoke(command, [str(file), "--plot", str(plot)])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines
    for line in lines:
        assert line["timestamp"].endswith("Z")
        assert line["score"] >= 0.7
    seen: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)
            assert not any(name in ("src", "href") or name.startswith("on") for name, _ in attrs)

    text = plot.read_text()
    Tags().feed(text)
    assert {"svg", "polyline", "rect", "table"} <= set(seen)
    assert not {"script", "link", "iframe", "b"} & set(seen)
    assert "http" not in text


def test_standard_input_and_other_columns() -> None:
    text = "\ufeffid,Value,TIMESTAMP\n1,3,1700000000\n\n2,4,1700000300000\n"
    assert list(read_counts(text.splitlines(keepends=True))) == [
        Count(1_700_000_000_000, 3.0),
        Count(1_700_000_300_000, 4.0),
    ]
    result = CliRunner().invoke(command, ["-", "--json"], input="timestamp,value\n2024-01-01,3\n")
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("time,count\n1,2\n", 1),
        ("timestamp,value\n2024-01-01,1\nyesterday,2\n", 3),
        ("timestamp,value\n2024-01-01,many\n", 2),
        ("timestamp,value\n2024-01-01,-1\n", 2),
        ("timestamp,value\n2024-01-01,nan\n", 2),
        ("timestamp,value\n2024-01-01,1e999\n", 2),
        ("timestamp,value\nnan,1\n", 2),
        ("timestamp,value\n2024-01-01\n", 2),
        ("timestamp,value\n\n2024-01-01," + "9" * 5000 + "\n", 3),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_without_its_words(text: str, line: int) -> None:
    with pytest.raises(RejectedInput, match=f"^line {line} ") as caught:
        list(read_counts(text.splitlines(keepends=True)))
    assert "yesterday" not in str(caught.value)
    assert "many" not in str(caught.value)


def test_the_page_holds_a_bounded_number_of_points() -> None:
    outline = Outline()
    for number in range(50_000):
        outline.take(Count(START + number * HOUR_MS, float(number == 40_000)))
    assert len(outline.highest) <= BINS
    assert max(outline.highest.values()) == 1.0
    assert len(page(outline, [], title="t")) < 60_000


@pytest.mark.skipif(not DATA.is_dir(), reason="the tweet counts of the Numenta Anomaly Benchmark are not here")
def test_labelled_bursts_of_tweets_are_found() -> None:
    """AAPL and CRM: all seven windows, at no more than one other alarm a week."""
    windows = json.loads((DATA / "windows.json").read_text())
    hit = false = 0
    for name in ("Twitter_volume_AAPL.csv", "Twitter_volume_CRM.csv"):
        with (DATA / name).open(newline="") as lines:
            raised = [from_millis(one.at)[:19].replace("T", " ") for one in alarms(read_counts(lines))]
        spans = [(start[:19], end[:19]) for start, end in windows[name]]
        hit += sum(any(start <= at <= end for at in raised) for start, end in spans)
        false += sum(not any(start <= at <= end for start, end in spans) for at in raised)
    assert hit == 7
    assert false <= 15
