"""`index`: the only writer of documents. Posts, relabels, cases, alerts, topics and dead letters into the sink."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from enrichers.base import Draft
from enrichers.severity import Severity
from schemas.alerts import Alert
from schemas.cases import Case
from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.enriched import Compared, EnrichedPost, Relabel
from schemas.errors import RejectedInput, StoreError
from schemas.identity import from_millis
from schemas.signals import Signal
from schemas.topics import Topic
from sinks.base import Document, Outcome, Sink, Status
from sinks.documents import (
    alert_document,
    case_document,
    compared_document,
    dead_letter_document,
    post_document,
    post_of,
    relabelled,
    topic_document,
)
from streams.cases.corrections import Cost, corrected
from streams.cases.known import KnownCorrections
from streams.delivery.backoff import Backoff
from streams.delivery.dead_letters import dead_letter
from streams.delivery.lease import LeaseLost, require_lease
from streams.delivery.observer import UNOBSERVED, Observer
from streams.headers import FOR, OF, cloud_event, text_header
from streams.records import Message, Record
from streams.signals import signal_of
from streams.stages.base import each
from streams.topics import Topics

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Work:
    record: Record
    document: Document


class IndexStage:
    """Writes documents, waits in place while the store is away, and dead-letters what can never be stored."""

    name = "index"

    def __init__(
        self,
        topics: Topics,
        sink: Callable[[], Sink],
        backoff: Backoff = Backoff(),
        observer: Observer = UNOBSERVED,
        erased: Container[str] = frozenset(),
        cost: Cost | None = None,
        corrections: KnownCorrections | None = None,
    ) -> None:
        """`corrections` are laid over posts that were enriched before they were known.

        `cost` works out what a corrected post can cost; the enricher `severity` as it is, where none is given.
        """
        self._cost = cost or Severity()
        self._corrections = corrections
        self._topics = topics
        self.inputs: tuple[str, ...] = (
            topics.enriched,
            topics.alerts,
            topics.cases,
            topics.topics,
            topics.dead_letters,
        )
        self._make_sink = sink
        self._erased = erased
        self._sink: Sink | None = None
        self._backoff = backoff
        self._observer = observer
        self._random = random.Random()  # noqa: S311 - jitter
        self._decode_post = msgspec.json.Decoder(EnrichedPost).decode
        self._decode_relabel = msgspec.json.Decoder(Relabel | Compared).decode
        self._decode_alert = msgspec.json.Decoder(Alert).decode
        self._decode_case = msgspec.json.Decoder(Case).decode
        self._decode_topic = msgspec.json.Decoder(Topic).decode
        self._decode_letter = msgspec.json.Decoder(DeadLetter).decode

    async def open(self) -> None:
        """Opens the sink and creates what is missing in it; waits for a store that is away."""
        self._sink = await asyncio.to_thread(self._make_sink)
        await self._patiently(self._sink.open)

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Nothing is kept per partition."""

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        """Dead letters of what the store rejects; everything else is written when this returns."""
        work: list[_Work] = []
        relabels: list[tuple[Record, Relabel | Compared]] = []

        def take(record: Record) -> list[Message]:
            document = self._document(record)
            if isinstance(document, Relabel | Compared):
                if isinstance(document, Relabel) and document.correction is not None and self._corrections is not None:
                    self._corrections.note(document.correction)
                relabels.append((record, document))
            elif document is not None:
                work.append(_Work(record, document))
            return []

        messages = await asyncio.to_thread(each, batch, take, stage=self.name, dead_letters=self._topics.dead_letters)
        relabels = self._at_once(work, relabels)
        messages.extend(await self._write(work))
        if relabels:
            messages.extend(await self._write(await self._relabelled(relabels)))
        return messages

    def _at_once(
        self, work: list[_Work], relabels: list[tuple[Record, Relabel | Compared]]
    ) -> list[tuple[Record, Relabel | Compared]]:
        """Lays what is said of a post over the edition that came in the same batch, so that one write is enough.

        What is left over is said of posts that are stored already.
        """
        newest: dict[str, int] = {}
        for index, one in enumerate(work):
            if one.document.kind == "posts":
                held = newest.get(one.document.id)
                if held is None or work[held].document.version <= one.document.version:
                    newest[one.document.id] = index
        left = []
        for record, relabel in relabels:
            at = newest.get(relabel.identity)
            if at is None or work[at].document.version != relabel.version:
                left.append((record, relabel))
            else:
                work[at] = _Work(work[at].record, self._changed(work[at].document, relabel))
        return left

    def _document(self, record: Record) -> Document | Relabel | Compared | None:
        value = record.value or b""
        topic = text_header(record.headers, OF) or record.topic
        try:
            if topic == self._topics.enriched:
                if value.startswith(b'{"kind":"'):
                    relabel: Relabel | Compared = self._decode_relabel(value)
                    return relabel
                return post_document(self._with_correction(self._decode_post(value)))
            if topic == self._topics.alerts:
                return alert_document(without_posts(self._decode_alert(value), self._erased))
            if topic == self._topics.cases:
                return case_document(self._decode_case(value))
            if topic == self._topics.dead_letters:
                return dead_letter_document(self._decode_letter(value))
            grouped = self._decode_topic(value)
            return topic_document(grouped) if grouped.status != "candidate" else None
        except msgspec.MsgspecError:
            if record.topic == self._topics.dead_letters:
                # a dead letter of a dead letter would come back here for ever; this one stays on its topic
                log.warning("index: a record on %s is no dead letter, and is not stored", record.topic)
                return None
            raise RejectedInput("bad-value", "the record does not fit the schema of its topic") from None

    def _with_correction(self, post: EnrichedPost) -> EnrichedPost:
        return post if self._corrections is None else self._corrections([Draft(post)])[0].post

    async def _relabelled(self, relabels: list[tuple[Record, Relabel | Compared]]) -> list[_Work]:
        """The stored documents with the newest topics and corrections; a post that was replaced keeps its own."""
        by_post: dict[str, list[tuple[Record, Relabel | Compared]]] = {}
        for record, relabel in relabels:
            by_post.setdefault(relabel.identity, []).append((record, relabel))
        sink = self._open_sink
        stored = await self._patiently(lambda: sink.get("posts", list(by_post)))
        work = []
        for found, document in zip(by_post.values(), stored, strict=True):
            changed = document
            for _, relabel in found:
                changed = self._changed(changed, relabel) if changed is not None else None
            if changed is not None and changed is not document:
                work.append(_Work(found[-1][0], changed))
        return work

    def _changed(self, document: Document, relabel: Relabel | Compared) -> Document:
        if isinstance(relabel, Compared):
            return compared_document(document, relabel) if document.version == relabel.version else document
        if relabel.correction is not None:
            try:
                post = post_of(document)
            except ValueError:
                log.warning("index: a correction found a document of another version of the schema, and left it")
                return document
            after = corrected(post, relabel.correction, self._cost)
            return document if after is post else post_document(after)
        return relabelled(document, relabel) if document.version == relabel.version else document

    @property
    def _open_sink(self) -> Sink:
        if self._sink is None:
            raise RuntimeError("the stage is not open")
        return self._sink

    async def _patiently(self, call: Callable[[], T]) -> T:
        """What `call` gives, in a thread, as soon as the store lets it."""
        attempt = 0
        while True:
            try:
                return await asyncio.to_thread(call)
            except StoreError as error:
                attempt += 1
                delay = self._backoff.delay(attempt, self._random.random())
                log.warning("index: waiting %.1f s for the store: %s", delay, error)
                await asyncio.sleep(delay)

    async def _write(self, work: list[_Work]) -> list[Message]:
        """Writes until each document is settled; what the store refuses for good becomes a dead letter.

        Raises LeaseLost where another worker has taken over: it may have written what came after these.
        """
        letters: list[Message] = []
        attempt = 0
        while work:
            until = await require_lease()
            outcomes = await asyncio.to_thread(self._open_sink.write, [one.document for one in work], until=until)
            if time.monotonic() > until:
                await self._make_amends(work)
            again: list[_Work] = []
            reason = ""
            for one, outcome in zip(work, outcomes, strict=True):
                if outcome.status is Status.RETRY:
                    again.append(one)
                    reason = outcome.reason
                elif outcome.status is not Status.REJECTED:
                    continue
                elif one.document.kind == "dead-letters":
                    log.warning("index: the store refuses a dead letter, which stays on Kafka (%s)", outcome.reason)
                else:
                    letters.append(self._letter(one, outcome))
            work = again
            if work:
                attempt += 1
                self._observer.store_retried(self.name, len(work))
                delay = self._backoff.delay(attempt, self._random.random())
                log.warning("index: %d documents wait %.1f s for the store (%s)", len(work), delay, reason)
                await asyncio.sleep(delay)
        return letters

    async def _make_amends(self, work: list[_Work]) -> None:
        """What was written too late may stand over what the partitions' new owner wrote: a newer word on these posts.

        `link` is asked to say it once more. Raises LeaseLost where there is a new owner.
        """
        try:
            await require_lease()
        except LeaseLost:
            posts = [post_of(one.document) for one in work if one.document.kind == "posts"]
            raise LeaseLost([self._repeat(signal_of(Draft(post))) for post in posts]) from None

    def _repeat(self, signal: Signal) -> Message:
        headers = cloud_event(
            kind="post.signal",
            stage=self.name,
            event_id=f"{signal.identity}:{signal.version}:again",
            time=from_millis(signal.event_time),
            version=signal.version,
        )
        return Message(
            self._topics.signals,
            signal.brand.encode("utf-8", "replace"),
            encode(signal),
            headers | {FOR: b"link"},
        )

    def _letter(self, work: _Work, outcome: Outcome) -> Message:
        error = RejectedInput("rejected-by-store", f"the store refuses the document: {outcome.reason}")
        excerpt = str(work.document.body.get("feedback", {}).get("clean_text", ""))
        return dead_letter(
            self._topics.dead_letters, self.name, work.record, error, identity=work.document.id, excerpt=excerpt
        )

    def close(self) -> None:
        """Closes the sink."""
        if self._sink is not None:
            self._sink.close()


def without_posts(alert: Alert, erased: Container[str]) -> Alert:
    """The alert without the words of posts that were erased; what it counted stays."""
    kept = [post for post in alert.exemplars if post.identity not in erased]
    return alert if len(kept) == len(alert.exemplars) else msgspec.structs.replace(alert, exemplars=kept)
