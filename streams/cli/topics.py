"""`vocero topics`: what people talk about; `rename`, `merge` and `undo` send a person's word to Kafka, and it wins."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, Literal

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.errors import StoreError
from schemas.identity import from_millis, to_millis
from schemas.topics import TopicCommand
from sinks.base import Query, Sink
from streams.cli.common import errors_console, json_option, opened_store, print_json, settings_of, short
from streams.cli.sending import send_command
from streams.learning.group_names import shown
from streams.settings import Settings

HIDDEN = ("centroid", "terms", "members", "applied", "quoted")
"""What only the model itself reads."""


@click.group(invoke_without_command=True)
@click.option("--limit", default=30, show_default=True, type=click.IntRange(1, 1000))
@click.option("--all", "every", is_flag=True, help="Merged and retired topics too.")
@click.option("--groups", is_flag=True, help="Kindred topics together, the largest group first.")
@json_option
@click.pass_context
def command(ctx: click.Context, limit: int, every: bool, groups: bool, as_json: bool) -> None:
    """List the topics of the shared model, largest first, with keywords and an example.

    \b
    vocero topics --limit 10
    vocero topics --groups
    vocero topics show t-3f2a0c81d9be
    vocero topics merge t-77c0… t-3f2a… --actor ana    # and back: vocero topics undo t-77c0… --actor ana
    """
    if ctx.invoked_subcommand:
        return
    with opened_store(settings_of(ctx)) as sink:
        hits = sink.search(Query(kind="topics", sort="severity", limit=10_000))
    topics = [document.body["feedback"]["topic"] for document in hits.documents]
    topics = [topic for topic in topics if (every and not groups) or topic.get("status", "active") == "active"]
    if groups:
        _print_groups(shown(topics, limit), as_json)
        return
    topics = sorted(topics, key=lambda topic: -topic.get("count", 0))[:limit]
    if as_json:
        for topic in topics:
            print_json(_shown(topic))
        return
    console = Console(highlight=False)
    if not topics:
        console.print("no topic was born yet: a handful of alike posts makes one")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "sentences", "label", "example"):
        table.add_column(name, justify="right" if name == "sentences" else "left")
    for topic in topics:
        example = (topic.get("examples") or [""])[0]
        table.add_row(
            topic["id"], str(topic.get("count", 0)), Text(short(topic["label"], 40)), Text(short(example, 70))
        )
    console.print(table)


@command.command()
@click.argument("topic")
@json_option
@click.pass_context
def show(ctx: click.Context, topic: str, as_json: bool) -> None:
    """Show a TOPIC: its words, its examples, and what became of it."""
    with opened_store(settings_of(ctx)) as sink:
        body = _stored(sink, topic)
    if as_json:
        print_json(_shown(body))
        return
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    rows = {
        "id": body["id"],
        "label": body["label"] + (" (given by a person)" if body.get("pinned_label") else ""),
        "keywords": ", ".join(body.get("keywords", [])),
        "status": body.get("status", "active"),
        "merged into": body.get("merged_into"),
        "split from": body.get("split_from"),
        "kept apart from": ", ".join(body.get("apart", [])),
        "group": body.get("group"),
        "sentences": str(body.get("count", 0)),
        "first seen": body.get("created_at"),
        "last seen": body.get("updated_at"),
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, Text(short(value, 100)))
    for example in body.get("examples", []):
        table.add_row("example", Text(short(example, 200)))
    console.print(table)


@command.command()
@click.argument("topic")
@click.argument("label")
@click.option("--actor", required=True, help="Who says so.")
@click.pass_context
def rename(ctx: click.Context, topic: str, label: str, actor: str) -> None:
    """Give a TOPIC a LABEL of your own. The model keeps it."""
    label = " ".join(label.split())
    if not 1 <= len(label) <= 200:
        raise click.BadParameter("a label has 1 to 200 characters", ctx=ctx, param_hint="LABEL")
    settings = settings_of(ctx)
    with opened_store(settings) as sink:
        _active(sink, topic)
    _send(settings, _order("rename", topic, actor, label=label))
    errors_console().print(f"sent: {topic} is to be called as you say")


@command.command()
@click.argument("topic")
@click.argument("into")
@click.option("--actor", required=True, help="Who says so.")
@click.pass_context
def merge(ctx: click.Context, topic: str, into: str, actor: str) -> None:
    """Merge a TOPIC INTO another one. The model does not part them again; the old id leads to the new one."""
    if topic == into:
        raise click.BadParameter("a topic cannot be merged into itself", ctx=ctx, param_hint="INTO")
    settings = settings_of(ctx)
    with opened_store(settings) as sink:
        _active(sink, topic)
        _active(sink, into)
    _send(settings, _order("merge", topic, actor, into=into))
    errors_console().print(f"sent: {topic} goes into {into}")


@command.command()
@click.argument("topic")
@click.option("--actor", required=True, help="Who says so.")
@click.pass_context
def undo(ctx: click.Context, topic: str, actor: str) -> None:
    """Undo the merge of TOPIC, whoever merged it: its id means again what it meant.

    The model keeps the two apart from then on. Posts that it remembers are told; older ones keep what they were told.
    """
    settings = settings_of(ctx)
    with opened_store(settings) as sink:
        body = _stored(sink, topic)
    if body.get("status") != "merged":
        raise StoreError(f"{topic} is not merged into another one: `vocero topics --all` lists those that are")
    _send(settings, _order("undo", topic, actor))
    errors_console().print(f"sent: {topic} is to be a topic of its own again")


def _print_groups(groups: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        for group in groups:
            print_json({**group, "topics": [_shown(topic) for topic in group["topics"]]})
        return
    console = Console(highlight=False)
    if not groups:
        console.print("no topic was born yet: a handful of alike posts makes one")
    for group in groups:
        console.print(Text(f"{group['label']}  ({len(group['topics'])} topics, {group['count']} sentences)", "bold"))
        for topic in group["topics"]:
            console.print(Text(f"  {topic['id']}  {topic.get('count', 0):>6}  {short(topic['label'], 60)}"))


def _shown(topic: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in topic.items() if name not in HIDDEN}


def _stored(sink: Sink, topic: str) -> dict[str, Any]:
    found = sink.get("topics", [topic])[0]
    if found is None:
        raise StoreError(f"there is no topic {topic}: `vocero topics` lists them")
    body: dict[str, Any] = found.body["feedback"]["topic"]
    return body


def _active(sink: Sink, topic: str) -> None:
    body = _stored(sink, topic)
    status = body.get("status", "active")
    if status == "merged":
        raise StoreError(f"{topic} was merged into {body.get('merged_into')}: name that one")
    if status != "active":
        raise StoreError(f"{topic} is {status}: `vocero topics` lists those that are active")


def _order(
    action: Literal["rename", "merge", "undo"],
    topic: str,
    actor: str,
    *,
    label: str | None = None,
    into: str | None = None,
) -> TopicCommand:
    return TopicCommand(
        id=uuid.uuid4().hex,
        action=action,
        topic=topic,
        label=label,
        into=into,
        actor=actor,
        at=from_millis(to_millis(datetime.now(UTC))),
    )


def _send(settings: Settings, order: TopicCommand) -> None:
    from streams.topics import topics_of

    # beside the lessons, so that the one active worker takes both in one order
    send_command(settings, topics_of(settings).learn, order.topic, order, kind="topic.command", partition=0)
