"""A stage as a Faust app: batches in, all of it settled, then committed in offset order.

The recipe and its reasons: raw bytes so that decoding is ours; batches straight from the queue of the agent's channel,
so that Faust acknowledges nothing and `Progress` commits what is settled; one agent of concurrency one so that this
happens in order; `stream_wait_empty=False` so that a waiting batch does not block a stop or a rebalance;
`CrashingSupervisor` so that an unexpected error ends the process, not just the agent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import faust
from faust.types import TP, EventT
from mode import CrashingSupervisor

from schemas.errors import RejectedInput
from schemas.identity import MAX_AHEAD_MS
from streams.broker.client import client_config
from streams.broker.offsets import Offsets
from streams.broker.outbox import Outbox
from streams.delivery.dead_letters import dead_letter
from streams.delivery.gathering import ahead, batches
from streams.delivery.lease import LeaseLost, leased, require_lease
from streams.delivery.ledger import Ledger
from streams.delivery.observer import UNOBSERVED, Observer, Partition
from streams.delivery.progress import Progress
from streams.delivery.sizing import Sizing, cut
from streams.delivery.transport import PromptTransport, RawSchema
from streams.headers import only_for
from streams.records import Message, Record
from streams.settings import Settings
from streams.stages.base import Stage

log = logging.getLogger(__name__)

LOG_APPEND_TIME = 1
"""Kafka's type of a timestamp that the broker set."""
LEAVE_SECONDS = 5.0
"""How long partitions that leave wait for the batch under way, so that no other worker reads state behind its back."""
BULK = 1_024
"""Records that `index` takes at a time, at least."""
SAFE_BYTES = 256 * 1024
"""No broker in use takes less: messages up to this size can be sent together."""


def stage_app(
    stage: Stage,
    settings: Settings,
    outbox: Outbox,
    *,
    dead_letters: str,
    ledger: Ledger,
    observer: Observer = UNOBSERVED,
    group: str | None = None,
) -> faust.App:
    """The Faust app that runs one stage in its own consumer group, which is called by `group` or the stage's name."""
    # a bulk request costs the store much the same for many as for few
    most = max(settings.batch_size, BULK) if stage.name == "index" else settings.batch_size
    app = faust.App(
        f"{settings.kafka_group_prefix}-{group or stage.name}",
        broker=[f"kafka://{server.strip()}" for server in settings.broker.split(",")],
        broker_credentials=credentials(settings),
        autodiscover=False,
        store="memory://",
        datadir=f"{settings.state_dir}/faust",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=8 * 1024 * 1024,
        broker_session_timeout=settings.kafka_session_seconds,
        broker_heartbeat_interval=settings.kafka_session_seconds / 4,
        stream_wait_empty=False,
        stream_buffer_maxsize=max(256, 2 * most),
        key_serializer="raw",
        value_serializer="raw",
    )
    app.transport = PromptTransport(app.conf.broker_consumer, app)
    topic = app.topic(*stage.inputs, schema=RawSchema())

    def end(partition: Partition) -> int | None:
        try:
            known: int | None = app.consumer.highwater(TP(*partition))
        except (AssertionError, AttributeError):
            return None  # the partition is leaving; a figure is not worth a crash
        return known

    group = str(app.conf.id)
    progress = Progress(
        lambda: app.consumer,
        lambda: Offsets(client_config(settings), group),
        # a member that is not heard of for a session's time is out: half of it leaves room for what is under way
        sure_seconds=settings.kafka_session_seconds / 2,
    )
    settler = Settler(stage, outbox, dead_letters, ledger, observer, end)
    sizing = Sizing(most)

    async def restart(owned: Iterable[Partition]) -> None:
        """State that was not delivered is forgotten, and restored from the broker."""
        await stage.assigned(frozenset())
        await stage.assigned(frozenset(partition.number for partition in owned))

    async def settle(events: Sequence[EventT[bytes]]) -> None:
        now_ms = time.time_ns() // 1_000_000
        batch = await progress.take([_record(event, now_ms) for event in events])
        if not batch.records:
            return
        since = time.monotonic()
        try:
            with leased(partial(progress.lease, batch)):
                await settler.settle(batch.records)
        except LeaseLost as lost:
            log.warning("%s: another worker has partitions of the batch: it is left to it", stage.name)
            await outbox.send(lost.amends)
            await restart(progress.abandon())
        else:
            progress.settle(batch)
        sizing.settled(len(batch.records), time.monotonic() - since)

    async def run(stream: Any) -> None:
        await stage.open()
        observer.opened(stage.name)
        app.add_future(progress.run())
        async with aclosing(ahead(batches(stream.channel.queue, most, within=settings.batch_seconds))) as gathered:
            async for some in gathered:
                for events in cut(some, lambda: sizing.size(progress.waiting())):
                    await settle(events)

    app.agent(topic, name=stage.name, supervisor_strategy=CrashingSupervisor, concurrency=1)(run)

    async def on_assigned(_: Any, assigned: Iterable[TP], **__: Any) -> None:
        owned = {Partition(tp.topic, tp.partition) for tp in assigned if tp.topic in stage.inputs}
        if progress.assigned(owned, app.consumer_generation_id):
            await restart(owned)
        else:
            await stage.assigned(frozenset(partition.number for partition in owned))
        observer.assigned(stage.name, owned)
        ledger.assigned(stage.name)

    async def on_revoked(_: Any, __: Iterable[TP], **___: Any) -> None:
        await progress.idle(LEAVE_SECONDS)
        await progress.commit()

    app.on_partitions_assigned.connect(on_assigned, weak=False)  # type: ignore[arg-type]
    app.on_partitions_revoked.connect(on_revoked, weak=False)  # type: ignore[arg-type]
    return app


class Settler:
    """Settles one batch: what follows from it is delivered, and what is too large becomes a dead letter."""

    def __init__(
        self,
        stage: Stage,
        outbox: Outbox,
        dead_letters: str,
        ledger: Ledger,
        observer: Observer = UNOBSERVED,
        end: Callable[[Partition], int | None] = lambda _: None,
    ) -> None:
        """`end` gives the offset after a partition's newest record, where it is known."""
        self._stage = stage
        self._outbox = outbox
        self._dead_letters = dead_letters
        self._ledger = ledger
        self._observer = observer
        self._end = end

    async def settle(self, records: list[Record]) -> None:
        """Returns when every record is settled and every message that follows from it is on the broker.

        Raises LeaseLost where another worker has taken over meanwhile.
        """
        started = time.perf_counter()
        self._observer.taken(self._stage.name, records, self._ends(records))
        mine = [
            record for record in records if self._stage.name == "enrich" or only_for(record) in (None, self._stage.name)
        ]
        messages = await self._stage.process(mine) if mine else []
        worked = time.perf_counter()
        messages = await self._delivered(messages)
        self._ledger.settled(self._stage.name, records, messages)
        self._observer.settled(
            self._stage.name,
            records,
            messages,
            work_seconds=worked - started,
            seconds=time.perf_counter() - started,
        )

    async def _delivered(self, messages: list[Message]) -> list[Message]:
        """Sends what follows from a batch, in its order; gives what was taken, and the dead letters of what was not.

        Of one cause all is taken or nothing: what the broker may find too large goes before the rest, alone.
        """
        if messages:
            await require_lease()
        outputs = [message for message in messages if not message.follows and not message.state]
        large = sorted((one for one in outputs if one.size > SAFE_BYTES), key=lambda one: one.size, reverse=True)
        refused: list[Message] = []
        lost: set[int] = set()
        for message in large:
            if id(message.cause) not in lost and await self._outbox.send([message]):
                refused.append(message)
                lost.add(id(message.cause))
        rest = [one for one in outputs if one.size <= SAFE_BYTES and id(one.cause) not in lost]
        refused += await self._outbox.send(rest)
        later = [one for one in messages if one.follows and id(one.cause) not in lost]
        state = [message for message in messages if message.state]
        refused += await self._outbox.send(later)  # whoever owns the partitions now: what they follow is out
        if state:
            await require_lease()
        refused += await self._outbox.send(state)
        letters = [self._too_large(cause) for cause in {id(m.cause): m.cause for m in refused}.values() if cause]
        if await self._outbox.send(letters):
            raise RuntimeError("a dead letter is too large for the broker")
        away = {id(message) for message in refused}
        return [
            one
            for one in (*large, *rest, *later, *state)
            if id(one) not in away and (one.state or id(one.cause) not in lost)
        ] + letters

    def _ends(self, records: list[Record]) -> dict[Partition, int]:
        partitions = {Partition(record.topic, record.partition) for record in records}
        return {one: end for one in partitions if (end := self._end(one)) is not None}

    def _too_large(self, cause: Record) -> Message:
        error = RejectedInput("too-large", "what follows from the record is larger than Kafka's message limit")
        return dead_letter(self._dead_letters, self._stage.name, cause, error)


def _record(event: EventT[bytes], now_ms: int) -> Record:
    message = event.message
    headers: Any = message.headers or {}
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=_bytes(message.key),
        value=_bytes(message.value),
        timestamp_ms=believable(message.timestamp, now_ms, by_broker=message.timestamp_type == LOG_APPEND_TIME),
        headers={name: value for name, value in pairs if value is not None},
    )


def believable(timestamp: float | None, now_ms: int, *, by_broker: bool = False) -> int:
    """A record's time in milliseconds, from seconds; now where a producer's clock gives none, or one from the future.

    A time that were years ahead would make its post the newest version for ever, and move the alerts' clock there. What
    the broker stamped itself is believed whatever our own clock says, or a post's version would change with the worker.
    """
    if timestamp is None or timestamp < 0 or not (by_broker or timestamp * 1000 <= now_ms + MAX_AHEAD_MS):
        return now_ms
    return int(timestamp * 1000)


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def credentials(settings: Settings) -> Any:
    """Faust's form of the security settings; None for a plain connection."""
    import ssl

    from faust import SASLCredentials, SSLCredentials
    from faust.types.auth import AuthProtocol

    if settings.kafka_security_protocol == "PLAINTEXT":
        return None
    context = None
    if settings.kafka_security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=settings.kafka_ssl_ca)
        if settings.kafka_ssl_certificate:
            context.load_cert_chain(settings.kafka_ssl_certificate, settings.kafka_ssl_key)
    if settings.kafka_security_protocol == "SSL":
        return SSLCredentials(context)
    sasl = SASLCredentials(
        username=settings.kafka_sasl_username,
        password=settings.kafka_sasl_password,
        ssl_context=context,
        mechanism=settings.kafka_sasl_mechanism,
    )
    sasl.protocol = AuthProtocol.SASL_SSL if context else AuthProtocol.SASL_PLAINTEXT
    return sasl
