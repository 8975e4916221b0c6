"""`vocero demo`: everything at work on the shipped sample, with nothing to install."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from schemas.errors import BrokerError
from streams.cli.common import errors_console, log_to_stderr, opened_store, settings_of

if TYPE_CHECKING:
    from streams.embedded import Parcel
    from streams.topics import Topics


@click.command()
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("vocero-report.html"),
    show_default=True,
    help="Where the HTML report goes.",
)
@click.option("--log-level", default="warning", show_default=True, type=click.Choice(["debug", "info", "warning"]))
@click.pass_context
def command(ctx: click.Context, report_file: Path, log_level: str) -> None:
    """Send the shipped sample through the embedded broker and the real stages into SQLite, and show what came out.

    500 invented posts in over twenty languages, six weeks in the life of a web shop. Running it again is harmless.
    """
    from streams.demo import parcels, sample_folder
    from streams.embedded import play
    from streams.report import print_summary, summarise, write_report

    log_to_stderr(log_level)
    settings = settings_of(ctx)
    console = errors_console()
    folder = sample_folder()
    console.print("vocero demo: the sample goes through the embedded Kafka broker and five Faust stages into the store")
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("waiting for the stages", total=None)

        def told(topics: Topics) -> list[Parcel]:
            story = parcels(folder, topics)
            progress.update(task, total=len(story), description="posts enriched")
            return story

        def moved(settled: int, event_time: float) -> None:
            day = datetime.fromtimestamp(event_time, UTC).strftime("%d %B")
            progress.update(task, completed=settled, description=f"posts enriched, {day}")

        outcome = play(settings, told, on_progress=moved)
    if outcome.failure:
        raise BrokerError(outcome.failure)
    if not outcome.complete:
        console.print("stopped before the end: run it again, nothing is doubled")
        ctx.exit(outcome.code or 130)
    with opened_store(settings) as sink:
        summary = summarise(sink, dead_letters=outcome.dead_letters)
    print_summary(summary)
    write_report(summary, report_file)
    rate = outcome.sent / outcome.seconds
    console.print(
        f"\n{outcome.sent} records in {outcome.seconds:.1f} s ({rate:.0f}/s), {outcome.dead_letters} dead letters"
    )
    console.print(f"report: {report_file}")
    console.print(
        "\nThree things to try next:\n"
        '  vocero search "late delivery" --sentiment negative --language es\n'
        "  vocero alerts\n"
        "  echo 'El pedido llegó roto' | vocero enrich - --format text --channel review --source me --output -"
    )
