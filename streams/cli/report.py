"""`vocero report`: what was indexed, as a summary on stdout and one HTML page."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from streams.cli.common import errors_console, opened_store, print_json, settings_of

DEFAULT = Path("vocero-report.html")


@click.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Where the page goes; - for stdout.  [default: {DEFAULT}, with --json no page]",
)
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object on stdout.")
@click.pass_context
def command(ctx: click.Context, output: Path | None, as_json: bool) -> None:
    """Sum up what was indexed: on stdout, and as one HTML page that needs no network.

    \b
    Examples:
      vocero report
      vocero report --output /tmp/week.html
      vocero report --json | jq .feelings
    """
    from streams.report import print_summary, render_report, summarise, write_report

    if as_json and output == Path("-"):
        raise click.UsageError("--json and the page cannot both go to stdout: give --output a file")
    with opened_store(settings_of(ctx)) as sink:
        summary = summarise(sink)
    if output == Path("-"):
        click.echo(render_report(summary), nl=False)
        return
    if as_json:
        print_json(msgspec.to_builtins(summary))
    else:
        print_summary(summary)
    if output is not None or not as_json:
        write_report(summary, output or DEFAULT)
        errors_console().print(f"report: {output or DEFAULT}", markup=False)
