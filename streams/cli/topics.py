"""`vocero topics`: what people talk about."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sinks.base import Query
from streams.cli.common import json_option, opened_store, print_json, settings_of, short


@click.command()
@click.option("--limit", default=30, show_default=True, type=click.IntRange(1, 1000))
@json_option
@click.pass_context
def command(ctx: click.Context, limit: int, as_json: bool) -> None:
    """List the topics of the shared model, largest first, with keywords and an example."""
    with opened_store(settings_of(ctx)) as sink:
        hits = sink.search(Query(kind="topics", limit=1000))
    topics = sorted(
        (document.body["feedback"]["topic"] for document in hits.documents), key=lambda topic: -topic.get("count", 0)
    )[:limit]
    if as_json:
        for topic in topics:
            print_json({name: value for name, value in topic.items() if name not in ("centroid", "terms", "members")})
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
