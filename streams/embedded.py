"""All stages in this process on the embedded broker, fed with records that are given: demo, tests, benchmarks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace as with_settings

from enrichers.chain import Chain
from enrichers.scoring.topic_model import TopicModel
from schemas.errors import BrokerError
from sinks.base import Sink
from streams.broker.client import client_config
from streams.broker.embedded import PARTITIONS, EmbeddedBroker
from streams.broker.pusher import Pusher
from streams.runner import Runner
from streams.settings import Settings
from streams.topics import Topics, plan
from streams.wiring import STAGES, Flow, build_flow

UNDER_WAY = 48
"""Records between the broker and the last stage at a time: the embedded broker forgets what runs too far ahead."""
STALL_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """One record on its way; `time` is its event time in seconds."""

    topic: str
    key: bytes
    value: bytes
    headers: dict[str, bytes]
    time: float = 0.0


@dataclass(slots=True)
class Outcome:
    """What was done: records sent, seconds, records settled by stage, and why it failed if it did.

    `refused` of those sent were not taken by the broker: they are too large for Kafka.
    """

    sent: int = 0
    refused: int = 0
    seconds: float = 0.0
    settled: dict[str, int] = field(default_factory=dict)
    dead_letters: int = 0
    failure: str | None = None
    code: int = 0

    @property
    def complete(self) -> bool:
        """Everything was sent and settled."""
        return self.failure is None and self.code == 0 and self.seconds > 0


def play(
    settings: Settings,
    story: Callable[[Topics], Iterable[Parcel]],
    *,
    under_way: int = UNDER_WAY,
    sink: Callable[[], Sink] | None = None,
    chain: Callable[[Callable[[], TopicModel]], Chain] | None = None,
    on_ready: Callable[[], None] = lambda: None,
    on_progress: Callable[[int, float], None] = lambda _, __: None,
) -> Outcome:
    """Blocks until every record is settled by every stage, or something fails; Ctrl-C stops it.

    Posts of any age may alert: a story is told as if each post arrived when it was written. `on_ready` is called when
    the stages have their partitions; `on_progress` gets how many records the first stage has settled and the event
    time of the one just sent. Both are called on a thread of their own.
    """
    outcome = Outcome()
    with EmbeddedBroker() as broker:
        own = with_settings(settings, kafka_bootstrap_servers=broker.address, history_days=None)
        flow = build_flow(own, STAGES, shared=False, sink=sink, chain=chain)
        broker.create([one.name for one in plan(flow.topics, partitions=PARTITIONS)])
        runner = Runner(flow.apps, flow.stages)
        teller = _Teller(own, flow, runner, story, under_way, outcome, on_ready, on_progress)
        thread = threading.Thread(target=teller.tell, name="teller", daemon=True)
        thread.start()
        try:
            outcome.code = runner.run()
        finally:
            flow.ledger.close()
            thread.join(5.0)
            flow.close()
        outcome.settled = {stage.name: flow.ledger.settled_by(stage.name) for stage in flow.stages}
        outcome.dead_letters = flow.ledger.produced(flow.topics.dead_letters)
    return outcome


class _StoppedError(Exception):
    """The worker ended before the story did."""


@dataclass(frozen=True, slots=True)
class _Teller:
    """Sends records, never too far ahead of the slowest stage, waits for silence and stops the worker."""

    settings: Settings
    flow: Flow
    runner: Runner
    story: Callable[[Topics], Iterable[Parcel]]
    under_way: int
    outcome: Outcome
    on_ready: Callable[[], None]
    on_progress: Callable[[int, float], None]

    def tell(self) -> None:
        """For a thread of its own."""
        try:
            self._tell()
        except _StoppedError:
            pass  # by a signal, or by a crash that the runner tells of
        except Exception as error:  # noqa: BLE001 - told by the caller, on the thread that prints
            self.outcome.failure = str(error) or type(error).__name__
        finally:
            self.runner.stop()

    def _tell(self) -> None:
        ledger = self.flow.ledger
        if not ledger.wait_ready([stage.name for stage in self.flow.stages], seconds=STALL_SECONDS):
            if ledger.closed:
                raise _StoppedError
            raise BrokerError("the stages did not get their partitions in time: run it again")
        self.on_ready()
        started = time.monotonic()
        pusher = Pusher(client_config(self.settings), on_refused=self._refused, linger_ms=1)
        moment = 0.0
        for parcel in self.story(self.flow.topics):
            self._wait(self.under_way)
            ledger.sent([parcel.topic])
            pusher.push(parcel.topic, parcel.key, parcel.value, parcel.headers, parcel.topic)
            self.outcome.sent += 1
            moment = parcel.time
            self.on_progress(ledger.settled_by("enrich"), moment)
        pusher.flush()
        self._wait(0)
        self.on_progress(ledger.settled_by("enrich"), moment)
        self.outcome.seconds = time.monotonic() - started

    def _refused(self, topic: object, _: object) -> None:
        self.outcome.refused += 1
        self.flow.ledger.withdrawn([str(topic)])

    def _wait(self, limit: int) -> None:
        if not self.flow.ledger.wait_below(limit, seconds=STALL_SECONDS):
            if self.flow.ledger.closed:
                raise _StoppedError
            raise BrokerError("the stages have stood still for two minutes: `vocero doctor` says what may be missing")
