"""Paths to posts: folders walked, formats found, gzip unpacked; a file that breaks is a reject, the rest go on."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from schemas.errors import RejectedInput, SettingsError
from streams.files.base import Caps, Defaults, Item, Reader, Reject
from streams.files.detect import Format, by_content, by_name
from streams.files.feed import Feed
from streams.files.fetching import Fetched, check_address, is_address, shown
from streams.files.fields import FIELDS, check_mapping
from streams.files.jsonl import JsonLines
from streams.files.mailbox import Mailbox
from streams.files.packed import MAGIC, Counted, Rejoined, Unpacked
from streams.files.table import Table
from streams.files.text import PlainText

STDIN = "-"
Fetch = Callable[[str], Fetched]
"""Gets the feed at a web address; raises RejectedInput where it cannot be had."""
_HEAD_BYTES = 64 * 1024
_HEAD_LINES = 10


@dataclass(frozen=True, slots=True)
class Options:
    """How to read. `format` None finds it; `derive_ids` None: yes, but for JSONL, whose records bring theirs.

    `mapping` is column, JSON field or mail header to field; `each_line` makes every line of a plain text a post.
    """

    format: Format | None = None
    defaults: Defaults = field(default_factory=Defaults)
    mapping: Mapping[str, str] = field(default_factory=dict)
    each_line: bool = False
    derive_ids: bool | None = None
    caps: Caps = field(default_factory=Caps)


def open_posts(
    paths: Sequence[str | Path],
    options: Options,
    *,
    stdin: BinaryIO | None = None,
    on_bytes: Callable[[int], None] | None = None,
    fetch: Fetch | None = None,
) -> Iterator[Item]:
    """Posts and rejects of all paths in order, each read only when it is asked for; `-` is `stdin`.

    Folders give the files below them, by name. `on_bytes` is told of bytes as they are read. `fetch` gets feeds from
    web addresses; without it they are refused.
    Raises SettingsError at once for a missing path, a mapping that fits nothing, or a CSV header that does not fit;
    in the iteration only for what a stream's own beginning shows.
    """
    check_mapping(options.mapping)
    names = names_of(paths)
    for name in names:
        if is_address(name) and fetch is None:
            raise SettingsError("a web address is read by `vocero produce` only: save the feed and name the file")
        _check(name, options)
    return _items(names, options, stdin, on_bytes or _ignore, fetch)


def names_of(paths: Sequence[str | Path]) -> list[str]:
    """The files, web addresses and `-` that paths stand for. Raises SettingsError for a missing path."""
    return [name for path in paths for name in _expanded(str(path))]


def total_bytes(paths: Sequence[str | Path]) -> int | None:
    """How much there is to read; None where a pipe is among the paths."""
    total = 0
    if any(is_address(str(path)) for path in paths):
        return None
    for path in map(Path, map(str, paths)):
        if str(path) == STDIN or not (path.is_file() or path.is_dir()):
            return None
        files = [path] if path.is_file() else [Path(name) for name in _walked(path)]
        total += sum(file.stat().st_size for file in files if file.is_file())
    return total


def _expanded(name: str) -> list[str]:
    path = Path(name)
    if is_address(name):
        check_address(name)
        return [name]
    if name == STDIN:
        return [name]
    if not path.exists():
        raise SettingsError(f"{name} does not exist: check the path")
    if not path.is_dir():
        return [name]
    found = _walked(path)
    if not found:
        raise SettingsError(f"{name} is a folder without files: name the files themselves")
    return found


def _walked(folder: Path) -> list[str]:
    """Every file below the folder that is not hidden, by name; links to folders are not followed."""
    found: list[str] = []
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found.extend(str(Path(where) / name) for name in sorted(files) if not name.startswith("."))
    return found


def _check(name: str, options: Options) -> None:
    """What can be known is checked before anything is read, a CSV's header too: a mistake costs no half a run."""
    format_ = _format_of(name, options)
    if format_ is None:
        return
    reader, defaults = _reader(format_, options), _defaults(format_, name, options)
    if format_ != "csv" or name == STDIN or not Path(name).is_file():
        return
    try:
        with Path(name).open("rb") as file:
            next(reader(_unpacked(io.BufferedReader(Counted(file, _ignore)), options.caps), defaults), None)
    except (OSError, EOFError, zlib.error, RejectedInput):
        # it is a reject in its turn
        return


def _format_of(name: str, options: Options) -> Format | None:
    return options.format or ("feed" if is_address(name) else by_name(name)[0])


def _ignore(_: int) -> None:
    """Bytes that a check reads are no progress."""


def _items(
    names: Sequence[str],
    options: Options,
    stdin: BinaryIO | None,
    on_bytes: Callable[[int], None],
    fetch: Fetch | None,
) -> Iterator[Item]:
    for name in names:
        line = 0
        told = shown(name) if is_address(name) else name
        try:
            with _opened(name, stdin, fetch) as raw:
                if raw is None:
                    continue
                for item in _read(name, io.BufferedReader(Counted(raw, on_bytes)), options):
                    line = item.line
                    yield replace(item, file=told)
        except OSError as error:
            yield Reject(line, "failed", f"the file cannot be read ({error.strerror or 'damaged data'})", file=told)
        except (EOFError, zlib.error):
            yield Reject(line, "failed", "the gzip file is damaged or cut short: pack it again", file=told)
        except RejectedInput as error:
            yield Reject(line, error.reason, str(error), file=told)


def _opened(name: str, stdin: BinaryIO | None, fetch: Fetch | None) -> AbstractContextManager[BinaryIO | None]:
    """What the name stands for; None for a feed that holds what it held when it was last asked for."""
    if fetch is not None and is_address(name):
        body = fetch(name).body
        return nullcontext(None if body is None else io.BytesIO(body))
    if name != STDIN:
        return Path(name).open("rb")
    if stdin is None:
        raise SettingsError("`-` is standard input, and there is none here: name a file")
    # unbuffered: a thread left waiting inside sys.stdin's own buffer makes the interpreter abort at its end
    return nullcontext(getattr(stdin, "raw", stdin))


def _read(name: str, opened: io.BufferedReader, options: Options) -> Iterator[Item]:
    stream = _unpacked(opened, options.caps)
    format_ = _format_of(name, options)
    if format_ is None:
        head = _head(stream)
        format_ = by_content(head, [*FIELDS, "rating", "author", *options.mapping])
        stream = io.BufferedReader(Rejoined(head, stream))
    if format_ is None:
        message = (
            "this is binary data or UTF-16 text; vocero reads JSONL, CSV, mbox, .eml, RSS, Atom and plain text "
            "in UTF-8 (save a spreadsheet as CSV)"
        )
        raise RejectedInput("bad-value", message)
    yield from _reader(format_, options)(stream, _defaults(format_, name, options))


def _unpacked(stream: io.BufferedReader, caps: Caps) -> io.BufferedReader:
    return io.BufferedReader(Unpacked(stream, caps)) if stream.peek(2)[:2] == MAGIC else stream


def _head(stream: BinaryIO) -> bytes:
    """The first lines; only one where it settles the format, so that a slow pipe is not waited for."""
    head = b""
    for _ in range(_HEAD_LINES):
        head += stream.readline(_HEAD_BYTES - len(head))
        if head.lstrip().startswith((b"{", b"From ")):
            break
    return head


def _defaults(format_: Format, name: str, options: Options) -> Defaults:
    """Where no source is named, a file's own name stands for it; for one post a file, its folder's name."""
    defaults = options.defaults
    if is_address(name):
        source = check_address(name).hostname or ""
    elif format_ in {"text", "eml"} and not (options.each_line and format_ == "text") and name != STDIN:
        source = Path(name).resolve().parent.name
    else:
        source = "stdin" if name == STDIN else Path(name).name.removesuffix(".gz").rpartition(".")[0] or Path(name).name
    if format_ == "text" and defaults.channel is None:
        raise SettingsError("a plain text does not say what kind of post it is: add --channel (such as review)")
    return defaults if format_ == "jsonl" or defaults.source else replace(defaults, source=source or "files")


def _reader(format_: Format, options: Options) -> Reader:
    if options.mapping and format_ in {"text", "feed"}:
        raise SettingsError("--map names columns or headers, and a plain text or a feed has none: leave it out")
    derive = (format_ != "jsonl") if options.derive_ids is None else options.derive_ids
    if format_ == "jsonl":
        return JsonLines(options.mapping, derive_ids=derive, caps=options.caps)
    if format_ == "feed":
        return Feed(derive_ids=derive, caps=options.caps)
    if format_ == "csv":
        return Table(options.mapping, derive_ids=derive, caps=options.caps)
    if format_ == "text":
        return PlainText(each_line=options.each_line, derive_ids=derive, caps=options.caps)
    return Mailbox(options.mapping, single=format_ == "eml", derive_ids=derive, caps=options.caps)
