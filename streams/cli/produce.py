"""`vocero produce`: a file of posts into Kafka."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from schemas.errors import RejectedInput
from streams.cli.common import settings_of
from streams.cli.reading import options_of, reading_options
from streams.files import Post, Reject, open_posts
from streams.files.opening import total_bytes
from streams.files.reporting import Report


@click.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@reading_options
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Posts per second; else as fast as Kafka.")
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Push posts of FILEs to Kafka, keyed by identity, with CloudEvents headers. `-` reads standard input.

    Reads JSONL, CSV, mbox, .eml, RSS, Atom and plain text. What cannot be used is reported with its line number, the
    rest goes on; then the exit code is 1. Pushing a file twice is harmless: the store keeps one document a post.

    \b
    Examples:
      vocero produce posts.jsonl
      vocero produce reviews.csv --channel review --source shop.example --map stars=rating.value
      vocero produce inbox.mbox --source support --rate 50 --company support@shop.example
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
    items = open_posts(given["paths"], options, stdin=sys.stdin.buffer, on_bytes=report.read)
    topics = topics_of(settings)
    reach(settings)

    def refused(origin: object, error: RejectedInput) -> None:
        if isinstance(origin, Post):
            report.reject(Reject(origin.line, error.reason, str(error), file=origin.file))

    pusher = Pusher(client_config(settings), on_refused=refused, rate=given["rate"])
    with report:
        for item in items:
            if not isinstance(item, Post):
                report.reject(item)
            elif (topic := topics.raw.get(item.raw.channel)) is None:
                known = ", ".join(sorted(topics.raw))
                report.reject(Reject(item.line, "unknown-channel", f"its channel is none of {known}", file=item.file))
            else:
                pusher.push(topic, *raw_record(item.raw, now_ms=int(time.time() * 1000)), item)
            report.counts.done = pusher.pushed.delivered
            report.advance()
        report.counts.done = pusher.flush().delivered
    report.end("done")
    ctx.exit(1 if report.counts.rejected else 0)
