"""`vocero alerts`: the negative spikes that were indexed."""

from __future__ import annotations

import click
from rich.console import Console
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
    for alert in alerts:
        ended = alert["state"] == "ended"
        head = Text(f"{alert['since'][:16].replace('T', ' ')}  ")
        head.append(f"{alert['state']:<8}", style="dim" if ended else "bold red")
        head.append(short(f"{alert['brand']} · {alert['dimension']} {alert['value']}", 60), style="bold")
        head.append(f"  {alert['observed']:.0f} negatives, {alert['expected']:.1f} expected")
        console.print(head, soft_wrap=True)
        for exemplar in alert.get("exemplars", [])[:3]:
            words = exemplar.get("translation") or exemplar.get("excerpt")
            console.print(Text(f"    {short(words, max(40, console.width - 6))}", style="dim"), soft_wrap=True)
