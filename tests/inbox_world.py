"""The inbox without Kafka: the real `case` and `index` stages called one after the other, over a store of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import msgspec
import uvicorn

from enrichers.base import Draft
from enrichers.severity import Severity
from schemas.cases import CaseAnswer, CaseCommand
from schemas.codec import encode
from schemas.enriched import EnrichedPost
from schemas.links import LinkCommand
from sinks.base import Query, Sink
from streams.inbox.app import build_app
from streams.inbox.desk import Desk
from streams.inbox.guard import Guard
from streams.records import Message, Record
from streams.settings import load_settings
from streams.signals import signal_of
from streams.stages.case import CaseStage
from streams.stages.index import IndexStage
from streams.stages.link import LinkStage
from streams.topics import topics_of

TOPICS = topics_of(load_settings(environ={}))


class World:
    """Takes posts and commands at once; `send` is what a `CaseLine` would do."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.commands: list[CaseCommand] = []
        self._kept: dict[str, dict[bytes, bytes]] = {}
        self._lock = threading.Lock()
        self._offset = 0
        for document in sink.search(Query(kind="cases", limit=10_000)).documents:
            case = msgspec.json.encode(document.body["feedback"]["case"])
            self._kept.setdefault(TOPICS.cases, {})[document.id.encode()] = case
        self._case = CaseStage(TOPICS, self._read)
        self._index = IndexStage(TOPICS, lambda: sink)
        self._link = LinkStage(TOPICS, self._read, posts=1_000)
        self._thread = ThreadPoolExecutor(1)  # a caller may have an event loop of its own
        self._run(self._index.open())
        self._run(self._case.assigned(frozenset({0})))

    def _read(self, topic: str, partition: int) -> Mapping[bytes, bytes]:
        return dict(self._kept.get(topic, {}))

    def tell(self, posts: Iterable[EnrichedPost]) -> None:
        """Posts come in: they are indexed, and open and move cases."""
        cost = Severity()
        drafts = [one if one.post.severity else cost([one])[0] for one in map(Draft, posts)]
        self._stage(self._index, [(TOPICS.enriched, encode(draft.post)) for draft in drafts])
        self._stage(self._case, [(TOPICS.signals, encode(signal_of(draft))) for draft in drafts])

    def send(self, command: CaseCommand) -> CaseAnswer | None:
        """A person's step, answered."""
        self.commands.append(command)
        messages = self._stage(self._case, [(TOPICS.case_commands, encode(command))])
        (answer,) = [message for message in messages if message.topic == TOPICS.case_answers]
        return msgspec.json.decode(answer.value or b"", type=CaseAnswer)

    def compare(self, posts: Iterable[EnrichedPost]) -> None:
        """The `link` stage gets to see posts that were told before."""
        self._stage(self._link, [(TOPICS.signals, encode(signal_of(Draft(post)))) for post in posts])

    def say(self, order: LinkCommand) -> None:
        """A person's word on two posts."""
        self._stage(self._link, [(TOPICS.link_commands, encode(order))])

    def close(self) -> None:
        """As a line is closed; the world goes on."""

    def _run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self._thread.submit(asyncio.run, doing).result()

    def _stage(self, stage: Any, values: list[tuple[str, bytes]]) -> list[Message]:
        with self._lock:
            now = time.time_ns() // 1_000_000
            records = []
            for topic, value in values:
                self._offset += 1
                records.append(Record(topic, 0, self._offset, None, value, now))
            messages: list[Message] = self._run(stage.process(records))
        told = [(one.topic, one.value) for one in messages if one.topic in (TOPICS.cases, TOPICS.enriched)]
        if told and stage is not self._index:
            self._stage(self._index, [(topic, value or b"") for topic, value in told])
            self.sink.refresh()
        return messages


@contextmanager
def served(world: World, *, guard: Guard | None = None, desk: Desk | None = None, **given: Any) -> Iterator[str]:
    """The inbox over a world, on a free port; gives its address."""
    desk = desk or Desk(lambda: world, send_link=world.say)
    address = Guard(frozenset(), token=guard.token if guard else None)
    config = uvicorn.Config(
        build_app(world.sink, address, desk, live_seconds=0.2, stopping=lambda: server.should_exit, **given),
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the inbox did not start")
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    object.__setattr__(address, "names", frozenset({f"127.0.0.1:{port}"}))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
