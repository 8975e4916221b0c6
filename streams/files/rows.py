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


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, which starts on line `number`; or, with a `reason`, why there are none."""

    number: int
    cells: list[str]
    data: bytes = b""
    reason: Reason | None = None
    message: str = ""


class _Unusable(Exception):
    """The row that is being read comes to no good end."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


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
                raise _Unusable("bad-value", "a quote opens here and is never closed")
            raise StopIteration
        self.row.append(line)
        self.size += len(line.data)
        if len(self.row) == 1 and line.too_long:
            raise _Unusable("too-large", f"the line is longer than {self._cap} bytes; split or shorten it")
        if self.size > self._cap or line.too_long:
            raise _Unusable("bad-value", f"a quote opens here and is not closed within {self._cap} bytes")
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

    def retry(self) -> None:
        """Gives the lines after the row's first one again.

        Linear: lines inside an open quote hold only doubled quotes, so that none of them can open one of its own.
        """
        self._again.extendleft(reversed(self.row[1:]))

    def replay(self) -> None:
        """Gives every line of the row again."""
        self._again.extendleft(reversed(self.row))


def rows_of(stream: BinaryIO, cap: int) -> Iterator[Row]:
    """Every row; the delimiter is the one of comma, semicolon and tab that splits the first line best.

    A quote that is never closed would swallow what follows: only its own line is rejected, and the lines after it are
    read again by themselves.
    """
    source = _Source(lines_of(stream, cap), cap)
    # this limit is the process's, and its default of 128 KiB refuses long posts
    if csv.field_size_limit() < cap:
        csv.field_size_limit(cap)
    delimiter = _sniffed(source)
    # strict: a cell with stray quotes is told, where the lenient way would drop some of its characters
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        source.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _Unusable as error:
            yield _bad(source, error.reason, str(error))
            source.retry()
            reader = csv.reader(source, delimiter=delimiter, strict=True)
        except csv.Error:
            yield _bad(source, "bad-value", "the row is not valid CSV: check its quotes and line ends")
            source.retry()
            reader = csv.reader(source, delimiter=delimiter, strict=True)
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
        except _Unusable:
            break
    source.replay()
    return max(DELIMITERS, key=lambda delimiter: len(_cells(text, delimiter)))


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []
