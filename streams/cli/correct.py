"""`vocero correct`: a person's word on a post wins over the models'; `export` makes training data of all of them."""

from __future__ import annotations

from typing import Any, get_args

import click
import msgspec

from schemas.enriched import IntentLabel, SentimentLabel, TopicRef
from schemas.errors import StoreError
from sinks.base import Sink
from streams.cases.corrections import FIELDS
from streams.cli.cases import take
from streams.cli.common import errors_console, opened_store, print_json, settings_of


class PostFirst(click.Group):
    """`vocero correct ID …` is `vocero correct post ID …`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand, or `post` where the first word is an identity."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["post", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=PostFirst)
def command() -> None:
    """Correct what the models say of a post: your word wins, also when the post is enriched again.

    \b
    Examples:
      vocero correct 3f2a… --sentiment negative --intent complaint --actor ana
      vocero correct 3f2a… --not-relevant --actor ana --note "an advert"
      vocero correct 3f2a… --undo --actor ana
      vocero correct export > corrected.jsonl
    """


@command.command()
@click.argument("identity", metavar="ID")
@click.option("--sentiment", type=click.Choice(get_args(SentimentLabel)))
@click.option("--intent", "intents", multiple=True, type=click.Choice(get_args(IntentLabel)), help="May be repeated.")
@click.option("--topic", "topics", multiple=True, help="A topic's id (see `vocero topics`). May be repeated.")
@click.option("--no-topic", is_flag=True, help="It fits none of the topics.")
@click.option("--language", help="ISO 639-1 code, such as pt.")
@click.option("--not-relevant", is_flag=True, help="An advert, spam, or not about us.")
@click.option("--relevant", is_flag=True)
@click.option("--undo", is_flag=True, help="Take every correction of the post back.")
@click.option("--actor", required=True, help="Who says so.")
@click.option("--note", help="Why.")
@click.option("--wait", default=15.0, show_default=True, type=click.FloatRange(0, 600), help="Seconds to wait.")
@click.option("--json", "as_json", is_flag=True, help="The answer as a JSON object on stdout.")
@click.pass_context
def post(
    ctx: click.Context,
    /,
    identity: str,
    intents: tuple[str, ...],
    topics: tuple[str, ...],
    no_topic: bool,
    not_relevant: bool,
    relevant: bool,
    undo: bool,
    actor: str,
    note: str | None,
    wait: float,
    as_json: bool,
    **said: str | None,
) -> None:
    """Correct one post. ID is its identity, or at least 8 digits from its beginning, as `vocero search` shows them."""
    from streams.cases.correcting import correction_of, find_post

    if relevant and not_relevant:
        raise click.UsageError("--relevant and --not-relevant exclude each other")
    settings = settings_of(ctx)
    with opened_store(settings) as sink:
        found = find_post(sink, identity)
        fields: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        if intents:
            fields["intents"] = list(intents)
        if topics or no_topic:
            fields["topics"] = [msgspec.to_builtins(_topic(sink, one)) for one in topics]
        if relevant or not_relevant:
            fields["relevant"] = relevant
    if not fields and not undo:
        raise click.UsageError("say what the post really is, such as --sentiment negative, or --undo")
    try:
        order = correction_of(found, {} if undo else fields, actor, note)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"the correction does not fit its schema: {error}") from None
    step = "undo" if undo else f"correct {', '.join(fields)}"
    take(ctx, settings, order, found.identity[:12], step, seconds=wait, as_json=as_json)


@command.command()
@click.option("--field", type=click.Choice(FIELDS), help="Only posts of which this was corrected.")
@click.pass_context
def export(ctx: click.Context, field: str | None) -> None:
    """Write every corrected post as a labelled example, one JSON object a line on stdout.

    Fields as `vocero train sentiment` reads them: id, text, language, channel, sentiment, intents, split; and beside
    them who corrected what, and what the models had said.
    """
    from streams.cases.correcting import corrected_posts, example

    count = 0
    with opened_store(settings_of(ctx)) as sink:
        for one in corrected_posts(sink, field):
            print_json(example(one))
            count += 1
    errors_console().print("1 corrected post" if count == 1 else f"{count} corrected posts")


def _topic(sink: Sink, topic: str) -> TopicRef:
    found = sink.get("topics", [topic])[0]
    if found is None:
        raise StoreError(f"there is no topic {topic}: `vocero topics` lists them")
    body = found.body["feedback"]["topic"]
    return TopicRef(status="assigned", id=topic, label=body["label"], keywords=body.get("keywords", []))
