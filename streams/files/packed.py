"""Byte streams in front of the readers: counted, put back together after a look ahead, unpacked with a cap."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from typing import BinaryIO, cast

from schemas.errors import RejectedInput
from streams.files.base import Caps

MAGIC = b"\x1f\x8b"


class _Wrapped(io.RawIOBase):
    """A raw stream over what `_next` gives."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        raise NotImplementedError


class Counted(_Wrapped):
    """Tells `on_bytes` how many bytes were read. Takes what a pipe has, without waiting for a full buffer."""

    def __init__(self, stream: BinaryIO, on_bytes: Callable[[int], None]) -> None:
        super().__init__()
        self._read = getattr(stream, "read1", stream.read)
        self._on_bytes = on_bytes

    def _next(self, size: int) -> bytes:
        data = cast(bytes, self._read(size) or b"")
        self._on_bytes(len(data))
        return data


class Rejoined(_Wrapped):
    """The bytes that were looked at, then the rest of the stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = head
        self._read = getattr(rest, "read1", rest.read)

    def _next(self, size: int) -> bytes:
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return cast(bytes, self._read(size))


class Unpacked(_Wrapped):
    """What a gzip stream holds.

    Raises RejectedInput (`too-large`) past the cap; OSError, EOFError or zlib.error where it is damaged.
    """

    def __init__(self, packed: BinaryIO, caps: Caps) -> None:
        super().__init__()
        self._packed_bytes = 0
        self._unpacked_bytes = 0
        self._gzip = gzip.GzipFile(fileobj=io.BufferedReader(Counted(packed, self._count)), mode="rb")
        self._caps = caps

    def _count(self, size: int) -> None:
        self._packed_bytes += size

    def _next(self, size: int) -> bytes:
        data = self._gzip.read1(size)
        self._unpacked_bytes += len(data)
        allowed = max(self._caps.gzip_free_bytes, self._caps.gzip_ratio * self._packed_bytes)
        if self._unpacked_bytes > allowed:
            raise RejectedInput(
                "too-large",
                f"the gzip file unpacks to more than {self._caps.gzip_ratio} times its size: unpack it first",
            )
        return data
