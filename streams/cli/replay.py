"""`vocero replay`: dead letters once more, after what caused them is gone."""

from __future__ import annotations

import asyncio
import time
from typing import get_args

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from schemas.errors import Reason
from streams.cli.common import errors_console, json_option, millis_option, print_json, settings_of
from streams.wiring import STAGES


@click.command()
@click.option("--reason", "reasons", multiple=True, type=click.Choice(get_args(Reason)), help="Can be repeated.")
@click.option("--stage", "stages", multiple=True, type=click.Choice(STAGES), help="That made it. Can be repeated.")
@click.option("--since", metavar="TIME", help="Letters written at or after this time (RFC 3339, or a date).")
@click.option("--until", metavar="TIME", help="Letters written before this time.")
@click.option("--dry-run", is_flag=True, help="Find everything, send nothing.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    reasons: tuple[str, ...],
    stages: tuple[str, ...],
    since: str | None,
    until: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Drive dead letters again: all of them, or by reason, stage and time.

    Remove the cause first: what fails again is a dead letter again. Each original is fetched from its topic, its hash
    is checked, and it is sent to where it failed, as old as it was when it came first, so that a newer edit still wins.
    Running it twice is harmless: a receipt on the dead-letter topic says what was driven again. Exit code 1: some could
    not be, because their original is gone, changed or too large.

    \b
    Examples:
      vocero replay --dry-run
      vocero replay --reason unknown-channel
      vocero replay --stage index --since 2026-03-01 --until 2026-03-02T12:00:00Z --json
    """
    from schemas.codec import Limits
    from streams.broker.client import client_config, reach
    from streams.broker.outbox import Outbox
    from streams.broker.reading import Reader
    from streams.replay.job import FATES, Replay
    from streams.replay.letters import Choice
    from streams.topics import topics_of

    settings = settings_of(ctx)
    choice = Choice(reasons, stages, millis_option(ctx, "--since", since), millis_option(ctx, "--until", until))
    config = client_config(settings)
    reach(settings)
    bar = Progress(
        TextColumn("dead letters"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=errors_console()
    )
    outbox = None if dry_run else Outbox(config)
    try:
        with Reader(config) as reader, bar:
            task = bar.add_task("", total=None)
            job = Replay(
                reader,
                topics_of(settings),
                None if outbox is None else outbox.send,
                limits=Limits(max_bytes=settings.max_record_bytes),
                now_ms=lambda: int(time.time() * 1000),
                on_progress=lambda done, known: bar.update(task, completed=done, total=known),
            )
            result = asyncio.run(job.run(choice))
    finally:
        if outbox is not None:
            outbox.close()
    by = sorted({(stage, reason) for stage, reason, _ in result.fates})
    if as_json:
        for stage, reason in by:
            print_json({"stage": stage, "reason": reason} | {f: result.fates[stage, reason, f] for f in FATES})
    elif by:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("stage", "reason", "would replay" if dry_run else "replayed", *list(FATES)[1:]):
            table.add_column(name, justify="left" if name in ("stage", "reason") else "right")
        for stage, reason in by:
            table.add_row(stage, reason, *(str(result.fates[stage, reason, fate]) for fate in FATES))
        Console(highlight=False).print(table)
    say = errors_console().print
    if result.unreadable:
        say(f"{result.unreadable} records of the dead-letter topic are no dead letters of vocero: left alone")
    if not by:
        say("there are no such dead letters")
    for fate in ("gone", "changed", "refused"):
        if count := result.total(fate):
            say(f"{count} cannot be driven again: {FATES[fate]}")
    ctx.exit(1 if result.total("gone", "changed", "refused") else 0)
