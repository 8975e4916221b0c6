"""`vocero produce`: a file of posts into Kafka."""

from __future__ import annotations

import sys
import time

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from schemas.errors import SettingsError
from streams.cli.common import errors_console, settings_of
from streams.files import Defaults, Options, Post, open_posts
from streams.files.detect import FORMATS

SHOWN = 20


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--channel", metavar="NAME", help="Channel of posts that do not say theirs: review, email, social.")
@click.option("--source", metavar="NAME", help="Shop, mailbox or feed of posts that do not say theirs.")
@click.option("--brand", metavar="NAME", help="Brand of posts that do not say theirs.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Posts per second; else as fast as Kafka.")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Told by the file itself if not given.")
@click.option("--map", "mapping", multiple=True, metavar="COLUMN=FIELD", help="A CSV column that has another name.")
@click.option("--lines", "each_line", is_flag=True, help="Every line of a plain text is a post.")
@click.option("--derive-ids/--no-derive-ids", default=None, help="Make missing ids from the content.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    channel: str | None,
    source: str | None,
    brand: str | None,
    rate: float | None,
    format_: str | None,
    mapping: tuple[str, ...],
    each_line: bool,
    derive_ids: bool | None,
) -> None:
    """Push posts of FILEs to Kafka, keyed by identity, with CloudEvents headers. `-` reads standard input.

    Reads JSONL, CSV, mbox, .eml and plain text. What cannot be used is reported with its line number, the rest goes
    on; then the exit code is 1. Pushing a file twice is harmless: the store keeps one document a post.

    \b
    Examples:
      vocero produce posts.jsonl
      vocero produce reviews.csv --channel review --source shop.example --map stars=rating.value
      vocero produce inbox.mbox --channel email --source support --rate 50
    """
    from streams.broker.client import client_config, reach
    from streams.broker.pusher import Pusher, raw_record
    from streams.topics import topics_of

    settings = settings_of(ctx)
    pairs = dict(_pair(one) for one in mapping)
    options = Options(
        format=format_,  # type: ignore[arg-type]
        defaults=Defaults(channel=channel, source=source, brand=brand),
        mapping=pairs,
        each_line=each_line,
        derive_ids=derive_ids,
    )
    items = open_posts(files, options, stdin=sys.stdin.buffer)
    topics = topics_of(settings)
    reach(settings)
    console = errors_console()
    problems = 0

    def refused(origin: object, reason: str) -> None:
        nonlocal problems
        problems += 1
        if problems <= SHOWN:
            console.print(f"{origin}: {reason}", style="red", markup=False)

    pusher = Pusher(client_config(settings), on_refused=refused, rate=rate)
    with Progress(
        TextColumn("produced"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("produced", total=None)
        for item in items:
            where = f"{item.file}:{item.line}"
            if not isinstance(item, Post):
                refused(where, f"{item.reason}: {item.message}")
                continue
            topic = topics.raw.get(item.raw.channel)
            if topic is None:
                refused(where, f"unknown-channel: its channel is none of {', '.join(sorted(topics.raw))}")
                continue
            key, value, headers = raw_record(item.raw, now_ms=int(time.time() * 1000))
            pusher.push(topic, key, value, headers, where)
            progress.advance(task)
        pushed = pusher.flush()
    if problems > SHOWN:
        console.print(f"… and {problems - SHOWN} more")
    console.print(f"{pushed.delivered} posts produced, {problems} not")
    ctx.exit(1 if problems else 0)


def _pair(text: str) -> tuple[str, str]:
    column, found, field = text.partition("=")
    if not (column and found and field):
        raise SettingsError("--map takes COLUMN=FIELD, such as stars=rating.value")
    return column, field
