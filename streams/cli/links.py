"""`vocero links`: the same complaint told elsewhere; `part` and `join` send a person's word on two posts to Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import click
from rich.console import Console
from rich.text import Text

from schemas.errors import StoreError
from sinks.base import Document, Query, Sink
from sinks.documents import post_of
from streams.cli.common import errors_console, json_option, opened_store, print_json, settings_of, short
from streams.cli.sending import send_command

PAGE = 1000
PAGES = 10
"""How far back, in pages, posts are looked through."""
LEAST_PREFIX = 8


@click.group(invoke_without_command=True)
@click.option("--post", metavar="POST", help="Only the links of this post: its identity, or how it begins.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
@click.pass_context
def command(ctx: click.Context, post: str | None, limit: int, as_json: bool) -> None:
    """List posts that tell the same complaint as another one, the newest first, with confidence and evidence.

    \b
    Examples:
      vocero links
      vocero links --post 3fa81c09d2b4 --json
      vocero links part 3fa81c09d2b4 90b1e2c46a7f --actor ana
    """
    if ctx.invoked_subcommand:
        return
    with opened_store(settings_of(ctx)) as sink:
        found = [_post(sink, post)] if post else _linked(sink, limit)
        kin = {link["identity"] for document in found for link in _links(document)}
        known = {one.id: one for one in sink.get("posts", sorted(kin)) if one is not None} if kin else {}
    if as_json:
        for document in found:
            print_json({"identity": document.id, "links": _links(document)})
        return
    console = Console(highlight=False)
    if not any(map(_links, found)):
        console.print("no post is linked to another one")
    for document in found:
        console.print(_line(document), soft_wrap=True)
        for link in _links(document):
            line = Text(f"   {link['confidence']:.2f}  ", style="green")
            line.append_text(_line(known[link["identity"]]) if link["identity"] in known else Text(link["identity"]))
            console.print(line, soft_wrap=True)
            console.print(Text(f"         {short('; '.join(link['evidence']), 300)}", style="dim"), soft_wrap=True)


def _said(action: Literal["link", "unlink"], help_: str) -> click.Command:
    """A subcommand that sends this word on two posts."""

    @click.argument("post")
    @click.argument("other")
    @click.option("--actor", required=True, help="Who says so.")
    @click.pass_context
    def say(ctx: click.Context, post: str, other: str, actor: str) -> None:
        from streams.links.saying import word_on
        from streams.topics import topics_of

        settings = settings_of(ctx)
        with opened_store(settings) as sink:
            one, kin = _post(sink, post), _post(sink, other)
        order = word_on(post_of(one), post_of(kin), action, actor)
        send_command(settings, topics_of(settings).link_commands, order.brand, order, kind="link.command")
        errors_console().print(f"sent: {one.id[:12]} and {kin.id[:12]} are {'one' if action == 'link' else 'two'}")

    return click.command(help=help_)(say)


command.add_command(_said("unlink", "Part POST and OTHER for good: they do not tell the same complaint."), "part")
command.add_command(_said("link", "Join POST and OTHER: they tell the same complaint."), "join")


def _links(document: Document) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = document.body["feedback"].get("links", [])
    return links


def _line(document: Document) -> Text:
    feedback = document.body["feedback"]
    line = Text(f"{document.id[:12]}  ", style="bold")
    line.append(f"{feedback['event_time'][:10]}  {feedback['channel']}  {feedback.get('language', 'und')}  ", "dim")
    line.append(short(feedback.get("clean_text") or feedback["text"], 90))
    return line


def _posts(sink: Sink) -> Iterator[Document]:
    for page in range(PAGES):
        hits = sink.search(Query(sort="newest", limit=PAGE, offset=page * PAGE)).documents
        yield from hits
        if len(hits) < PAGE:
            return


def _linked(sink: Sink, limit: int) -> list[Document]:
    found: list[Document] = []
    for document in _posts(sink):
        if _links(document):
            found.append(document)
            if len(found) == limit:
                break
    return found


def _post(sink: Sink, name: str) -> Document:
    """The post of an identity or of its beginning; raises StoreError where there is none, or more than one."""
    exact = sink.get("posts", [name])[0]
    if exact is not None:
        return exact
    found = [one for one in _posts(sink) if one.id.startswith(name)] if len(name) >= LEAST_PREFIX else []
    if len(found) != 1:
        why = "more than one post begins so" if found else "there is no such post"
        raise StoreError(f"{name}: {why}; `vocero search WORDS --json` shows whole ids")
    return found[0]
