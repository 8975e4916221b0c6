"""`vocero alerts`: the negative spikes that were indexed, as a list or as they come."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.text import Text

from schemas.alerts import AlertCommand
from schemas.errors import StoreError
from schemas.identity import from_millis, to_millis
from sinks.base import Query, Sink
from streams.cli.common import errors_console, json_option, opened_store, print_json, settings_of, short
from streams.cli.sending import send_command
from streams.settings import Settings

EVERY_SECONDS = 1.0
AT_ONCE = 200
MOST = 1000


@click.group(invoke_without_command=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, MOST))
@click.option("--all", "every", is_flag=True, help="Every series, not just the one that leads its incident.")
@click.option("--follow", is_flag=True, help="Tell what changes from now on, until Ctrl-C.")
@json_option
@click.pass_context
def command(ctx: click.Context, limit: int, every: bool, follow: bool, as_json: bool) -> None:
    """List negative spikes, newest first: what, where, since when, how many against how many expected.

    One cause raises alerts in several series, which share an incident; without --all or --json the one that leads it
    is shown. `vocero alerts acknowledge ALERT` takes an incident on.
    """
    if ctx.invoked_subcommand:
        return
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


@command.command()
@click.argument("alert")
@click.option("--by", required=True, help="Who takes it on.")
@click.option("--note", help="What is known, or being done.")
@click.option("--wait", default=15.0, show_default=True, type=click.FloatRange(0, 600), help="Seconds to wait.")
@click.pass_context
def acknowledge(ctx: click.Context, alert: str, by: str, note: str | None, wait: float) -> None:
    """Take on the incident of an open ALERT (its id, or its incident's): it wakes nobody until it has doubled.

    \b
    vocero alerts --json | jq -r .id
    vocero alerts acknowledge e7e6efab9364f36dd425bdf9a4feda8f --by Inés --note "the courier was called"
    """
    settings = settings_of(ctx)
    with opened_store(settings) as sink:
        found = _found(sink, alert)
        order = _order(found, by, note)
        _send(settings, order)
        seen = _shown_in(sink, found["id"], order.id, wait)
    console = errors_console()
    if not seen:
        console.print("Kafka keeps it, but the store does not show it yet: it does once `alert` and `index` run")
        ctx.exit(1)
    console.print(f"{by} has taken on {found.get('leading') or found['series']}")


def _found(sink: Sink, name: str) -> dict[str, Any]:
    """An alert by its id, or one of an incident's; raises StoreError where it is not known, or has ended."""
    stored = sink.get("alerts", [name])[0]
    found = [stored.body["feedback"]["alert"]] if stored is not None else _newest(sink, MOST)
    found = [alert for alert in found if name in (alert["id"], alert.get("incident"))]
    if not found:
        raise StoreError(f"there is no alert {name}: `vocero alerts --json` lists them with their ids")
    still = [alert for alert in found if alert["state"] != "ended"]
    if not still:
        raise StoreError(f"the alert {name} has ended: there is nothing left to take on")
    return still[0]


def _order(alert: dict[str, Any], by: str, note: str | None) -> AlertCommand:
    now = from_millis(to_millis(datetime.now(UTC)))
    values = {"id": uuid.uuid4().hex, "alert_id": alert["id"], "brand": alert["brand"], "action": "acknowledge"}
    try:
        return msgspec.convert({**values, "actor": by, "note": note, "at": now}, AlertCommand)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"that does not fit the schema of commands: {error}") from None


def _send(settings: Settings, order: AlertCommand) -> None:
    from streams.topics import topics_of

    send_command(settings, topics_of(settings).alert_commands, order.brand, order, kind="alert.command")


def _shown_in(sink: Sink, alert: str, command: str, seconds: float) -> bool:
    """True once the store's alert tells of the command; False where it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        stored = sink.get("alerts", [alert])[0]
        if stored is not None and stored.body["feedback"]["alert"].get("acknowledged", {}).get("command") == command:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(min(EVERY_SECONDS / 4, seconds))


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
    if taken := alert.get("acknowledged"):
        words = f"    taken on by {short(taken['by'], 60)}: {short(taken.get('note') or 'no note', 200)}"
        console.print(Text(words, style="green"), soft_wrap=True)
    for name, key in (("what is new", "new_words"), ("topics", "topics")):
        if said := ", ".join(alert.get(key) or ()):
            console.print(Text(f"    {name}: {short(said, 160)}"), soft_wrap=True)
    for exemplar in alert.get("exemplars", [])[:3]:
        words = exemplar.get("translation") or exemplar.get("excerpt")
        console.print(Text(f"    {short(words, max(40, console.width - 6))}", style="dim"), soft_wrap=True)
