"""What `enrich` and `produce` have in common: the options that say how files of posts are to be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from schemas.errors import SettingsError
from streams.files import Caps, Defaults, Options
from streams.files.detect import FORMATS
from streams.settings import Settings

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--channel", metavar="NAME", help="Channel of posts that do not say theirs: review, email, social."),
    click.option("--source", metavar="NAME", help="Shop, mailbox or feed of posts that do not say theirs."),
    click.option("--brand", metavar="NAME", help="Brand of posts that do not say theirs."),
    click.option(
        "--company",
        multiple=True,
        metavar="ADDRESS",
        help="E-mail address, handle or author id of the company itself: its posts are answers. Can be repeated.",
    ),
    click.option(
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        help="Format of the files; if not given, told by the name, else by how a file begins.",
    ),
    click.option(
        "--map",
        "mapping",
        multiple=True,
        metavar="NAME=FIELD",
        help="This CSV column, mail header or field of a JSONL record is that field of a post. Can be repeated.",
    ),
    click.option("--lines", "each_line", is_flag=True, help="Every line of a plain text is a post, not the file."),
    click.option(
        "--derive-ids/--no-derive-ids",
        default=None,
        help="Make missing ids from the content.  [default: yes, but for JSONL]",
    ),
)


def reading_options(command: Decorated) -> Decorated:
    """Adds the options to a command, in the order of the table; `options_of` reads what was given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def options_of(given: Mapping[str, Any], settings: Settings) -> Options:
    """The reading options of a command's parameters; raises SettingsError for an unknown channel or a bad `--map`."""
    channel: str | None = given["channel"]
    if channel is not None and channel not in settings.channels:
        known = ", ".join(sorted(settings.channels))
        raise SettingsError(f"--channel {channel} is none of {known}: use one of them, or add it to `channels`")
    return Options(
        format=given["format_"],
        defaults=Defaults(
            channel=channel, source=given["source"], brand=given["brand"], company=frozenset(given["company"])
        ),
        mapping=parsed_mapping(given["mapping"]),
        each_line=given["each_line"],
        derive_ids=given["derive_ids"],
        caps=Caps(record_bytes=settings.max_record_bytes),
    )


def parsed_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """`NAME=FIELD` pairs; raises SettingsError where one is not of that form."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, _, field = pair.rpartition("=")
        if not name.strip() or not field.strip():
            raise SettingsError(f"--map {pair} is not of the form NAME=FIELD, such as comment=text")
        mapping[name.strip()] = field.strip()
    return mapping
