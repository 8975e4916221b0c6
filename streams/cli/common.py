"""What commands share: settings from the context, the opened store, times and JSON on stdout."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.logging import RichHandler

from schemas.errors import StoreError
from schemas.identity import parse_time, to_millis
from sinks.base import Sink
from streams.logs import JSONLines
from streams.settings import Settings, load_settings
from streams.wiring import build_sink

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line on stdout.")


def errors_console() -> Console:
    """Progress and logs go to stderr: stdout is for data. Lines are wrapped only where a person reads them."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def settings_of(ctx: click.Context, **flags: Any) -> Settings:
    """The settings, with this command's flags on top."""
    config: Path | None = ctx.find_root().obj
    return load_settings(file=config, flags=flags)


def log_to_stderr(level: str, *, as_json: bool = False) -> None:
    """Logs on stderr, without markup: a log line never holds a post's words. `as_json`: one object a line."""
    if as_json:
        handler: logging.Handler = logging.StreamHandler()
        handler.setFormatter(JSONLines())
        logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
        logging.captureWarnings(capture=True)
    else:
        handler = RichHandler(console=errors_console(), show_path=False, markup=False, rich_tracebacks=False)
        logging.basicConfig(level=level.upper(), format="%(name)s: %(message)s", handlers=[handler], force=True)
    for noisy in ("faust", "mode", "aiokafka", "elastic_transport", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


@contextmanager
def opened_store(settings: Settings) -> Iterator[Sink]:
    """The store for reading; raises StoreError with what to do where there is none yet."""
    if settings.store == "memory":
        raise StoreError("the memory store ends with the process that wrote it: set VOCERO_STORE to sqlite")
    if settings.store == "sqlite" and not settings.sqlite_file.exists():
        raise StoreError(f"nothing was indexed yet: {settings.sqlite_file} does not exist. Run `vocero demo` first")
    sink = build_sink(settings)
    sink.open()
    try:
        yield sink
    finally:
        sink.close()


def millis_option(ctx: click.Context, name: str, text: str | None) -> int | None:
    """The value of an option that is a time, in milliseconds."""
    if text is None:
        return None
    moment = parse_time(text)
    if moment is None:
        raise click.BadParameter("no time; write it like 2026-03-01 or 2026-03-01T09:30:00Z", ctx=ctx, param_hint=name)
    return to_millis(moment)


def print_json(value: Any) -> None:
    """One JSON object on a line of its own."""
    click.echo(json.dumps(value, ensure_ascii=False))


def short(text: str | None, width: int) -> str:
    """One line of at most `width` characters, control characters made visible."""
    line = " ".join((text or "").split())
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
    return line if len(line) <= width else line[: width - 1] + "…"
