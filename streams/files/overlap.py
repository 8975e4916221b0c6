"""Reading and working in two threads before the caller's own, with bounded memory between them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, Full, Queue
from time import monotonic
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")
_TICK = 0.2
_READY_BATCHES = 2
_JOIN_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A batch is full at so many items or characters; one that waits so many seconds for more goes as it is."""

    items: int = 64
    characters: int = 256 * 1024
    seconds: float = 0.5


class _Stopped(Exception):
    """The caller wants no more."""


class _Buffer(Generic[In]):
    """Items that were read and not yet worked on: at most two batches of them."""

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._waiting: deque[tuple[In, int]] = deque()
        self._characters = 0
        self._since = 0.0
        self._closed = False
        self._stopped = False

    def put(self, item: In, characters: int) -> None:
        with self._changed:
            # an item larger than the limit gets in when it is alone
            while not self._stopped and self._crowded(2):
                self._changed.wait()
            if self._stopped:
                raise _Stopped
            if not self._waiting:
                self._since = monotonic()
            self._waiting.append((item, characters))
            self._characters += characters
            if len(self._waiting) == 1 or self._crowded(1):
                self._changed.notify_all()

    def take(self) -> list[In]:
        """The next batch; empty at the end."""
        with self._changed:
            while not self._stopped and not self._closed and not self._crowded(1):
                left = self._since + self._limits.seconds - monotonic() if self._waiting else None
                if left is not None and left <= 0:
                    break
                self._changed.wait(left)
            if self._stopped:
                raise _Stopped
            batch: list[In] = []
            taken = 0
            while self._waiting and len(batch) < self._limits.items and taken < self._limits.characters:
                item, characters = self._waiting.popleft()
                batch.append(item)
                taken += characters
            self._characters -= taken
            self._since = monotonic()
            self._changed.notify_all()
            return batch

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _crowded(self, batches: int) -> bool:
        return (
            len(self._waiting) >= batches * self._limits.items or self._characters >= batches * self._limits.characters
        )


def overlapped(
    items: Iterator[In],
    work: Callable[[Sequence[In]], list[Out]],
    *,
    weigh: Callable[[In], int],
    limits: BatchLimits,
) -> Generator[list[Out], None, None]:
    """The results of `work` batch by batch, in the order of `items`, while more are read and worked on.

    `weigh` gives an item's characters. What `items` or `work` raises is raised here, after the results before it.
    Closing the iterator stops both threads; one that is in the middle of a batch is left to end by itself.
    """
    buffer: _Buffer[In] = _Buffer(limits)
    ready: Queue[list[Out] | BaseException | None] = Queue(_READY_BATCHES)
    stopped = threading.Event()
    failure: list[BaseException] = []

    def read() -> None:
        try:
            for item in items:
                buffer.put(item, weigh(item))
        except _Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, which raises it
            failure.append(error)
        finally:
            buffer.close()

    def run() -> None:
        try:
            while batch := buffer.take():
                _put(ready, work(batch), stopped)
            _put(ready, failure[0] if failure else None, stopped)
        except _Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, which raises it
            _put(ready, error, stopped)

    threads = [threading.Thread(target=target, daemon=True, name=f"files-{target.__name__}") for target in (read, run)]
    for thread in threads:
        thread.start()
    try:
        while True:
            result = ready.get()
            if result is None:
                return
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        stopped.set()
        buffer.stop()
        _drain(ready)
        for thread in threads:
            # a thread that waits for a pipe to speak cannot be woken; it is a daemon and ends with the process
            thread.join(_JOIN_SECONDS if thread.name == "files-run" else _TICK)


def _put(
    ready: Queue[list[Out] | BaseException | None], result: list[Out] | BaseException | None, stopped: threading.Event
) -> None:
    while not stopped.is_set():
        try:
            return ready.put(result, timeout=_TICK)
        except Full:
            continue
    raise _Stopped


def _drain(ready: Queue[list[Out] | BaseException | None]) -> None:
    try:
        while True:
            ready.get_nowait()
    except Empty:
        return
