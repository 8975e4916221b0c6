"""What comes next in a partition, what is a hole, and what may be committed."""

from __future__ import annotations

import random

import pytest

from streams.delivery.observer import Partition
from streams.delivery.positions import Positions, Step

pytestmark = pytest.mark.unit

P, Q = Partition("a", 0), Partition("a", 1)


def owning(*partitions: Partition, begin: int = 0) -> Positions:
    positions = Positions()
    positions.assigned(partitions, afresh=True)
    for one in partitions:
        positions.begin(one, begin)
    return positions


def settle(positions: Positions, partition: Partition, offset: int) -> None:
    held = positions.held(partition)
    assert held is not None
    positions.settle([(partition, held, offset)])


def test_records_are_taken_one_after_the_other() -> None:
    positions = owning(P, begin=5)
    steps = [positions.step(P, offset) for offset in (4, 5, 5, 6, 8, 7, 8)]
    assert steps == [Step.REPEAT, Step.TAKE, Step.REPEAT, Step.TAKE, Step.HOLE, Step.TAKE, Step.TAKE]
    assert positions.step(Q, 5) is Step.FOREIGN


def test_the_first_records_of_a_partition_that_was_never_committed_are_waited_for() -> None:
    positions = owning(P)
    assert positions.step(P, 32) is Step.HOLE
    assert positions.committable() == {}
    assert positions.step(P, 0) is Step.TAKE


def test_a_partition_whose_beginning_is_not_known_gives_nothing() -> None:
    positions = Positions()
    positions.assigned([P, Q], afresh=True)
    assert positions.step(P, 0) is Step.FOREIGN
    assert positions.unknown() == [P, Q]
    positions.begin(P, 3)
    positions.begin(P, 9)
    assert positions.unknown() == [Q]
    assert positions.step(P, 3) is Step.TAKE


def test_a_hole_that_the_broker_knows_of_is_stepped_over() -> None:
    positions = owning(P)
    held = positions.held(P)
    assert held is not None
    positions.learned(P, held, [3, 4, 7], None)
    assert [positions.step(P, offset) for offset in (2, 3, 5, 4, 7, 8)] == [
        Step.REPEAT,
        Step.TAKE,
        Step.HOLE,
        Step.TAKE,
        Step.TAKE,
        Step.TAKE,
    ]


def test_an_end_without_records_is_settled_too() -> None:
    positions = owning(P)
    held = positions.held(P)
    assert held is not None
    positions.step(P, 0)
    settle(positions, P, 0)
    positions.learned(P, held, [], 3)
    assert positions.committable() == {P: 3}
    assert positions.step(P, 3) is Step.TAKE
    positions.learned(P, held, [], 9)
    assert positions.committable() == {P: 3}, "offset 3 is taken, but not settled"
    settle(positions, P, 3)
    assert positions.committable() == {P: 4}


def test_only_what_moved_is_committed() -> None:
    positions = owning(P, Q)
    positions.step(P, 0)
    assert positions.committable() == {}
    settle(positions, P, 0)
    assert positions.committable() == {P: 1}
    positions.committed({P: 1})
    assert positions.committable() == {}


def test_what_was_under_way_when_a_partition_left_does_not_count_when_it_is_back() -> None:
    positions = owning(P, Q)
    held = positions.held(P)
    assert held is not None
    positions.step(P, 0)
    positions.assigned([Q], afresh=False)
    positions.assigned([P, Q], afresh=False)
    positions.begin(P, 0)
    positions.settle([(P, held, 0)])
    assert positions.committable() == {}
    assert positions.step(P, 0) is Step.TAKE


def test_what_stayed_goes_on_unless_another_worker_may_have_had_it() -> None:
    positions = owning(P)
    positions.step(P, 0)
    positions.assigned([P], afresh=False)
    assert positions.step(P, 0) is Step.REPEAT
    positions.assigned([P], afresh=True)
    assert positions.unknown() == [P]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_arrives_nothing_is_left_out_or_done_twice(seed: int) -> None:
    """A log with holes, delivered with losses, repeats and in the wrong order, until all of it is there."""
    chance = random.Random(seed)
    there = sorted(chance.sample(range(200), 120))
    positions = owning(P)
    done: list[int] = []
    at = 0
    while len(done) < len(there):
        at = chance.randrange(len(there)) if chance.random() < 0.2 else at
        step = positions.step(P, there[at])
        held = positions.held(P)
        assert held is not None
        if step is Step.TAKE:
            done.append(there[at])
            if chance.random() < 0.5:
                settle(positions, P, there[at])
            assert all(offset in done for offset in there if offset < positions.committable().get(P, 0))
        elif step is Step.HOLE:
            ahead = [offset for offset in there if offset >= held.next]
            positions.learned(P, held, ahead[: chance.randrange(1, 20)], None)
            at = next(place for place, offset in enumerate(there) if offset >= held.next)
            continue
        at = (at + 1) % len(there)
    assert done == there
