"""`vocero doctor`: what is there and what is not, in words."""

from __future__ import annotations

import click
from rich.console import Console
from rich.text import Text

from streams.cli.common import json_option, print_json, settings_of
from streams.doctor import examine

MARKS = {True: ("ok", "green"), False: ("missing", "red"), None: ("not set", "yellow")}


@click.command()
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Say what is there and what is not, and what to do about it. Exit code 1 where something in use is missing."""
    findings = list(examine(settings_of(ctx)))
    if as_json:
        for finding in findings:
            print_json({"what": finding.what, "ok": finding.ok, "words": finding.words})
    else:
        console = Console(highlight=False)
        for finding in findings:
            mark, colour = MARKS[finding.ok]
            line = Text.assemble((f"{mark:>8}  ", colour), (f"{finding.what:<12}", "bold"), finding.words)
            console.print(line, soft_wrap=True)
    ctx.exit(1 if any(finding.ok is False for finding in findings) else 0)
