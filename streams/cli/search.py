"""`vocero search`: full text over original and English, with filters."""

from __future__ import annotations

from dataclasses import replace

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from schemas.enriched import EnrichedPost
from sinks.base import Query
from sinks.documents import post_of
from streams.cli.common import errors_console, json_option, opened_store, print_json, settings_of, short

COLOURS = {"negative": "red", "positive": "green", "neutral": "yellow"}


@click.command()
@click.argument("text", nargs=-1, metavar="[QUERY]...")
@click.option("--sentiment", type=click.Choice(["negative", "neutral", "positive"]))
@click.option("--language", help="ISO 639-1 code of the post's dominant language, such as es.")
@click.option("--channel")
@click.option("--source")
@click.option("--brand")
@click.option("--product")
@click.option("--place")
@click.option("--topic", help="Topic id (see `vocero topics`).")
@click.option("--intent", type=click.Choice(["complaint", "suggestion", "question", "praise", "other"]))
@click.option("--since", metavar="TIME", help="RFC 3339 date or time, such as 2026-03-24.")
@click.option("--until", metavar="TIME")
@click.option("--sort", default="relevance", show_default=True, type=click.Choice(["relevance", "newest", "severity"]))
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--full", is_flag=True, help="Whole texts instead of their beginnings.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, text: tuple[str, ...], full: bool, as_json: bool, **filters: object) -> None:
    """Search posts by words of any language: the original is shown beside its English.

    \b
    Examples:
      vocero search "late delivery" --sentiment negative --language es
      vocero search --sort severity --limit 5
      vocero search etiqueta --json
    """
    query = Query(text=" ".join(text), **filters)  # type: ignore[arg-type]
    with opened_store(settings_of(ctx)) as sink:
        hits = sink.search(query)
        if not hits.total:
            hits = sink.search(replace(query, words="any"))
            if hits.total:
                errors_console().print("no post holds all of these words; these hold some of them", style="dim")
    if as_json:
        for document in hits.documents:
            print_json({"id": document.id, "version": document.version, **document.body})
        return
    console = Console(highlight=False)
    if not hits.total:
        console.print("nothing found: try fewer words or filters")
        return
    for document in hits.documents:
        _show(console, post_of(document), full=full)
    console.print(f"{len(hits.documents)} of {hits.total} posts", style="dim")


def _show(console: Console, post: EnrichedPost, *, full: bool) -> None:
    width = 100_000 if full else max(60, 2 * console.width)
    label = post.sentiment.label or post.sentiment.status
    head = Text()
    head.append(f"{post.event_time[:16].replace('T', ' ')}  ", style="dim")
    head.append(f"{post.channel} · {short(post.source, 40)} · {post.language or 'und'}  ")
    head.append(label, style=COLOURS.get(label, "dim"))
    if post.sentiment.score is not None:
        head.append(f" {post.sentiment.score:+.2f}")
    if post.severity is not None and post.severity.score > 0:
        head.append(f"  severity {post.severity.score:.2f}")
    if post.relevance is not None and not post.relevance.relevant:
        head.append(f"  {post.relevance.kind or 'not relevant'}", style="magenta")
    if post.place:
        head.append(f"  {short(post.place, 30)}")
    head.append(f"  {post.identity[:12]}", style="dim")
    console.print(head)
    console.print(Padding(Text(short(post.clean_text or post.text, width)), (0, 0, 0, 2)))
    translation = post.translation
    if translation is None or translation.status == "identity":
        return
    if translation.text and translation.status in ("translated", "partial"):
        console.print(Padding(Text(f"→ {short(translation.text, width)}", style="cyan"), (0, 0, 0, 2)))
    else:
        console.print(Padding(Text("→ no engine here translates this language", style="dim"), (0, 0, 0, 2)))
