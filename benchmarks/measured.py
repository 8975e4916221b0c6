"""One measured piece of work: posts, seconds, processor time and memory of this process and of its children."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import psutil


class Measured(msgspec.Struct, kw_only=True):
    """`cpu_seconds` and `children_mib` count child processes (Apertium) too; memory is what is resident at the end."""

    what: str
    posts: int
    seconds: float
    cpu_seconds: float
    resident_mib: float
    children_mib: float = 0.0

    @property
    def rate(self) -> float:
        """Posts a second."""
        return self.posts / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor time of one post, milliseconds."""
        return 1000 * self.cpu_seconds / self.posts


def measured(what: str, posts: int, work: Callable[[], object]) -> Measured:
    """`work`, done once, for so many posts."""
    cpu, started = cpu_seconds(), time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return Measured(
        what=what,
        posts=posts,
        seconds=seconds,
        cpu_seconds=cpu_seconds() - cpu,
        resident_mib=resident_mib(),
        children_mib=children_mib(),
    )


def cpu_seconds() -> float:
    """Processor time that this process and its living children have used."""
    return sum(sum(one.cpu_times()[:2]) for one in (psutil.Process(), *_children()))


def resident_mib() -> float:
    """Resident memory of this process."""
    return float(psutil.Process().memory_info().rss) / 2**20


def children_mib() -> float:
    """Memory of its children; what they share is counted once (proportional set size)."""
    return float(sum(one.memory_full_info().pss for one in _children())) / 2**20


def _children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if one.is_running()]
