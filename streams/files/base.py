"""The one shape of a file reader: a stream of bytes in, posts and rejects out, in the file's order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from schemas.errors import Reason, RejectedInput
from schemas.raw import RawPost

EXCERPT = 400
"""Bytes of a reject that are kept, to recognise it by."""


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits on one file. `record_bytes`: of a line, a CSV row or a mail; larger ones are skipped unheld.

    `gzip_ratio`: unpacked to packed bytes, looked at once `gzip_free_bytes` are unpacked.
    """

    record_bytes: int = 16 * 1024 * 1024
    gzip_ratio: int = 300
    gzip_free_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Defaults:
    """What fills the fields that a record lacks; None fills nothing.

    `company` holds ids, handles and addresses of the company itself, in any case: their posts get its role.
    """

    channel: str | None = None
    source: str | None = None
    brand: str | None = None
    company: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Post:
    """A post that was read. `line` is where it starts, from 1; `file` is the name it was opened by."""

    raw: RawPost
    line: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """An input that cannot be used. `line` 0: the file as a whole. `data` is an excerpt of its bytes, not redacted.

    `message` holds none of the input's values.
    """

    line: int
    reason: Reason
    message: str
    data: bytes = b""
    file: str = ""


Item = Post | Reject


class Reader(Protocol):
    """Reads one format. Never raises for an input's sake, and holds one record at a time.

    It may raise OSError (the stream broke) and SettingsError (the file does not fit the options).
    """

    def __call__(self, stream: BinaryIO, defaults: Defaults) -> Iterator[Item]: ...


def rejected(error: RejectedInput, line: int, data: bytes) -> Reject:
    """The reject of an input that raised `error`."""
    return Reject(line, error.reason, str(error), data[:EXCERPT])
