"""Reading and working in threads: order, limits, errors, ending early."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from streams.files.overlap import BatchLimits, overlapped

pytestmark = pytest.mark.unit


def double(batch: Sequence[int]) -> list[int]:
    return [2 * value for value in batch]


def no_threads_left() -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not [thread for thread in threading.enumerate() if thread.name.startswith("files-")]:
            return True
        time.sleep(0.01)
    return False


def test_results_come_in_order_and_batches_hold_to_their_limits() -> None:
    sizes: list[int] = []

    def work(batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        return double(batch)

    limits = BatchLimits(items=8, characters=50)
    batches = list(overlapped(iter(range(1_000)), work, weigh=lambda value: 10, limits=limits))
    assert [value for batch in batches for value in batch] == [2 * value for value in range(1_000)]
    assert max(sizes) == 5
    assert no_threads_left()


def test_an_item_larger_than_the_limit_goes_alone() -> None:
    seen: list[list[int]] = []

    def work(batch: Sequence[int]) -> list[int]:
        seen.append(list(batch))
        return list(batch)

    list(overlapped(iter([1, 500, 1]), work, weigh=lambda value: value, limits=BatchLimits(characters=100)))
    assert [value for batch in seen for value in batch] == [1, 500, 1]
    assert len(seen) >= 2


def test_nothing_in_nothing_out() -> None:
    assert list(overlapped(iter([]), double, weigh=lambda _: 1, limits=BatchLimits())) == []


def test_a_waiting_batch_goes_after_its_time() -> None:
    released = threading.Event()

    def slow() -> Iterator[int]:
        yield 1
        released.wait(10)
        yield 2

    batches = overlapped(slow(), double, weigh=lambda _: 1, limits=BatchLimits(seconds=0.05))
    assert next(batches) == [2]
    released.set()
    assert next(batches) == [4]
    assert list(batches) == []


def test_reading_runs_ahead_by_two_batches_and_no_further() -> None:
    read = [0]
    hold = threading.Event()

    def items() -> Iterator[int]:
        for value in range(1_000):
            read[0] = value
            yield value

    def work(batch: Sequence[int]) -> list[int]:
        hold.wait(10)
        return double(batch)

    batches = overlapped(items(), work, weigh=lambda _: 1, limits=BatchLimits(items=10))
    threading.Timer(0.3, hold.set).start()
    next(batches)
    assert read[0] <= 10 * (2 + 2 + 2 + 1)
    batches.close()
    assert no_threads_left()


def test_errors_of_the_reader_come_after_the_results_before_them() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise LookupError("gone")

    got: list[int] = []
    batches = overlapped(items(), double, weigh=lambda _: 1, limits=BatchLimits(items=2))
    with pytest.raises(LookupError, match="gone"):
        got.extend(value for batch in batches for value in batch)
    assert got == [0, 2, 4, 6, 8]
    assert no_threads_left()


def test_errors_of_the_work_are_raised_here() -> None:
    def work(batch: Sequence[int]) -> list[int]:
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        list(overlapped(iter(range(100_000)), work, weigh=lambda _: 1, limits=BatchLimits()))
    assert no_threads_left()


def test_closing_early_ends_both_threads() -> None:
    batches = overlapped(iter(range(10**9)), double, weigh=lambda _: 1, limits=BatchLimits())
    next(batches)
    started = time.monotonic()
    batches.close()
    assert no_threads_left()
    assert time.monotonic() - started < 2
