"""`vocero translate`: what the pipeline makes of a text in English, to try engines and glossaries by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import click
import msgspec
from rich.console import Console

from enrichers.base import Draft
from enrichers.chain import Chain
from enrichers.translate import english
from schemas.enriched import EnrichedPost
from schemas.raw import RawPost
from streams.cli.common import errors_console, json_option, print_json, settings_of

_BATCH = 64
_SPAN_NOTES = {"identity": "as it is", "unsupported": "no engine translates it: as it is"}


@click.command()
@click.argument("text", nargs=-1, metavar="[TEXT]...")
@click.option("--language", metavar="CODE", help="ISO 639-1 code of the text, where you know better than the detector.")
@click.option("--glossary", metavar="FILE", help="Your own terms: language, term, English, with tabs between them.")
@click.option("--languages", "list_languages", is_flag=True, help="List what can be translated here, and end.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    text: tuple[str, ...],
    language: str | None,
    glossary: str | None,
    list_languages: bool,
    as_json: bool,
) -> None:
    """Translate texts into English as the pipeline would, span by span.

    TEXT is one text; without it, every line of standard input is one. English goes to standard output, a line for each
    text; how each span was made goes to standard error. A span that no engine translates stays as it is, and says so.

    \b
    Examples:
      vocero translate "El pedido llegó roto y nadie responde."
      vocero translate --glossary terms.tsv --json < complaints.txt
      vocero translate --languages

    \b
    A line of a glossary, with tabs between its three parts:
      es    punto limpio    recycling point
    """
    from streams.wiring import build_translation

    settings = settings_of(ctx, glossary=glossary)
    engines = build_translation(settings)
    if list_languages:
        try:
            _list(engines, as_json=as_json)
        finally:
            for engine in engines:
                engine.close()
        return
    chain = _chain(engines, language)
    notes = errors_console()
    texts = iter([" ".join(text)]) if text else (line.rstrip("\r\n") for line in click.get_text_stream("stdin"))
    if not text and sys.stdin.isatty():
        notes.print("one text a line; Ctrl-D ends", style="dim")
    try:
        for batch in _batches(texts):
            for draft in chain([_draft(line, language) for line in batch]):
                _show(draft.post, notes, as_json=as_json)
    finally:
        chain.close()


def _chain(engines: Sequence[Any], language: str | None) -> Chain:
    from enrichers.clean import Clean
    from enrichers.language import Language
    from enrichers.translate import Translate
    from schemas.errors import SettingsError

    translate = Translate(engines)
    known = sorted({code for engine in engines for code in engine.languages()})
    if language is None:
        return Chain([Clean(), Language(), translate])
    if language not in known:
        raise SettingsError(
            f"no engine translates `{language}` here; these can be: {', '.join(known) or 'none (apt install apertium)'}"
        )
    return Chain([Clean(), _Claimed(language), translate])


class _Claimed:
    """An enricher in the place of `language`: the whole text is in the language that a person named."""

    name = "language"
    version = "claimed"

    def __init__(self, language: str) -> None:
        self._language = language

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        from schemas.enriched import Span

        return [
            draft.with_post(
                spans=[Span(start=0, end=len(draft.post.clean_text), language=self._language, confidence=1.0)],
                languages=[self._language],
                language=self._language,
            )
            for draft in drafts
        ]

    def close(self) -> None:
        """Nothing to free."""


def _draft(text: str, language: str | None) -> Draft:
    from streams.intake import to_draft

    return to_draft(
        RawPost(id="1", source="command line", channel="social", text=text, language=language), received_ms=0
    )


def _show(post: EnrichedPost, notes: Console, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "text": post.clean_text,
                "language": post.language,
                "translation": msgspec.to_builtins(post.translation),
                "spans": [
                    {**msgspec.to_builtins(span), "text": post.clean_text[span.start : span.end]} for span in post.spans
                ],
            }
        )
        return
    whole = post.translation.text if post.translation is not None else None
    click.echo(" ".join((whole or post.clean_text).split()))
    for span in post.spans:
        how = span.translation
        if how is None:
            continue
        note = _SPAN_NOTES.get(how.status) or f"{how.engine}, {how.confidence or 0:.0%} of its words known"
        shown = " ".join(english(post.clean_text, span).split())
        notes.print(f"  {span.language}: {note}" + (f" ({shown[:40]}…)" if len(post.spans) > 1 else ""), style="dim")


def _list(engines: Sequence[Any], *, as_json: bool) -> None:
    taken: dict[str, str] = {}
    for engine in engines:
        for code in sorted(engine.languages()):
            taken.setdefault(code, f"{engine.name} {engine.version}")
    for code, engine in sorted(taken.items()):
        if as_json:
            print_json({"language": code, "engine": engine})
        else:
            click.echo(f"{code}  {engine}")
    if not taken:
        errors_console().print("no language can be translated here: apt install apertium-spa-eng brings Spanish")


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(texts, _BATCH)):
        yield batch
