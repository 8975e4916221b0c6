"""Lines of a byte stream in bounded memory: a line over the cap is passed over in pieces and only said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from streams.files.base import EXCERPT

_PIECE = 64 * 1024
BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line with its line ending, numbered from 1. `too_long`: `data` is only an excerpt of its start."""

    number: int
    data: bytes
    too_long: bool = False


def lines_of(stream: BinaryIO, cap: int) -> Iterator[Line]:
    """Every line of the stream; a UTF-8 byte order mark before the first is dropped."""
    number = 0
    while data := stream.readline(cap + 1):
        number += 1
        if number == 1:
            data = data.removeprefix(BOM)
        if len(data) > cap and not data.endswith(b"\n"):
            excerpt = data[:EXCERPT]
            del data
            _skip_line(stream)
            yield Line(number, excerpt, too_long=True)
        else:
            yield Line(number, data)


def read_capped(stream: BinaryIO, cap: int) -> bytes | None:
    """The whole stream, or None where it holds more than `cap` bytes; then the rest is left unread."""
    data = stream.read(cap + 1)
    return data if len(data) <= cap else None


def _skip_line(stream: BinaryIO) -> None:
    while (piece := stream.readline(_PIECE)) and not piece.endswith(b"\n"):
        pass
