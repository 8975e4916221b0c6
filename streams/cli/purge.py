"""`vocero purge`: retention. What is older than a limit leaves the store, in bounded steps, and the journal says so."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import click
from rich.progress import Progress

from schemas.errors import SettingsError, StoreError
from schemas.identity import from_millis
from sinks.base import KINDS, Kind, Query, Sink, Status
from sinks.documents import journal_document
from streams.cli.common import errors_console, json_option, opened_store, print_json, settings_of

USUAL: tuple[Kind, ...] = ("posts", "cases", "alerts", "dead-letters")
STEP = 1_000
"""Documents that one request removes: other writers are never held up for long."""
_HOUR_MS = 3_600_000
_UNITS = {"h": _HOUR_MS, "d": 24 * _HOUR_MS, "w": 7 * 24 * _HOUR_MS, "y": 365 * 24 * _HOUR_MS}


@dataclass(frozen=True, slots=True)
class Purged:
    """Of one kind: documents older than `before` (RFC 3339), and how many were removed."""

    kind: Kind
    before: str
    found: int
    removed: int


@click.command()
@click.option("--older-than", required=True, metavar="AGE", help="Of the event time, such as 90d, 12w or 36h.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help=f"What to purge; may be repeated.  [default: {', '.join(USUAL)}]",
)
@click.option("--dry-run", is_flag=True, help="Count what would go, and remove nothing.")
@json_option
@click.pass_context
def command(ctx: click.Context, older_than: str, kinds: tuple[Kind, ...], *, dry_run: bool, as_json: bool) -> None:
    """Remove what is older than AGE from the store: posts by the time they were written, cases by their last step,
    alerts by their last change. Run it daily, by cron or a timer; it may be stopped and run again at any time.

    What has no time stays. Topics on Kafka have a retention of their own: a post that is read again from one comes
    back, and goes with the next run. The journal keeps what was erased from coming back: purge it last of all.

    \b
    Examples:
      vocero purge --older-than 90d --dry-run
      vocero purge --older-than 2y --kind alerts --json
    """
    now_ms = time.time_ns() // 1_000_000
    before = now_ms - age(older_than)
    console = errors_console()
    with opened_store(settings_of(ctx)) as sink:
        for kind in dict.fromkeys(kinds or USUAL):
            sink.refresh()
            found = sink.count(kind, Query(until=from_millis(before)))
            with Progress(console=console, transient=True) as bar:
                task = bar.add_task(f"purge {kind}", total=found)
                removed = 0 if dry_run else _purge(sink, kind, before, partial(bar.advance, task))
            done = Purged(kind, from_millis(before), found, removed)
            if removed:
                _record(sink, done, now_ms)
            if as_json:
                print_json(asdict(done))
            else:
                words = f"{found} would go" if dry_run else f"{removed} removed"
                click.echo(f"{kind}: {words}, older than {done.before}")


def age(text: str) -> int:
    """Milliseconds of an age such as 90d. Raises SettingsError where it is none, or nothing can be as old."""
    match = re.fullmatch(r"([0-9]{1,6})([hdwy])", text.strip())
    if match is None or (span := int(match[1]) * _UNITS[match[2]]) == 0:
        raise SettingsError("--older-than must be an age such as 36h, 90d, 12w or 2y, and not zero")
    if span > 200 * _UNITS["y"]:
        raise SettingsError("--older-than is more than 200 years; nothing is as old")
    return span


def _purge(sink: Sink, kind: Kind, before: int, advance: Callable[[float], None]) -> int:
    """Removes step by step until nothing is left that old; how many."""
    removed = 0
    while (gone := sink.purge(kind, before=before, limit=STEP)) > 0:
        removed += gone
        advance(gone)
    return removed


def _record(sink: Sink, done: Purged, now_ms: int) -> None:
    """An entry in the journal. Raises StoreError where the store does not take it."""
    details = {"kind": done.kind, "before": done.before, "documents": done.removed}
    entry = journal_document("purge", from_millis(now_ms), details, identity=uuid.uuid4().hex, version=now_ms)
    (outcome,) = sink.write([entry])
    if outcome.status is not Status.WRITTEN:
        raise StoreError(f"{done.removed} {done.kind} were removed, but the journal did not take it ({outcome.reason})")
