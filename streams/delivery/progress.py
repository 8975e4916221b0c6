"""Keeps a stage's reading whole: every partition from its committed offset on, no record left out, commits of our own.

What arrives must be the record after the one before it. Where it is not, the broker is asked what stands there: a hole
that compaction or a transaction made is stepped over, everything else is read again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException
from faust.types import TP

from streams.broker.offsets import Offsets
from streams.delivery.lease import LeaseLost
from streams.delivery.observer import Partition
from streams.delivery.positions import Held, Positions, Step
from streams.records import Record

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
STUCK_TICKS = 15
"""Ticks without a record from a partition that has some, before it is read again from where it stopped: slow is not
stuck, and reading again makes a busy machine slower."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to settle, and their places of now: a rebalance makes those void."""

    records: list[Record]
    places: list[tuple[Partition, Held, int]]


class Progress:
    """The positions of one stage, and what is done to keep them true."""

    def __init__(self, consumer: Callable[[], Any], offsets: Callable[[], Offsets], *, sure_seconds: float) -> None:
        """`consumer` gives Faust's consumer; `offsets` makes what asks the broker, on a thread of its own.

        After `sure_seconds` in which this process did nothing, the broker may have given its partitions away.
        """
        self._consumer = consumer
        self._make_offsets = offsets
        self._offsets: Offsets | None = None
        self._positions = Positions()
        self._generation: int | None = None
        self._waited: dict[Partition, tuple[int, int]] = {}
        self._asked: dict[Partition, float] = {}
        self._mending = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._sure = sure_seconds
        self._awake = time.monotonic()
        self._doubt = False

    def assigned(self, owned: Iterable[Partition], generation: int) -> bool:
        """The partitions from now on. True where another worker may have had some of ours in between."""
        afresh = self._generation is None or generation != self._generation + 1
        self._generation = generation
        self._awake, self._doubt = time.monotonic(), False
        self._waited.clear()
        self._asked.clear()
        self._positions.assigned(owned, afresh=afresh)
        return afresh

    async def take(self, records: Sequence[Record]) -> Batch:
        """Those of `records` that come next in their partitions, under way until `settle`."""
        if self._positions.unknown():
            await self._mend()
        batch = Batch([], [])
        holes: set[Partition] = set()
        for record in records:
            partition = Partition(record.topic, record.partition)
            step = self._positions.step(partition, record.offset)
            if step is Step.HOLE and partition not in holes:
                holes.add(partition)
                await self._mend([partition])
                step = self._positions.step(partition, record.offset)
            if step is Step.TAKE and (held := self._positions.held(partition)) is not None:
                batch.records.append(record)
                batch.places.append((partition, held, record.offset))
        if batch.records:
            self._idle.clear()
        return batch

    def settle(self, batch: Batch) -> None:
        """The batch is settled."""
        self._positions.settle(batch.places)
        self._idle.set()

    def abandon(self) -> set[Partition]:
        """The batch is left to whoever owns its partitions now.

        What is still ours, which is given, is read again from its committed offsets: the batch may hold some of it.
        """
        owned = self._positions.all()
        self._positions.assigned(owned, afresh=True)
        self._idle.set()
        return owned

    async def lease(self, batch: Batch) -> float:
        """Until when (`time.monotonic`) the batch is surely ours, even if this process is frozen from now on.

        Raises LeaseLost where it is not: a rebalance took a partition, or this process was frozen and the broker,
        which takes commits of owners only, does not take ours.
        """
        if any(self._positions.held(partition) is not held for partition, held, _ in batch.places):
            raise LeaseLost
        self._look_at_the_clock()
        if self._doubt:
            now, there = time.monotonic(), self._consumer().assignment()
            offsets = {TP(*partition): held.settled for partition, held, _ in batch.places}
            if not offsets.keys() <= there or not await self._consumer()._commit(offsets):
                raise LeaseLost
            self._awake, self._doubt = now, False
        return self._awake + self._sure

    def _look_at_the_clock(self) -> None:
        """Notices that this process did nothing for a while."""
        now = time.monotonic()
        self._doubt |= now - self._awake > self._sure
        self._awake = now

    async def idle(self, seconds: float) -> None:
        """Returns when no batch is under way, or after `seconds`."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            log.info("a batch is still under way while its partitions leave: it may be done twice")

    async def commit(self) -> None:
        """Commits what is settled. A failure is no loss: it is settled again, or committed by the next try."""
        there = self._consumer().assignment()  # in a rebalance it is not yet, or not any more, what we were told
        offsets = {one: offset for one, offset in self._positions.committable().items() if TP(*one) in there}
        if not offsets:
            return
        if await self._consumer()._commit({TP(*one): offset for one, offset in offsets.items()}):
            self._positions.committed(offsets)

    async def run(self) -> None:
        """Until cancelled: commits, and looks after partitions that have records and give none."""
        try:
            while True:
                await asyncio.sleep(TICK_SECONDS)
                self._look_at_the_clock()
                await self.commit()
                if self._idle.is_set() and (stuck := self._stuck()):
                    await self._mend(stuck)
        finally:
            # a client that nobody closes looks for its broker for as long as the process lives
            if self._offsets is not None and not self._mending.locked():
                offsets, self._offsets = self._offsets, None
                offsets.close()

    def _stuck(self) -> list[Partition]:
        waited: dict[Partition, tuple[int, int]] = {}
        for partition, held in self._positions.owned():
            if (self._end(partition) or 0) > held.next:
                before, ticks = self._waited.get(partition, (held.next, 0))
                waited[partition] = (held.next, ticks + 1 if before == held.next else 1)
        self._waited = waited
        return [one for one, (_, ticks) in waited.items() if ticks % STUCK_TICKS == 0] + self._positions.unknown()

    def waiting(self) -> int:
        """Records that stand on the broker, as of the last fetch, and have not been taken."""
        return sum(max(0, (self._end(one) or 0) - held.next) for one, held in self._positions.owned())

    def _end(self, partition: Partition) -> int | None:
        try:
            end: int | None = self._consumer().highwater(TP(*partition))
        except (AssertionError, AttributeError):
            return None  # the partition is leaving
        return end

    async def _mend(self, partitions: Sequence[Partition] = ()) -> None:
        """Finds where unknown partitions begin, and reads on from the right place where something did not arrive."""
        async with self._mending:
            started = time.monotonic()
            while True:
                try:
                    await self._ask(partitions)
                except KafkaException as error:  # the broker is away: without it there is nothing to do
                    waited = time.monotonic() - started
                    log.warning("offsets cannot be read (%s); asking again", error.args[0].name())
                    await asyncio.sleep(min(5.0, 0.2 + waited / 4))
                else:
                    return

    async def _ask(self, partitions: Sequence[Partition]) -> None:
        if self._offsets is None:
            self._offsets = await asyncio.to_thread(self._make_offsets)
        unknown = self._positions.unknown()
        if unknown:
            for partition, offset in (await asyncio.to_thread(self._offsets.beginnings, unknown)).items():
                self._positions.begin(partition, offset)
        for partition in partitions:
            held = self._positions.held(partition)
            if held is None or time.monotonic() - self._asked.get(partition, -TICK_SECONDS) < TICK_SECONDS:
                continue  # what was on its way when it was asked for again is still arriving
            self._asked[partition] = time.monotonic()
            expected = held.next
            offsets, end = await asyncio.to_thread(self._offsets.standing, partition, expected)
            if held.next != expected or self._positions.held(partition) is not held:
                continue
            self._positions.learned(partition, held, offsets, end)
            if offsets and TP(*partition) in self._consumer().assignment():
                log.info("reading %s/%d again from %d: not all of it has arrived", *partition, held.next)
                await self._consumer().seek_wait({TP(*partition): held.next})
