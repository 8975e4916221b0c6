"""`vocero alerts`: the negative spikes that were indexed."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sinks.base import Query
from streams.cli.common import json_option, opened_store, print_json, settings_of, short


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
@click.pass_context
def command(ctx: click.Context, limit: int, as_json: bool) -> None:
    """List negative spikes, newest first: what, where, since when, how many against how many expected."""
    with opened_store(settings_of(ctx)) as sink:
        hits = sink.search(Query(kind="alerts", sort="newest", limit=limit))
    alerts = [document.body["feedback"]["alert"] for document in hits.documents]
    if as_json:
        for alert in alerts:
            print_json(alert)
        return
    console = Console(highlight=False)
    if not alerts:
        console.print("no negative spike was found")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("since", "state", "brand", "what", "observed", "expected", "sigma", "about"):
        table.add_column(name, justify="right" if name in ("observed", "expected", "sigma") else "left")
    for alert in alerts:
        about = alert["exemplars"][0] if alert.get("exemplars") else {}
        table.add_row(
            alert["since"][:16].replace("T", " "),
            Text(alert["state"], style="red" if alert["state"] != "ended" else "dim"),
            Text(short(alert["brand"], 20)),
            Text(short(f"{alert['dimension']} {alert['value']}", 30)),
            f"{alert['observed']:.0f}",
            f"{alert['expected']:.1f}",
            f"{alert['score']:.1f}",
            Text(short(about.get("translation") or about.get("excerpt"), 50)),
        )
    console.print(table)
