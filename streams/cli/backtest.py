"""`vocero backtest`: what the spike detection would have said about anyone's own counts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO

import click
from rich.console import Console
from rich.table import Table

from schemas.errors import RejectedInput, StoreError
from schemas.identity import from_millis
from streams.cli.common import json_option, print_json
from streams.spikes.counts_file import read_counts
from streams.spikes.history import ONE_SERIES, Alarm, Count, alarms, strict
from streams.spikes.plot import Outline, page


@click.command()
@click.argument("counts", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write counts and alarms as one page.")
@click.option(
    "--line",
    default=ONE_SERIES.start,
    show_default=True,
    type=click.FloatRange(0.05, 100.0),
    help="Lowest score of an alarm: 0.7 is about one false alarm a week, 1 about one in four weeks.",
)
@click.option("--strict", "as_stage", is_flag=True, help="As strict as the stage, which watches many series.")
@json_option
def command(counts: str, plot: Path | None, line: float, as_stage: bool, as_json: bool) -> None:
    """Replay COUNTS, a CSV file with the columns `timestamp` and `value` (- for standard input), as a stream.

    One JSON line per alarm on standard output: `timestamp` is when it would have been told, `score` how far it stood
    out at most. A time without a zone is UTC. On a terminal a table is shown instead, unless --json is given.
    """
    rule = strict() if as_stage else replace(ONE_SERIES, start=line)
    outline = Outline()
    lines = as_json or not sys.stdout.isatty()
    kept: list[Alarm] = []
    with ExitStack() as stack:
        source = _watched(read_counts(_opened(counts, stack)), outline)
        try:
            for alarm in alarms(source, rule):
                if lines:
                    print_json(_record(alarm))
                if plot is not None or not lines:
                    kept.append(alarm)
        except RejectedInput as error:
            raise RejectedInput("bad-value", f"{_name(counts)}: {error}") from None
    if not lines:
        _show(kept)
    if plot is not None:
        _write(plot, page(outline, kept, title=f"Alarms in {_name(counts)}"))


def _name(counts: str) -> str:
    return "standard input" if counts == "-" else Path(counts).name


def _opened(counts: str, stack: ExitStack) -> IO[str]:
    if counts == "-":
        return stack.enter_context(click.open_file("-", encoding="utf-8"))
    try:
        return stack.enter_context(Path(counts).open(encoding="utf-8", newline=""))
    except OSError as error:
        raise StoreError(f"{_name(counts)} cannot be read ({error.strerror}): look at its permissions") from None


def _watched(counts: Iterable[Count], outline: Outline) -> Iterator[Count]:
    for count in counts:
        outline.take(count)
        yield count


def _record(alarm: Alarm) -> dict[str, object]:
    peak = alarm.peak
    return {
        "timestamp": from_millis(alarm.at),
        "score": round(alarm.score, 4),
        "since": from_millis(alarm.since),
        "highest_at": from_millis(alarm.highest),
        "until": from_millis(alarm.last),
        "open": alarm.open,
        "observed": peak.observed,
        "expected": round(peak.expected, 3),
        "window_seconds": peak.window_ms // 1000,
        "log10_p": round(peak.log10_p, 2),
    }


def _show(found: list[Alarm]) -> None:
    console = Console(highlight=False)
    if not found:
        console.print("no alarm")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("told at", "since", "score", "observed", "expected", "hours"):
        table.add_column(name, justify="left" if name in ("told at", "since") else "right")
    for one in found:
        told, since = (from_millis(at)[:16].replace("T", " ") for at in (one.at, one.since))
        hours = one.peak.window_ms / 3.6e6
        numbers = (f"{one.score:.2f}", f"{one.peak.observed:g}", f"{one.peak.expected:.1f}", f"{hours:g}")
        table.add_row(told, since, *numbers)
    console.print(table)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}): choose another place with --plot") from None
