"""`alert`: signals and people's words in, negative spikes out.

Its memory is a compacted topic, delivered before the input is settled.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from schemas.alerts import Alert, AlertCommand
from schemas.codec import encode
from schemas.errors import RejectedInput
from schemas.signals import Signal
from streams.broker.state import APPLIED
from streams.erase.forgetting import to_forget
from streams.headers import cloud_event
from streams.records import Message, Record
from streams.spikes.baseline import DAY_MS, Rule
from streams.spikes.routes import Routes
from streams.spikes.watch import BrandState, acknowledge, forget, observe
from streams.stages.base import each
from streams.stages.partition_state import PartitionStates
from streams.topics import Topics

log = logging.getLogger(__name__)

LIMIT = 64 * 1024 * 1024
"""Bytes of a brand's state, unpacked: far more than it can hold."""

UNFIT = "the record does not fit the schema of its topic"

ReadState = Callable[[str, int], Mapping[bytes, bytes]]
"""Topic and partition to the newest value of each key; blocks."""


@dataclass(slots=True)
class _Brands:
    """The brands of one partition, and which of them the current batch has touched."""

    states: dict[str, BrandState] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)


class AlertStage:
    """Counts negatives per series and says when one spikes."""

    name = "alert"

    def __init__(
        self,
        topics: Topics,
        read_state: ReadState,
        *,
        rule: Rule = Rule(),
        history_days: float | None = 7.0,
        adverts: bool = False,
    ) -> None:
        """`adverts`: posts that are marked as adverts, spam or not about us count too."""
        self.inputs: tuple[str, ...] = (topics.signals, topics.alert_commands)
        self._topics = topics
        self._rule = rule
        self._adverts = adverts
        self._history_ms = None if history_days is None else history_days * DAY_MS
        self._states = PartitionStates(lambda partition: self._restore(read_state, partition))
        self._decode = msgspec.json.Decoder(Signal).decode
        self._decode_command = msgspec.json.Decoder(AlertCommand).decode
        self._routes = Routes(topics.alert_routes)

    async def open(self) -> None:
        """Nothing to open: state comes with the partitions."""

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Forgets what went to another worker."""
        self._states.assigned(partitions)

    def _restore(self, read_state: ReadState, partition: int) -> _Brands:
        entries = read_state(self._topics.alert_state, partition)
        brands = _Brands()
        for key, value in entries.items():
            state = unpack(value)
            if state is None:
                log.warning("alert: the state of a brand was written by another version: its baselines begin anew")
            else:
                brands.states[key.decode("utf-8", "replace")] = state
        return brands

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        """Alerts, and the state that knows of them."""
        brands = {number: await self._states.of(number) for number in {record.partition for record in batch}}
        return await asyncio.to_thread(self._counted, batch, brands)

    def _counted(self, batch: Sequence[Record], brands: dict[int, _Brands]) -> list[Message]:
        messages = each(
            batch,
            lambda record: self._one(record, brands[record.partition]),
            stage=self.name,
            dead_letters=self._topics.dead_letters,
        )
        last = {record.partition: record for record in batch}
        for number, owned in brands.items():
            for brand in sorted(owned.touched):
                state = owned.states[brand]
                key = brand.encode("utf-8", "replace")
                messages.append(
                    Message(
                        self._topics.alert_state,
                        key,
                        pack(state),
                        {APPLIED: str(state.applied).encode()},
                        partition=number,
                        cause=last[number],
                        state=True,
                    )
                )
            owned.touched.clear()
        return messages

    def _one(self, record: Record, owned: _Brands) -> list[Message]:
        if (erased := to_forget(record)) is not None:
            owned.touched |= {name for name, state in owned.states.items() if forget(state, erased)}
            return []
        if record.topic == self._topics.alert_commands:
            return self._commanded(record, owned)
        try:
            signal = self._decode(record.value or b"")
        except msgspec.MsgspecError:
            raise RejectedInput("bad-value", UNFIT) from None
        state = owned.states.setdefault(signal.brand, BrandState())
        silent = self._history_ms is not None and record.timestamp_ms - signal.event_time > self._history_ms
        counted = signal.relevant or self._adverts
        alerts = observe(state, signal, offset=record.offset, rule=self._rule, silent=silent, counted=counted)
        owned.touched.add(signal.brand)
        return [message for alert in alerts for message in self._messages(alert, alert.state, record)]

    def _commanded(self, record: Record, owned: _Brands) -> list[Message]:
        try:
            command = self._decode_command(record.value or b"")
        except msgspec.MsgspecError:
            raise RejectedInput("bad-value", UNFIT) from None
        alerts = acknowledge(owned.states.get(command.brand, BrandState()), command, self._rule)
        if alerts:
            owned.touched.add(command.brand)
        return [message for alert in alerts for message in self._messages(alert, "acknowledged", record)]

    def _messages(self, alert: Alert, change: str, record: Record) -> list[Message]:
        """The record on the topic of all alerts, and the same on the topics that it is routed to."""
        topics = self._routes.of(alert)
        headers = cloud_event(
            kind=f"alert.{change}",
            stage=self.name,
            event_id=f"{alert.id}:{change}:{alert.version}",
            time=alert.at,
            version=alert.version,
        )
        key, value = alert.series.encode("utf-8", "replace"), encode(replace(alert, routed_to=topics))
        return [Message(topic, key, value, headers, cause=record) for topic in (self._topics.alerts, *topics)]

    def close(self) -> None:
        """Nothing is held open."""


def pack(state: BrandState) -> bytes:
    """A brand's state as it travels: MessagePack, deflated; some 60 kB for fifty series, under 1 MB at worst."""
    return zlib.compress(msgspec.msgpack.encode(state), level=1)


def unpack(value: bytes) -> BrandState | None:
    """The inverse; None where the bytes are no state of this version."""
    try:
        content = zlib.decompressobj().decompress(value, LIMIT)
        return msgspec.msgpack.decode(content, type=BrandState)
    except (zlib.error, msgspec.MsgspecError):
        return None
