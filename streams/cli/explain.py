"""`vocero explain`: in words, why a post is scored, grouped, doubted and followed the way it is."""

from __future__ import annotations

import click
import msgspec
from rich.console import Console
from rich.text import Text

from schemas.errors import StoreError
from streams.cli.common import json_option, opened_store, print_json, settings_of, short


@click.command()
@click.argument("identity", metavar="ID")
@json_option
@click.pass_context
def command(ctx: click.Context, identity: str, as_json: bool) -> None:
    """Explain a post. ID is its identity, at least 8 digits from its beginning, or the id of its case.

    \b
    Examples:
      vocero explain 3f2a91c0…
      vocero explain case-3f2a91c0… --json
    """
    from streams.cases.correcting import find_post
    from streams.cases.reading import case_of, cases_of
    from streams.explaining import explained

    with opened_store(settings_of(ctx)) as sink:
        if identity.startswith("case-"):
            found = sink.get("cases", [identity])[0]
            if found is None:
                raise StoreError(f"there is no case {identity}: `vocero cases` lists them")
            identity = case_of(found.body["feedback"]["case"]).identity
        post = find_post(sink, identity)
        reasons = explained(post, cases_of(sink, post.identity))
    if as_json:
        print_json({"identity": post.identity, "reasons": msgspec.to_builtins(reasons)})
        return
    console = Console(highlight=False)
    console.print(Text(f"{post.identity}  {post.channel} · {short(post.source, 40)}", style="bold"))
    console.print(Text(f"  {short(post.clean_text or post.text, 2 * console.width)}", style="dim"))
    for reason in reasons:
        head = Text(f"{reason.field:<11}", style="bold")
        head.append(short(reason.value, 300), style="not bold")
        console.print(head, soft_wrap=True)
        for why in reason.why:
            console.print(Text(f"{'':<11}{short(why, 600)}", style="dim"), soft_wrap=True)
