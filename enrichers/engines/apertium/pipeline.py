"""One chain of Apertium processes kept alive: blocks in, as many replies out, each ended by a NUL byte.

Protocol: every stage runs with `-z`, flushes at a NUL and passes it on. A stage that dies may still let the others
answer with nothing, so each block ends in a mark of its own that must come back.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence

from schemas.errors import EngineError, EngineTimeout

_READ = 1 << 18
_WRITE = 1 << 16
_LIVENESS_SECONDS = 0.5
_GROWTH = 20
"""A reply may be so many times longer than what was asked, plus a page: more is a program gone wild."""


class Pipeline:
    """Processes joined by pipes. Not safe for several threads: its owner holds a lock around `ask`.

    Children end with us in three ways: `close`, the end of file on their input, and the kernel's signal at the death
    of the thread that started them (so start from a thread that lives as long as the pipeline).
    """

    def __init__(
        self, commands: Sequence[Sequence[str]], nonce: Callable[[], str] = lambda: os.urandom(6).hex()
    ) -> None:
        self._nonce = nonce
        self._processes: list[subprocess.Popen[bytes]] = []
        self._rest = b""
        guard = _death_guard()
        previous: int | None = None
        try:
            for command in commands:
                process = subprocess.Popen(
                    [*guard, *command],
                    stdin=subprocess.PIPE if previous is None else previous,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                    # out of our process group: Ctrl-C ends us in order, and we end them
                    start_new_session=True,
                    env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                )
                if self._processes:
                    _close(self._processes[-1].stdout)
                self._processes.append(process)
                previous = _fileno(process.stdout)
        except OSError as error:
            self.release()
            raise EngineError(f"Apertium cannot be started ({error.strerror}); check that it is installed") from None
        self._input = _fileno(self._processes[0].stdin)
        self._output = _fileno(self._processes[-1].stdout)
        os.set_blocking(self._input, False)
        os.set_blocking(self._output, False)

    def pids(self) -> list[int]:
        """Process ids in the order of the pipe."""
        return [process.pid for process in self._processes]

    def ask(self, blocks: Sequence[str], seconds: float) -> list[str]:
        """One reply per block within `seconds`. After an error the pipeline is of no more use: close it.

        A block holds no NUL. Raises EngineTimeout, or EngineError where a process died or answered out of step.
        """
        nonce = self._nonce()
        marks = [f"[n{nonce}{number}]" for number in range(len(blocks))]
        data = b"".join(f"{block}{mark}".encode() + b"\0" for block, mark in zip(blocks, marks, strict=True))
        replies = self._exchange(data, len(blocks), time.monotonic() + seconds)
        result = []
        for reply, mark in zip(replies, marks, strict=True):
            text = reply.decode("utf-8", "replace")
            if text.count(mark) != 1:
                raise EngineError("an Apertium process lost a part of its answer; it is started again")
            result.append(text.replace(mark, ""))
        return result

    def close(self) -> None:
        """Kills and reaps every process. Idempotent, and safe beside a running `ask`, which then fails."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()

    def release(self) -> None:
        """Closes the pipes; only once no `ask` is running."""
        self.close()
        for process in self._processes:
            _close(process.stdin)
            _close(process.stdout)

    def _exchange(self, data: bytes, count: int, deadline: float) -> list[bytes]:
        """Writes and reads side by side, so that full pipes never lock each other."""
        view, sent, received = memoryview(data), 0, 0
        limit = _GROWTH * len(data) + 65_536
        replies: list[bytes] = []
        chunks: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            selector.register(self._input, selectors.EVENT_WRITE)
            while len(replies) < count:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise EngineTimeout("Apertium gave no answer within its time limit; it is started again")
                ready = selector.select(min(left, _LIVENESS_SECONDS))
                if not ready and any(process.poll() is not None for process in self._processes):
                    raise EngineError("an Apertium process ended; it is started again")
                for key, _ in ready:
                    if key.fd == self._input:
                        sent += _write(self._input, view[sent : sent + _WRITE])
                        if sent == len(data):
                            selector.unregister(self._input)
                        continue
                    chunk = _read(self._output)
                    received += len(chunk)
                    if received > limit:
                        raise EngineError("an Apertium process answered without end; it is started again")
                    chunks.append(chunk)
                    if b"\0" in chunk:
                        *done, rest = b"".join(chunks).split(b"\0")
                        replies += done
                        chunks = [rest]
        if len(replies) != count or any(chunks):
            raise EngineError("an Apertium process answered more than was asked; it is started again")
        return replies


def _death_guard() -> list[str]:
    """Prefix of a command that has the kernel kill it with its parent, where util-linux offers that."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _write(fd: int, data: memoryview) -> int:
    try:
        return os.write(fd, data)
    except BlockingIOError:
        return 0
    except OSError as error:
        raise EngineError("an Apertium process closed its input; it is started again") from error


def _read(fd: int) -> bytes:
    try:
        chunk = os.read(fd, _READ)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise EngineError("an Apertium process cannot be read from; it is started again") from error
    if not chunk:
        raise EngineError("an Apertium process ended; it is started again")
    return chunk


def _fileno(stream: object) -> int:
    fileno = getattr(stream, "fileno", None)
    assert callable(fileno)  # noqa: S101 - Popen was asked for a pipe
    number: int = fileno()
    return number


def _close(stream: object) -> None:
    close = getattr(stream, "close", None)
    if callable(close):
        close()
