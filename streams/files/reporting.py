"""What a run over files says on standard error, and its rejects file; of a post's words only redacted excerpts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TextIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from streams.excerpts import excerpt
from streams.files.base import EXCERPT, Reject
from streams.files.writing import Output

SHOWN = 20
"""Rejects that are told one by one; the rest are counted."""
EXCERPT_CHARACTERS = 200
_SECONDS_BETWEEN_LINES = 5.0


@dataclass(slots=True)
class Counts:
    """Posts done, posts among them that lack what an enricher gave up on, and inputs rejected.

    `verb` is what doing means: posts are written to a file, or produced to Kafka.
    """

    verb: str = "written"
    done: int = 0
    incomplete: int = 0
    rejected: int = 0

    def __str__(self) -> str:
        incomplete = f" ({self.incomplete:,} of them incomplete)" if self.incomplete else ""
        return f"{_counted(self.done, 'post')} {self.verb}{incomplete}, {self.rejected:,} rejected"


class Report:
    """Progress and rejects. On a terminal a bar; otherwise a line every few seconds.

    `as_json` gives every reject and the end as a line of JSON instead. `redact` takes personal data out of a text.
    `rejects`, where it is set, gets every reject with a redacted excerpt.
    `clock` gives seconds. `total` is the bytes there are to read, where they are known.
    """

    def __init__(
        self,
        stderr: TextIO,
        *,
        clock: Callable[[], float],
        redact: Callable[[str], str],
        as_json: bool = False,
        total: int | None = None,
        verb: str = "written",
    ) -> None:
        self.counts = Counts(verb)
        self.rejects: Output | None = None
        self._stderr = stderr
        self._clock = clock
        self._redact = redact
        self._as_json = as_json
        self._total = total
        self._bytes = 0
        self._said_at = clock()
        self._bar: Progress | None = None
        if stderr.isatty() and not as_json:
            columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(file=stderr), transient=True)
            self._task = self._bar.add_task("starting", total=total)

    def read(self, size: int) -> None:
        """So many more bytes were read; called from the reading thread."""
        self._bytes += size

    def reject(self, item: Reject) -> None:
        """Counts an input that cannot be used, writes it to the rejects file, and tells the first ones."""
        self.counts.rejected += 1
        record: dict[str, Any] = {
            "file": item.file,
            "line": item.line,
            "reason": item.reason,
            "message": item.message,
        }
        if self.rejects is not None:
            shown = excerpt(item.data, EXCERPT_CHARACTERS, self._redact, cut=len(item.data) >= EXCERPT)
            kept = {**record, "excerpt": shown}
            self.rejects.write(msgspec.json.encode(kept) + b"\n")
        if self._as_json:
            self._print(msgspec.json.encode(record).decode())
        elif self.counts.rejected <= SHOWN:
            where = f"{item.file}, line {item.line}" if item.line else item.file
            self._print(f"{where}: {item.message} [{item.reason}]")

    def advance(self) -> None:
        """Some work was done: the bar moves, or a line is due now and then."""
        share = f", {min(100, 100 * self._bytes // self._total)} % read" if self._total else ""
        if self._bar is not None:
            self._bar.update(self._task, description=f"{self.counts.done:,} posts", completed=self._bytes)
        elif not self._as_json and self._clock() - self._said_at >= _SECONDS_BETWEEN_LINES:
            self._said_at = self._clock()
            self._print(f"{self.counts}{share}")

    def end(self, outcome: str) -> None:
        """The last line. `outcome` says how the run ended and where its results are."""
        if self._as_json:
            counts = self.counts
            end = {counts.verb: counts.done, "incomplete": counts.incomplete, "rejected": counts.rejected}
            self._print(msgspec.json.encode({**end, "outcome": outcome}).decode())
            return
        if self.counts.rejected > SHOWN:
            self._print(f"… and {self.counts.rejected - SHOWN:,} more rejected")
        self._print(f"{outcome}: {self.counts}")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _print(self, text: str) -> None:
        if self._bar is not None and self._bar.live.is_started:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=self._stderr, flush=True)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
