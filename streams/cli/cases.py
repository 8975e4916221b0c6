"""`vocero cases`: the complaints that are followed; `vocero cases move` sends a person's step to Kafka."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.text import Text

from schemas.cases import CaseCommand
from schemas.codec import encode
from schemas.errors import StoreError
from schemas.identity import from_millis, to_millis
from sinks.base import Query
from streams.cli.common import errors_console, json_option, opened_store, print_json, settings_of, short


@click.group(invoke_without_command=True)
@click.option("--state", help="Only cases in this state, such as opened or recovered.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
@click.pass_context
def command(ctx: click.Context, state: str | None, limit: int, as_json: bool) -> None:
    """List cases, the most severe first. `vocero cases move CASE STEP` takes one on."""
    if ctx.invoked_subcommand:
        return
    with opened_store(settings_of(ctx)) as sink:
        hits = sink.search(Query(kind="cases", sort="severity", limit=1000))
    cases = [document.body["feedback"]["case"] for document in hits.documents]
    cases = [case for case in cases if state is None or case["state"] == state][:limit]
    if as_json:
        for case in cases:
            print_json(case)
        return
    console = Console(highlight=False)
    if not cases:
        console.print("no case is open" if state is None else f"no case is {state}")
        return
    for case in cases:
        head = Text(f"{case['id']}  ")
        head.append(f"{case['state']:<13}", style="green" if case["state"] == "recovered" else "bold")
        head.append(f"severity {case.get('severity', 0):.2f}  {case['opened_at'][:10]}  {case['channel']}")
        head.append(f"  {short(case.get('author') or 'unknown', 30)}  {short(case.get('place'), 30)}")
        console.print(head, soft_wrap=True)
        words = case.get("translation") or case.get("excerpt")
        console.print(Text(f"    {short(words, max(40, console.width - 6))}", style="dim"), soft_wrap=True)


@command.command()
@click.argument("case")
@click.argument("step", type=click.Choice(["acknowledge", "contact", "resolve", "answer"]))
@click.option("--actor", required=True, help="Who takes the step.")
@click.option("--note", help="Why, or how.")
@click.pass_context
def move(ctx: click.Context, case: str, step: str, actor: str, note: str | None) -> None:
    """Send a STEP for a CASE to Kafka. An illegal one is refused by the case, with the reason in its history."""
    from streams.broker.client import client_config
    from streams.broker.outbox import Outbox
    from streams.headers import cloud_event
    from streams.records import Message
    from streams.topics import topics_of

    settings = settings_of(ctx)
    with opened_store(settings) as sink:
        found = sink.get("cases", [case])[0]
    if found is None:
        raise StoreError(f"there is no case {case}: `vocero cases` lists them")
    brand = found.body["feedback"]["case"]["brand"]
    now = from_millis(to_millis(datetime.now(UTC)))
    order = CaseCommand(
        id=uuid.uuid4().hex,
        case_id=case,
        brand=brand,
        action=step,  # type: ignore[arg-type]
        actor=actor,
        at=now,
        note=note,
    )
    headers = cloud_event(kind="case.command", stage="cli", event_id=order.id, time=now)
    message = Message(topics_of(settings).case_commands, brand.encode("utf-8", "replace"), encode(order), headers)
    outbox = Outbox(client_config(settings))
    try:
        asyncio.run(outbox.send([message]))
    finally:
        outbox.close()
    errors_console().print(f"sent: {step} for {case}")
