"""Where reading stopped: which items of a file were passed on, told by their content, so that only what is new is.

A file that has grown goes on where it stopped. Its last item is compared once more: it may have been half written. What
was replaced is read from its start, and what was passed on lately is left out, as a feed asks for that puts new entries
on top.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Struct

from schemas.errors import SettingsError
from streams.files.base import Item, Post, Reject

RECENT = 2_000
"""Items of a file that are known one by one."""
FILES = 100_000
"""Files that a state holds; the ones not read for longest make room."""


class Place(Struct, kw_only=True, omit_defaults=True):
    """How far a file was passed on. Digests only: no words stand in a state.

    `before` is the running digest of all items but the last, `last` that of the last one.
    """

    count: int = 0
    before: str = ""
    last: str = ""
    recent: list[str] = msgspec.field(default_factory=list)
    etag: str | None = None
    modified: str | None = None


class _States(Struct, kw_only=True):
    version: int = 1
    files: dict[str, Place] = msgspec.field(default_factory=dict)


class Walk:
    """One reading of a file from where it was left. `place` says at any time what has gone through it."""

    def __init__(self, place: Place) -> None:
        self._old = place
        self._known = set(place.recent)
        self._begin()
        self.skipped = 0

    def _begin(self) -> None:
        self._count, self._before, self._last = 0, "", ""
        self._recent = deque(self._old.recent, RECENT)

    def new_items(self, items: Callable[[], Iterator[Item]]) -> Iterator[Item]:
        """The items that were not passed on before. `items` opens the file, once more where it was replaced."""
        going = items()
        if self._old.count > 1:
            for item in islice(going, self._old.count - 1):
                if _of_the_file(item):
                    self._begin()
                    yield item
                    return
                self._pass(digest(item))
            if (self._count, self._running()) == (self._old.count - 1, self._old.before):
                self.skipped = self._count
                going = self._past_last(going)
            else:
                self._begin()
                going = self._unknown(items())
        elif self._old.count:
            going = self._unknown(going)
        for item in going:
            if not _of_the_file(item):
                self._pass(digest(item), new=True)
            yield item

    def _past_last(self, going: Iterator[Item]) -> Iterator[Item]:
        for item in islice(going, 1):
            if digest(item) == self._old.last:
                self._pass(self._old.last)
                self.skipped += 1
            else:
                yield item
        yield from going

    def _unknown(self, going: Iterator[Item]) -> Iterator[Item]:
        for item in going:
            found = digest(item)
            if found in self._known:
                self._pass(found)
                self.skipped += 1
            else:
                yield item

    def _running(self) -> str:
        return _joined(self._before, self._last) if self._count else ""

    def _pass(self, found: str, *, new: bool = False) -> None:
        self._before, self._last, self._count = self._running(), found, self._count + 1
        if new:
            self._recent.append(found)

    def place(self) -> Place:
        """What has gone through up to now; as it was where nothing has."""
        if not self._count:
            return self._old
        return Place(
            count=self._count,
            before=self._before,
            last=self._last,
            recent=list(self._recent),
            etag=self._old.etag,
            modified=self._old.modified,
        )


def digest(item: Item) -> str:
    """What tells an item from another one, wherever in the file it stands."""
    content = msgspec.json.encode(item.raw) if isinstance(item, Post) else repr((item.reason, item.data)).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def _of_the_file(item: Item) -> bool:
    """A file that could not be read, as a whole or to its end: its place stays where it was."""
    return isinstance(item, Reject) and (item.line == 0 or item.reason == "failed")


def _joined(before: str, last: str) -> str:
    return hashlib.sha256(f"{before}{last}".encode()).hexdigest()[:32]


class StateFile:
    """The places of many files in one JSON file, replaced as a whole so that a crash leaves the old or the new one."""

    def __init__(self, path: Path) -> None:
        """Raises SettingsError where the file is no state of this version."""
        self._path = path
        try:
            self._states = msgspec.json.decode(path.read_bytes(), type=_States)
        except FileNotFoundError:
            self._states = _States()
        except OSError as error:
            raise SettingsError(f"the state {path} cannot be read ({error.strerror}): name another file") from None
        except msgspec.MsgspecError:
            raise SettingsError(f"{path} is no state that vocero wrote: name another file, or remove it") from None

    def get(self, name: str) -> Place:
        """Where reading `name` stopped; the beginning for one that was never read."""
        return self._states.files.get(name, Place())

    def put(self, name: str, place: Place) -> None:
        """Takes over a place; `save` keeps it."""
        files = self._states.files
        files.pop(name, None)
        files[name] = place
        if len(files) > FILES:
            del files[next(iter(files))]

    def save(self) -> None:
        """Puts it on the disk. Raises SettingsError where that is not possible."""
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            with part.open("wb") as file:
                file.write(msgspec.json.encode(self._states))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise SettingsError(
                f"the state {self._path} cannot be written ({error.strerror}): name another file"
            ) from None


@contextmanager
def opened_state(path: Path) -> Iterator[StateFile]:
    """The state, which nobody else works with meanwhile. Raises SettingsError where somebody does."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f"{path.name}.lock").open("wb")
    except OSError as error:
        raise SettingsError(f"the state {path} cannot be written ({error.strerror}): name another file") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(
                f"another run works with the state {path}: wait for it, or use a state of your own"
            ) from None
        yield StateFile(path)
