"""`vocero setup`: what a broker and a store must hold before stages run. Idempotent."""

from __future__ import annotations

import click

from streams.cli.common import errors_console, settings_of


@click.command()
@click.option("--partitions", default=4, show_default=True, type=click.IntRange(1, 10_000), help="Of each topic.")
@click.option(
    "--replication", default=1, show_default=True, type=click.IntRange(1, 15), help="Copies of each partition."
)
@click.option("--dry-run", is_flag=True, help="Say what would be created, and create nothing.")
@click.pass_context
def command(ctx: click.Context, partitions: int, replication: int, dry_run: bool) -> None:
    """Create the Kafka topics and the store's tables or indices that are missing. What is there is left as it is.

    Run it once before `vocero run`; running it again is harmless. Partitions decide how far the stages scale.
    """
    from streams.broker.admin import create_topics, missing_topics
    from streams.topics import plan, topics_of
    from streams.wiring import build_sink

    settings = settings_of(ctx)
    console = errors_console()
    wanted = plan(topics_of(settings), partitions=partitions)
    missing = missing_topics(settings, wanted)
    for one in missing:
        config = ", ".join(f"{name}={value}" for name, value in one.config.items())
        click.echo(f"{'would create' if dry_run else 'create'} topic {one.name}: {one.partitions} partitions, {config}")
    if dry_run:
        console.print(f"{len(missing)} of {len(wanted)} topics are missing; nothing was created")
        return
    create_topics(settings, missing, replication=replication)
    sink = build_sink(settings)
    sink.open()
    sink.close()
    console.print(
        f"{len(missing)} topics created, {len(wanted) - len(missing)} were there; the {settings.store} store is ready"
    )
