"""`vocero erase`: a person or a post removed everywhere, proven and recorded."""

from __future__ import annotations

import asyncio
import getpass
import time

import click
import msgspec

from streams.cli.common import errors_console, json_option, opened_store, print_json, settings_of


@click.command()
@click.option("--post", nargs=3, metavar="CHANNEL SOURCE ID", help="One post.")
@click.option("--customer", metavar="ID", help="All posts of a customer, in all channels.")
@click.option("--author", metavar="HANDLE", help="All posts of an author: handle, id, or a mail author's hash.")
@click.option("--email", metavar="ADDRESS", help="All mails of an address.")
@click.option("--by", metavar="NAME", help="Who erases; else the user of this machine.")
@click.option("--dry-run", is_flag=True, help="Say what there is, erase nothing.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    post: tuple[str, str, str] | None,
    customer: str | None,
    author: str | None,
    email: str | None,
    by: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove a person or a post everywhere: topics, documents, and what the stages remember.

    It is refused from then on, so that sending it again does not bring it back. A search proves that the store holds
    nothing of it, and a record without personal data says when, by whom and how much. Raw topics are compacted: what
    was erased leaves the disk within two weeks. Running it again is harmless.

    \b
    Examples:
      vocero erase --post review shop.example 1042
      vocero erase --customer C-77 --dry-run
      vocero erase --email ana@example.org --by "Data protection"
    """
    from schemas.codec import Limits
    from streams.broker.client import client_config, reach
    from streams.broker.outbox import Outbox
    from streams.broker.reading import Reader
    from streams.erase.job import Erase
    from streams.erase.subject import Asked
    from streams.topics import topics_of
    from streams.wiring import redact_secret

    if sum(one is not None for one in (post, customer, author, email)) != 1:
        raise click.UsageError("name one of --post, --customer, --author, --email")
    settings = settings_of(ctx)
    secret = redact_secret(settings, shared=True)
    if post is not None:
        asked = Asked.post(*post, secret)
    elif email is not None:
        asked = Asked("email", email, secret)
    else:
        asked = Asked("customer", customer, secret) if customer is not None else Asked("author", author or "", secret)
    config = client_config(settings)
    reach(settings)
    console = errors_console()
    outbox = Outbox(config)
    try:
        with Reader(config) as reader, opened_store(settings) as sink, console.status("raw topics") as status:
            job = Erase(
                reader,
                topics_of(settings),
                sink,
                outbox.send,
                limits=Limits(max_bytes=settings.max_record_bytes),
                now_ms=lambda: int(time.time() * 1000),
                on_progress=lambda seen: status.update(f"raw topics: {seen} records looked through"),
            )
            if dry_run:
                found = job.find(asked)
                counts = {str(kind): len(documents) for kind, documents in found.documents.items()}
                posts, raw, without_key = len(found.identities), found.raw_records, found.without_key
            else:
                erasure = asyncio.run(job.run(asked, by=by or getpass.getuser()))
                counts, posts = erasure.documents, erasure.posts
                raw, without_key = erasure.raw_records, erasure.without_key
    finally:
        outbox.close()
    if as_json:
        print_json(
            {"posts": posts, "documents": counts, "raw_records": raw, "without_key": without_key}
            if dry_run
            else msgspec.to_builtins(erasure)
        )
    documents = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    verb = "there are" if dry_run else "erased:"
    console.print(f"{verb} {posts} posts; in the store {documents}; {raw} raw records")
    if without_key:
        console.print(
            f"{without_key} raw records have no key, or share it with other posts: only retention removes them. "
            "`vocero setup` makes raw topics that ask for one key per post"
        )
