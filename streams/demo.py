"""The main job in one process: the sample through the embedded broker and the real stages into the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace as with_settings

from schemas.errors import BrokerError, StoreError
from schemas.identity import parse_time
from streams.broker.client import client_config
from streams.broker.embedded import PARTITIONS, EmbeddedBroker
from streams.broker.pusher import Pusher, raw_record
from streams.files import Defaults, Options, Post, open_posts
from streams.runner import ask_to_stop, run_apps
from streams.settings import Settings
from streams.topics import Topics, plan
from streams.wiring import STAGES, Flow, build_flow

UNDER_WAY = 48
"""Posts between the broker and the last stage at a time: the embedded broker forgets what runs too far ahead."""
STALL_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """One record of the sample on its way: `time` orders the story."""

    topic: str
    key: bytes
    value: bytes
    headers: dict[str, bytes]
    time: float


@dataclass(slots=True)
class Outcome:
    """What the demo did: records sent, seconds, records settled by stage, and why it failed if it did."""

    sent: int = 0
    seconds: float = 0.0
    settled: dict[str, int] = field(default_factory=dict)
    dead_letters: int = 0
    failure: str | None = None
    code: int = 0


def sample_folder() -> Path:
    """Where the shipped sample lies: in the package of a wheel, or in the checkout."""
    for folder in (Path(__file__).parent / "sample", Path(__file__).parents[1] / "examples" / "sample"):
        if folder.is_dir():
            return folder
    raise StoreError("the sample is missing from this installation: install vocero again")


def parcels(folder: Path, topics: Topics) -> list[Parcel]:
    """Every record of the sample in the order of its story, the malformed ones spread among them."""
    names = [folder / name for name in ("reviews.jsonl", "social.jsonl", "emails.mbox", "survey.csv")]
    options = Options(defaults=Defaults(channel="email", source="support"))
    good = sorted(_posts(names, options, topics), key=lambda parcel: parcel.time)
    if not good:
        raise StoreError("the sample holds no posts: install vocero again")
    bad = (folder / "malformed.jsonl").read_bytes().splitlines()
    raw = next(iter(topics.raw.values()))
    step = max(1, len(good) // (len(bad) + 1))
    for number, line in enumerate(bad, start=1):
        time_of = good[min(number * step, len(good) - 1)].time
        good.append(Parcel(raw, b"malformed", line, {}, time_of))
    return sorted(good, key=lambda parcel: parcel.time)


def _posts(names: list[Path], options: Options, topics: Topics) -> Iterator[Parcel]:
    for item in open_posts(names, options):
        if isinstance(item, Post):
            # the order of arrival: an edit arrives when it was made
            moment = parse_time(item.raw.updated_at) or parse_time(item.raw.created_at)
            stamp = moment.timestamp() if moment else 0.0
            key, value, headers = raw_record(item.raw, now_ms=int(stamp * 1000))
            yield Parcel(topics.raw[item.raw.channel], key, value, headers, stamp)


def run_demo(
    settings: Settings, folder: Path, *, on_ready: Callable[[int], None], on_progress: Callable[[int, float], None]
) -> Outcome:
    """Blocks until every record of the sample is settled by every stage, or something fails.

    `on_ready` gets the number of records once the stages have their partitions; `on_progress` the number settled by
    the first stage so far and the event time in seconds. Both are called on a thread of their own.
    """
    outcome = Outcome()
    with EmbeddedBroker() as broker:
        # the story lies in the past: it is told as if each post arrived when it was written
        own = with_settings(settings, kafka_bootstrap_servers=broker.address, history_days=None)
        flow = build_flow(own, STAGES, shared=False)
        broker.create([one.name for one in plan(flow.topics, partitions=PARTITIONS)])
        teller = threading.Thread(
            target=_tell, args=(own, flow, folder, outcome, on_ready, on_progress), name="demo", daemon=True
        )
        teller.start()
        try:
            outcome.code = run_apps(flow.apps, flow.stages)
        finally:
            flow.close()
        outcome.settled = {stage.name: flow.ledger.settled_by(stage.name) for stage in flow.stages}
        outcome.dead_letters = flow.ledger.produced(flow.topics.dead_letters)
    return outcome


def _tell(
    settings: Settings,
    flow: Flow,
    folder: Path,
    outcome: Outcome,
    on_ready: Callable[[int], None],
    on_progress: Callable[[int, float], None],
) -> None:
    """Sends the sample, never too far ahead of the slowest stage, waits for silence and stops the worker."""
    try:
        story = parcels(folder, flow.topics)
        if not flow.ledger.wait_ready([stage.name for stage in flow.stages], seconds=STALL_SECONDS):
            raise BrokerError("the stages did not get their partitions in time: run the demo again")
        on_ready(len(story))
        started = time.monotonic()
        pusher = Pusher(client_config(settings), on_refused=lambda _, __: None)
        for parcel in story:
            _wait(flow, UNDER_WAY)
            flow.ledger.sent([parcel.topic])
            pusher.push(parcel.topic, parcel.key, parcel.value, parcel.headers, None)
            outcome.sent += 1
            on_progress(flow.ledger.settled_by("enrich"), parcel.time)
        pusher.flush()
        _wait(flow, 0)
        on_progress(flow.ledger.settled_by("enrich"), story[-1].time)
        outcome.seconds = time.monotonic() - started
    except Exception as error:  # noqa: BLE001 - told by the caller, on the thread that prints
        outcome.failure = str(error) or type(error).__name__
    finally:
        ask_to_stop()


def _wait(flow: Flow, limit: int) -> None:
    if not flow.ledger.wait_below(limit, seconds=STALL_SECONDS):
        raise BrokerError("the stages have stood still for two minutes: `vocero doctor` says what may be missing")
