"""Output files that are never half a file: written beside their place, moved into it at the end."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from schemas.errors import SettingsError, StoreError

STDOUT = "-"
_BUFFER = 1 << 20


class Output:
    """A byte stream to `name`: a file by way of `<name>.part`, a pipe or device directly, `-` as standard output.

    `commit` puts the file in its place. Left without it, the part file stays only if anything was written;
    `discard` removes it in any case.
    """

    def __init__(self, name: str, stdout: BinaryIO | None = None) -> None:
        self.name = name
        self._part: Path | None = None
        self.written = 0
        if name == STDOUT:
            self._stream: BinaryIO = stdout or sys.stdout.buffer
            return
        path = Path(name)
        try:
            if _is_regular_or_new(path):
                self._part = path.with_name(path.name + ".part")
                self._stream = self._part.open("wb", buffering=_BUFFER)
            else:
                self._stream = path.open("wb")
        except OSError as error:
            raise SettingsError(f"{name} cannot be written ({error.strerror}): name another place") from None

    def write(self, data: bytes) -> None:
        """One or more whole lines. This and the next two raise BrokenPipeError for a closed pipe, else StoreError."""
        with self._told():
            self._stream.write(data)
            self.written += len(data)

    def flush(self) -> None:
        """What was written is with the reader."""
        with self._told():
            self._stream.flush()

    def commit(self) -> None:
        """Everything is written: the file takes its place."""
        with self._told():
            self._stream.flush()
            if self._part is not None:
                os.fsync(self._stream.fileno())
                self._stream.close()
                self._part.replace(self.name)
                self._part = None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            place = "standard output" if self.name == STDOUT else self.name
            raise StoreError(f"{place} cannot be written ({error.strerror}): free some room or name another") from None

    def discard(self) -> None:
        """Removes the part file."""
        if self._part is not None:
            self._stream.close()
            self._part.unlink(missing_ok=True)
            self._part = None

    @property
    def part(self) -> Path | None:
        """Where the lines are that were written so far, while they are not in their place."""
        return self._part

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.written:
            self.discard()
        elif self.name != STDOUT:
            # on the way out of a failure the rest may not be writable either
            with suppress(OSError):
                self._stream.close()


def _is_regular_or_new(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True
