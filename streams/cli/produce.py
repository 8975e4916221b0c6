"""`vocero produce`: files and feeds of posts into Kafka."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from schemas.errors import RejectedInput, SettingsError
from streams.cli.common import settings_of
from streams.cli.reading import options_of, reading_options
from streams.files import Item, Post, Reject, open_posts
from streams.files.fetching import Fetched, Fetcher, FetchLimits, Seen, is_address, shown
from streams.files.opening import STDIN, names_of, total_bytes
from streams.files.reporting import Report
from streams.files.resuming import Place, Walk, opened_state

SAVE_ITEMS, SAVE_SECONDS = 2_000, 5.0
"""How often the state is saved: what is sent again after a break is no more than that."""


@click.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@reading_options
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Posts per second; else as fast as Kafka.")
@click.option("--resume", is_flag=True, help="Send only what earlier runs with --resume did not send.")
@click.option(
    "--state",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The same, remembered in this file.  [default: produce.json in the state directory]",
)
@click.option("--private-addresses", is_flag=True, help="Read feeds from inside a private network or this machine too.")
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Push posts of FILEs to Kafka, keyed by identity, with CloudEvents headers. `-` reads standard input.

    Reads JSONL, CSV, mbox, .eml, RSS, Atom and plain text, and feeds from http:// and https:// addresses. What cannot
    be used is reported with its line number, the rest goes on; then the exit code is 1. Pushing a file twice is
    harmless: the store keeps one document a post. With --resume only what is new is pushed: after a break, from a file
    that has grown, of a feed with new entries.

    \b
    Examples:
      vocero produce posts.jsonl
      vocero produce reviews.csv --channel review --source shop.example --map stars=rating.value
      vocero produce inbox.mbox --source support --rate 50 --company support@shop.example
      vocero produce https://shop.example/reviews.rss --channel review --resume
    """
    from enrichers.redact import redact_text
    from streams.broker.client import client_config, reach
    from streams.broker.pusher import Pusher, raw_record
    from streams.topics import topics_of

    settings = settings_of(ctx)
    report = Report(
        sys.stderr,
        clock=time.monotonic,
        redact=lambda text: redact_text(text)[0],
        total=total_bytes(given["paths"]),
        verb="produced",
    )
    options = options_of(given, settings)
    fetcher = Fetcher(private=given["private_addresses"], limits=FetchLimits(size=settings.max_record_bytes))
    names = names_of(given["paths"])
    path = state_path(given, Path(settings.state_dir), names)
    opened = partial(open_posts, options=options, stdin=sys.stdin.buffer, on_bytes=report.read)
    opened(names, fetch=lambda name: fetcher(name, Seen()))  # checks all of them, and reads none
    topics = topics_of(settings)
    reach(settings)
    unsent = False

    def refused(origin: object, error: RejectedInput) -> None:
        nonlocal unsent
        unsent = unsent or error.reason == "failed"
        if isinstance(origin, Post):
            report.reject(Reject(origin.line, error.reason, str(error), file=origin.file))

    pusher = Pusher(client_config(settings), on_refused=refused, rate=given["rate"])

    def push(item: Item) -> None:
        if not isinstance(item, Post):
            report.reject(item)
        elif (topic := topics.raw.get(item.raw.channel)) is None:
            known = ", ".join(sorted(topics.raw))
            report.reject(Reject(item.line, "unknown-channel", f"its channel is none of {known}", file=item.file))
        else:
            pusher.push(topic, *raw_record(item.raw, now_ms=int(time.time() * 1000)), item)
        report.counts.done = pusher.pushed.delivered
        report.advance()

    pending: dict[str, Place] = {}

    def settle() -> None:
        """What was given to Kafka is remembered as sent once it has taken all of it."""
        report.counts.done = pusher.flush().delivered
        if state is not None and not unsent:
            for name, place in pending.items():
                state.put(name, place)
            state.save()
            pending.clear()

    skipped = since = 0
    at = time.monotonic()
    with opened_state(path) if path is not None else nullcontext() as state, report:
        for name in names:
            key = shown(name) if is_address(name) else name if name == STDIN else str(Path(name).resolve())
            old = state.get(key) if state is not None else Place()
            feed = Feed(fetcher, Seen(old.etag, old.modified))
            walk = Walk(old)
            items = partial(opened, [name], fetch=feed)
            for item in items() if state is None else walk.new_items(items):
                push(item)
                since += 1
                if state is not None and (since >= SAVE_ITEMS or time.monotonic() - at >= SAVE_SECONDS):
                    pending[key] = walk.place()
                    settle()
                    since, at = 0, time.monotonic()
            if state is not None:
                pending[key] = msgspec.structs.replace(walk.place(), etag=feed.seen.etag, modified=feed.seen.modified)
            skipped += walk.skipped
        settle()
    report.end("done" if path is None else f"done, {skipped:,} sent before")
    if unsent and path is not None:
        click.echo("the state stays where it was: run the same command again for what Kafka did not take", err=True)
    ctx.exit(1 if report.counts.rejected else 0)


class Feed:
    """The feed of one address, asked for once."""

    def __init__(self, fetcher: Fetcher, seen: Seen) -> None:
        self._fetcher = fetcher
        self.seen = seen
        self._answer: Fetched | None = None

    def __call__(self, name: str) -> Fetched:
        if self._answer is None:
            self._answer = self._fetcher(name, self.seen)
            self.seen = self._answer.seen
        return self._answer


def state_path(given: Mapping[str, Any], folder: Path, names: Sequence[str]) -> Path | None:
    """Where it is remembered what was sent; None where it is not."""
    if not given["resume"] and given["state"] is None:
        return None
    if STDIN in names:
        raise SettingsError("standard input cannot be resumed: name a file, or leave --resume and --state out")
    return given["state"] or folder / "produce.json"
