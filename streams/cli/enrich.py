"""`vocero enrich`: files of posts in, enriched JSONL out, without Kafka."""

from __future__ import annotations

import sys
from typing import Any

import click

from streams.cli.common import settings_of
from streams.cli.reading import options_of, reading_options
from streams.files.job import Job, Surroundings, enrich_files
from streams.files.overlap import BatchLimits

_HELP = {
    "output": "Where enriched JSONL goes; - for standard output.",
    "rejects": "Where inputs that cannot be used go, as JSONL with file, line, reason and a redacted excerpt.",
    "batch-size": "Posts enriched together.",
    "with-embedding": "Write each post's vector too, as base64 of float32.",
    "json-errors": "Rejects and the end as lines of JSON on standard error.",
}


@click.command()
@click.argument("paths", metavar="IN...", nargs=-1, required=True)
@click.option("--output", "-o", required=True, metavar="OUT", help=_HELP["output"])
@click.option("--rejects", metavar="FILE", help=_HELP["rejects"])
@reading_options
@click.option("--batch-size", type=click.IntRange(1, 4096), default=64, show_default=True, help=_HELP["batch-size"])
@click.option("--with-embedding", is_flag=True, help=_HELP["with-embedding"])
@click.option("--json-errors", is_flag=True, help=_HELP["json-errors"])
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Enrich files of posts: clean, redact, translate, score and find topics, without Kafka.

    IN is JSONL, CSV, mbox, .eml or plain text (gzipped or not), a folder of such files, or - for standard input. A
    CSV's first row names fields of a post; nested ones have a dot, such as author.handle and rating.value.

    OUT holds one enriched post a line, in the order of the input. It takes its name when it is complete; until then
    it is OUT.part. Progress and problems go to standard error.

    \b
    Examples:
      vocero enrich reviews.jsonl --output enriched.jsonl --rejects rejects.jsonl
      vocero enrich survey.csv --map comment=text --map stars=rating.value \\
          --channel review --source survey-2026 --output enriched.jsonl
      vocero enrich inbox.mbox --source support --output mails.jsonl \\
          --company support@shop.example --map X-Customer-Id=author.customer_id
      vocero enrich notes.txt --lines --channel social --output enriched.jsonl
      zcat tweets.jsonl.gz | vocero enrich - --output - | jq .sentiment.label

    \b
    Exit code: 0 all enriched, 1 some rejected or incomplete, 2 misuse, 130 stopped by Ctrl-C.
    """
    # models and the chain are loaded when there is work, not for --help
    from enrichers.redact import redact_text
    from streams.intake import to_draft
    from streams.wiring import build_chain

    settings = settings_of(ctx)
    job = Job(
        paths=given["paths"],
        options=options_of(given, settings),
        output=given["output"],
        rejects=given["rejects"],
        channels=settings.channels,
        limits=BatchLimits(items=given["batch_size"]),
        with_embedding=given["with_embedding"],
        json_errors=given["json_errors"],
    )
    code = enrich_files(
        job,
        lambda: build_chain(settings),
        draft_of=to_draft,
        redact=lambda text: redact_text(text)[0],
        around=Surroundings(click.get_binary_stream("stdin"), click.get_binary_stream("stdout"), sys.stderr),
    )
    ctx.exit(code)
