"""A batch whose partitions have partly gone: the rest of it is read again, and nothing is committed past it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import pytest
from faust.types import TP

from streams.delivery.lease import LeaseLost
from streams.delivery.observer import Partition
from streams.delivery.progress import Progress
from streams.records import Record

pytestmark = pytest.mark.unit

SURE = 10.0
KEPT, GONE = Partition("in", 0), Partition("in", 1)


class Broker:
    """Faust's consumer and the questions to the broker, of a group that has two partitions."""

    def __init__(self) -> None:
        self.committed = {KEPT: 0, GONE: 0}
        self.owned = {KEPT, GONE}
        self.taken = True
        self.sought: list[Mapping[TP, int]] = []

    def assignment(self) -> set[TP]:
        return {TP(*one) for one in self.owned}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        if self.taken:
            self.committed |= {Partition(tp.topic, tp.partition): offset for tp, offset in offsets.items()}
        return self.taken

    def beginnings(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        return {one: self.committed[one] for one in partitions}

    def standing(self, _: Partition, offset: int) -> tuple[list[int], int | None]:
        return list(range(offset, 10)), 10

    async def seek_wait(self, places: Mapping[TP, int]) -> None:
        self.sought.append(places)


def record(partition: Partition, offset: int) -> Record:
    return Record(*partition, offset=offset, key=None, value=b"", timestamp_ms=0)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def progress(broker: Broker) -> Progress:
    made = Progress(lambda: broker, lambda: broker, sure_seconds=SURE)  # type: ignore[arg-type, return-value]
    made.assigned([KEPT, GONE], 1)
    return made


async def test_what_is_still_ours_of_an_abandoned_batch_is_read_again(broker: Broker, progress: Progress) -> None:
    batch = await progress.take([record(KEPT, 0), record(GONE, 0), record(KEPT, 1)])
    assert await progress.lease(batch) > time.monotonic()
    broker.owned = {KEPT}
    progress.assigned([KEPT], 2)
    with pytest.raises(LeaseLost):
        await progress.lease(batch)
    assert progress.abandon() == {KEPT}
    assert (await progress.take([record(KEPT, 2)])).records == []  # those before it come first
    assert broker.sought == [{TP(*KEPT): 0}]
    again = await progress.take([record(KEPT, offset) for offset in range(3)])
    assert [one.offset for one in again.records] == [0, 1, 2]
    progress.settle(batch)  # what was abandoned settles nothing
    await progress.commit()
    assert broker.committed[KEPT] == 0
    progress.settle(again)
    await progress.commit()
    assert broker.committed == {KEPT: 3, GONE: 0}


@pytest.mark.parametrize("owned", [{KEPT, GONE}, set()])
@pytest.mark.parametrize("taken", [True, False])
async def test_after_a_while_of_silence_the_broker_is_asked(
    broker: Broker, progress: Progress, monkeypatch: pytest.MonkeyPatch, taken: bool, owned: set[Partition]
) -> None:
    """Which takes commits of owners only; a partition on its way to another worker is not ours either."""
    batch = await progress.take([record(KEPT, 0)])
    broker.taken, broker.owned = taken, owned
    started = time.monotonic()
    assert started + SURE <= await progress.lease(batch) <= time.monotonic() + SURE
    monkeypatch.setattr(time, "monotonic", lambda: started + 2 * SURE)
    if taken and owned:
        assert [await progress.lease(batch) for _ in range(2)] == [started + 3 * SURE] * 2
    else:
        for _ in range(2):
            with pytest.raises(LeaseLost):
                await progress.lease(batch)
