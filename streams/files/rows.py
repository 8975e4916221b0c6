"""Rows of a CSV stream in bounded memory: quoted cells over several lines, broken quotes, broken encoding."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from schemas.errors import Reason
from streams.files.base import EXCERPT
from streams.files.lines import Line, lines_of

DELIMITERS = (",", ";", "\t")
_REPLAYS = 16


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, which starts on line `number`; or, with a `reason`, why there are none."""

    number: int
    cells: list[str]
    data: bytes = b""
    reason: Reason | None = None
    message: str = ""


class _Unclosed(Exception):
    """The file or the cap came to an end inside quotes."""


class _Oversized(Exception):
    """A line of the row is longer than the cap."""


class _Source:
    """Gives csv.reader its lines, and remembers those of the row that it is reading."""

    def __init__(self, lines: Iterator[Line], cap: int) -> None:
        self._lines = lines
        self._cap = cap
        self._again: deque[Line] = deque()
        self.row: list[Line] = []
        self.size = 0
        self.undecodable = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            if self.row:
                raise _Unclosed
            raise StopIteration
        self.row.append(line)
        self.size += len(line.data)
        if line.too_long:
            raise _Oversized
        if self.size > self._cap:
            raise _Unclosed
        try:
            return line.data.decode("utf-8")
        except UnicodeDecodeError:
            self.undecodable = True
            return line.data.decode("utf-8", "replace")

    def begin(self) -> None:
        """A new row starts here."""
        self.row.clear()
        self.size = 0
        self.undecodable = False

    def replay(self) -> None:
        """Gives the lines after the row's first one once more."""
        self._again.extendleft(reversed(self.row[1:]))

    def replay_all(self) -> None:
        """Gives every line of the row once more."""
        self._again.extendleft(reversed(self.row))


def rows_of(stream: BinaryIO, cap: int) -> Iterator[Row]:
    """Every row; the delimiter is the one of comma, semicolon and tab that splits the first line best.

    A quote that is never closed would swallow the rest of the file: its line is rejected, and reading goes on after
    it, at most 16 times a file; then all lines up to the cap are rejected together.
    """
    source = _Source(lines_of(stream, cap), cap)
    # this limit is the process's, and its default of 128 KiB refuses long posts
    if csv.field_size_limit() < cap:
        csv.field_size_limit(cap)
    delimiter = _sniffed(source)
    reader = csv.reader(source, delimiter=delimiter)
    replays = _REPLAYS
    while True:
        source.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _Oversized:
            yield _bad(source, "too-large", f"a line is longer than {cap} bytes; split or shorten it")
        except _Unclosed:
            more = len(source.row) - 1
            whole = not replays or not more
            said = f"; the {more} lines after it are part of it" if whole and more else ""
            yield _bad(source, "bad-value", f"a quote opens on this line and is never closed{said}")
            if not whole:
                replays -= 1
                source.replay()
            reader = csv.reader(source, delimiter=delimiter)
        except csv.Error:
            yield _bad(source, "bad-value", "the row is not valid CSV: check its quotes and line endings")
        else:
            if source.undecodable:
                yield _bad(source, "not-utf8", "the row is not valid UTF-8; save the file as UTF-8")
            elif any("\0" in cell for cell in cells):
                yield _bad(source, "bad-value", "the row holds a NUL character: it looks like binary data")
            elif cells:
                yield Row(source.row[0].number, cells, _excerpt(source))


def _bad(source: _Source, reason: Reason, message: str) -> Row:
    return Row(source.row[0].number, [], _excerpt(source), reason, message)


def _excerpt(source: _Source) -> bytes:
    return source.row[0].data[:EXCERPT]


def _sniffed(source: _Source) -> str:
    """The delimiter that splits the first line with anything on it into the most cells."""
    text = ""
    while not text.strip():
        try:
            text = next(source, "end")
        except (_Oversized, _Unclosed):
            break
    source.replay_all()
    return max(DELIMITERS, key=lambda delimiter: len(_cells(text, delimiter)))


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []
