"""`timestamp,value` in a CSV file: one count after another, whatever the file's size."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from math import isfinite

from schemas.errors import RejectedInput
from schemas.identity import parse_time, to_millis
from streams.spikes.history import Count

LONGEST_LINE = 4096
SECONDS_END = 100_000_000_000
"""A bare number below it is seconds since 1970 (up to the year 5138), else milliseconds."""
LARGEST = 1e12


def read_counts(lines: Iterable[str]) -> Iterator[Count]:
    """Counts of a text with a header that names the columns `timestamp` and `value`; other columns are left alone.

    A timestamp is RFC 3339 (UTC where it has no zone), or a number of seconds or milliseconds since 1970. Raises
    RejectedInput, with the number of the line, for what is no time or no count.
    """
    reader = csv.reader(_capped(lines))
    try:
        when, what = _columns(next(reader, []))
        for row in reader:
            if any(cell.strip() for cell in row):
                yield Count(_time(row, when, reader.line_num), _value(row, what, reader.line_num))
    except csv.Error:
        raise _wrong(reader.line_num, "is no CSV: look for an open quote or a NUL character") from None
    except UnicodeDecodeError:
        raise _wrong(reader.line_num + 1, "or one soon after it is no UTF-8: save the file as UTF-8") from None


def _capped(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            raise _wrong(number, f"is longer than {LONGEST_LINE} characters: a line is a time and a count")
        yield line.removeprefix("\ufeff") if number == 1 else line


def _columns(header: list[str]) -> tuple[int, int]:
    names = [name.strip().lower() for name in header]
    if "timestamp" not in names or "value" not in names:
        raise _wrong(1, "must be a header that names the columns `timestamp` and `value`")
    return names.index("timestamp"), names.index("value")


def _cell(row: list[str], column: int, line: int) -> str:
    if column >= len(row):
        raise _wrong(line, "has too few columns")
    return row[column].strip()


def _time(row: list[str], column: int, line: int) -> int:
    text = _cell(row, column, line)
    moment = parse_time(text)
    if moment is not None and not text.isdecimal():
        return to_millis(moment)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not isfinite(number) or not 0.0 <= number < SECONDS_END * 1000:
        raise _wrong(line, "has a timestamp that is neither RFC 3339 nor a number of seconds since 1970")
    return int(number * 1000) if number < SECONDS_END else int(number)


def _value(row: list[str], column: int, line: int) -> float:
    try:
        value = float(_cell(row, column, line))
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= LARGEST:
        raise _wrong(line, "has a value that is no count: a number from 0 to 1e12 is needed")
    return value


def _wrong(line: int, what: str) -> RejectedInput:
    return RejectedInput("bad-value", f"line {line} {what}")
