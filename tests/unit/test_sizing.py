"""How large a batch becomes, and how it is cut."""

from __future__ import annotations

import pytest

from streams.delivery.sizing import BACKLOG_SECONDS, LEAST, PROMPT_SECONDS, Sizing, cut

pytestmark = pytest.mark.unit


def test_a_batch_takes_half_a_second_while_little_waits_and_longer_under_a_backlog() -> None:
    sizing = Sizing(most=1_000)
    sizing.settled(100, 1.0)
    assert sizing.size(waiting=30) == 100 * PROMPT_SECONDS
    assert sizing.size(waiting=5_000) == 100 * BACKLOG_SECONDS


def test_no_batch_is_larger_than_the_most_or_smaller_than_is_worth_it() -> None:
    quick, slow = Sizing(most=256), Sizing(most=256)
    quick.settled(256, 0.01)
    slow.settled(1, 60.0)
    assert quick.size(10) == quick.size(100_000) == 256
    assert slow.size(10) == slow.size(100_000) == LEAST
    assert Sizing(most=8).size(100) == 8


def test_the_size_follows_a_stage_that_becomes_slower() -> None:
    sizing = Sizing(most=1_000)
    sizing.settled(500, 0.5)
    before = sizing.size(10_000)
    for _ in range(20):
        sizing.settled(50, 1.0)
    assert before == 1_000
    assert 100 <= sizing.size(10_000) < 110


def test_a_batch_of_no_duration_teaches_nothing() -> None:
    sizing = Sizing(most=256)
    sizing.settled(10, 0.0)
    sizing.settled(0, 1.0)
    assert sizing.rate == 0.0
    assert sizing.size(10) == 64


@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_what_is_cut_is_all_there_in_order(count: int) -> None:
    sizes = iter([3, 1, 50, 2, *[9] * 20])
    parts = list(cut(range(count), lambda: next(sizes)))
    assert [one for part in parts for one in part] == list(range(count))
    assert all(len(part) > 0 for part in parts)
