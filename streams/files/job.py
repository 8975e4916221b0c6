"""Files in, one enriched file out: checks, reading, enriching and writing at the same time, and how it ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

from enrichers.base import Draft
from schemas.errors import SettingsError
from streams.files.base import Item
from streams.files.enriching import DraftOf, Enrich, Enriched, characters
from streams.files.opening import Options, open_posts, total_bytes
from streams.files.overlap import BatchLimits, overlapped
from streams.files.reporting import Report
from streams.files.writing import STDOUT, Output

DONE, SOME_FAILED, INTERRUPTED = 0, 1, 130


class ChainLike(Protocol):
    """The shape of `enrichers.chain.Chain`."""

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """What `vocero enrich` was asked for. `channels` None takes every channel."""

    paths: Sequence[str]
    options: Options
    output: str
    rejects: str | None = None
    channels: Collection[str] | None = None
    limits: BatchLimits = field(default_factory=BatchLimits)
    with_embedding: bool = False
    json_errors: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The streams and clocks that a job runs with."""

    stdin: BinaryIO
    stdout: BinaryIO
    stderr: TextIO
    clock: Callable[[], float] = time.monotonic
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000


def enrich_files(
    job: Job,
    make_chain: Callable[[], ChainLike],
    *,
    draft_of: DraftOf,
    redact: Callable[[str], str],
    around: Surroundings,
) -> int:
    """Does the job and gives its exit code: 0 all enriched, 1 some rejected or incomplete, 130 interrupted.

    The chain is made after the checks, which raise SettingsError; a place that cannot be written raises StoreError.
    """
    _check_places(job)
    report = Report(
        around.stderr,
        clock=around.clock,
        redact=redact,
        as_json=job.json_errors,
        total=total_bytes(job.paths),
    )
    items = open_posts(job.paths, job.options, stdin=around.stdin, on_bytes=report.read)
    with ExitStack() as stack:
        outputs = [stack.enter_context(Output(job.output, around.stdout))]
        if job.rejects is not None:
            report.rejects = stack.enter_context(Output(job.rejects, around.stdout))
            outputs.append(report.rejects)
        try:
            chain = make_chain()
            stack.callback(chain.close)
            work = Enrich(chain, draft_of, around.now_ms, job.channels, job.with_embedding)
            with report:
                enrich_items(items, work, outputs[0], report, job.limits)
            for output in outputs:
                output.commit()
        except SettingsError:
            for output in outputs:
                output.discard()
            raise
        except KeyboardInterrupt:
            for output in outputs:
                output.flush()
            report.end(f"stopped{_unfinished(outputs)}")
            return INTERRUPTED
        except BrokenPipeError:
            # who reads our output has had enough of it
            return _let_go(around.stdout)
    report.end("done")
    return SOME_FAILED if report.counts.rejected or report.counts.incomplete else DONE


def enrich_items(items: Iterator[Item], work: Enrich, output: Output, report: Report, limits: BatchLimits) -> None:
    """Reads, enriches and writes at the same time, in the order of `items`; the report counts and gets the rejects."""
    with closing(overlapped(items, work, weigh=characters, limits=limits)) as batches:
        for batch in batches:
            for result in batch:
                if isinstance(result, Enriched):
                    output.write(result.line)
                    report.counts.done += 1
                    report.counts.incomplete += bool(result.failed)
                else:
                    report.reject(result)
            if output.name == STDOUT:
                output.flush()
            report.advance()


def _check_places(job: Job) -> None:
    if job.rejects == job.output:
        raise SettingsError("--output and --rejects name the same place: give the rejects a file of their own")
    for place in (job.output, job.rejects):
        if place is None or place == STDOUT:
            continue
        for path in job.paths:
            # a device or pipe may be both
            with suppress(OSError):
                if Path(path).is_file() and Path(place).is_file() and Path(path).samefile(place):
                    raise SettingsError(f"{place} is one of the files to read: write to another place")


def _unfinished(outputs: Sequence[Output]) -> str:
    parts = [str(output.part) for output in outputs if output.part is not None and output.written]
    return f"; what was done is in {' and '.join(parts)}" if parts else ""


def _let_go(stdout: BinaryIO) -> int:
    """The interpreter flushes standard output at its end: it must not meet the closed pipe again."""
    with suppress(OSError, ValueError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stdout.fileno())
        os.close(descriptor)
    return DONE
