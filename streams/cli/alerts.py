"""`vocero alerts`: the negative spikes that were indexed, as a list or as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from sinks.base import Query, Sink
from streams.cli.common import json_option, opened_store, print_json, settings_of, short

EVERY_SECONDS = 1.0
AT_ONCE = 200
MOST = 1000


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, MOST))
@click.option("--all", "every", is_flag=True, help="Every series, not just the one that leads its incident.")
@click.option("--follow", is_flag=True, help="Tell what changes from now on, until Ctrl-C.")
@json_option
@click.pass_context
def command(ctx: click.Context, limit: int, every: bool, follow: bool, as_json: bool) -> None:
    """List negative spikes, newest first: what, where, since when, how many against how many expected.

    One cause raises alerts in several series, which share an incident; without --all or --json the one that leads it
    is shown.
    """
    console = Console(highlight=False)

    def show(alert: dict[str, Any]) -> None:
        if as_json:
            print_json(alert)
        else:
            _show(console, alert)

    with opened_store(settings_of(ctx)) as sink:
        if follow:
            for alert in changes(sink, lambda: time.sleep(EVERY_SECONDS)):
                if as_json or every or leads(alert):
                    show(alert)
            return
        found = _newest(sink, limit if as_json or every else MOST)
    alerts = [alert for alert in found if as_json or every or leads(alert)][:limit]
    if not alerts and not as_json:
        console.print("no negative spike was found")
    for alert in alerts:
        show(alert)


def leads(alert: dict[str, Any]) -> bool:
    """The alert that people see for an incident."""
    return bool(alert.get("leads")) or alert.get("incident") is None


def changes(sink: Sink, wait: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """Every newer state of an alert that is indexed from now on, in the order of event time; `wait` between looks."""
    told = {alert["id"]: alert["version"] for alert in _newest(sink, AT_ONCE)}
    while True:
        wait()
        newest = _newest(sink, AT_ONCE)
        for alert in sorted(newest, key=lambda one: (one["at"], one["id"])):
            if told.get(alert["id"], -1) < alert["version"]:
                yield alert
        told.update((alert["id"], alert["version"]) for alert in newest)
        while len(told) > 10 * AT_ONCE:
            del told[next(iter(told))]


def _newest(sink: Sink, limit: int) -> list[dict[str, Any]]:
    hits = sink.search(Query(kind="alerts", sort="newest", limit=limit))
    return [document.body["feedback"]["alert"] for document in hits.documents]


def _show(console: Console, alert: dict[str, Any]) -> None:
    ended = alert["state"] == "ended"
    head = Text(f"{alert['since'][:16].replace('T', ' ')}  ")
    head.append(f"{alert['state']:<8}", style="dim" if ended else "bold red")
    head.append(short(f"{alert['brand']} · {alert['dimension']} {alert['value']}", 60), style="bold")
    head.append(f"  {alert['observed']:.0f} negatives, {alert['expected']:.1f} expected")
    console.print(head, soft_wrap=True)
    for exemplar in alert.get("exemplars", [])[:3]:
        words = exemplar.get("translation") or exemplar.get("excerpt")
        console.print(Text(f"    {short(words, max(40, console.width - 6))}", style="dim"), soft_wrap=True)
