"""`enrich`: a raw post in; the enriched post, a signal and a lesson out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import msgspec

from enrichers.base import Draft
from enrichers.chain import Chain
from enrichers.recent import Asked
from schemas.codec import Limits, decode_raw, encode
from schemas.enriched import EnrichedPost
from schemas.errors import RejectedInput
from schemas.identity import MAX_AHEAD_MS, parse_time
from streams.delivery.dead_letters import dead_letter
from streams.headers import (
    FOR,
    Address,
    arrived_header,
    cloud_event,
    only_for,
    raw_address,
    text_header,
    version_header,
)
from streams.intake import to_draft
from streams.outgoing import NOT_SHOWN, refuse_unredacted
from streams.records import Message, Record
from streams.reenrich import Again
from streams.signals import NAME, lesson_of, signal_of
from streams.stages.base import each
from streams.topics import Topics


class Enrichment(Protocol):
    """What the stage needs of a chain of enrichers."""

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Taken:
    record: Record
    draft: Draft


class EnrichStage:
    """Decodes, enriches and forwards. Models run on one thread of their own, never on the event loop."""

    name = "enrich"

    def __init__(
        self,
        topics: Topics,
        chain: Callable[[], Enrichment],
        limits: Limits,
        corrections: Callable[[Sequence[Draft]], list[Draft]] = list,
        *,
        again: Again | None = None,
        erased: Container[str] = frozenset(),
    ) -> None:
        """`chain` is called once, on the model thread, when the stage opens; `corrections` have the last word.

        `again`: these posts were enriched before, so only their documents are made anew. `erased`: identities of posts
        that are settled without being worked on.
        """
        self._corrections = corrections
        self._erased = erased
        self.inputs: tuple[str, ...] = tuple(topics.raw.values())
        self._topics = topics
        self._make_chain = chain
        self._chain: Enrichment | None = None
        self._limits = limits
        self._again = again
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="enrich")

    async def open(self) -> None:
        """Loads the models."""
        self._chain = await asyncio.get_running_loop().run_in_executor(self._thread, self._make_chain)

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Nothing is kept per partition."""

    async def process(self, batch: Sequence[Record]) -> list[Message]:
        """Enriched posts, signals, lessons and dead letters of a batch."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.enriched, batch)

    def enriched(self, batch: Sequence[Record]) -> list[Message]:
        """The same, blocking: for the model thread."""
        if self._chain is None:
            raise RuntimeError("the stage is not open")
        taken: list[_Taken] = []

        def take(record: Record) -> list[Message]:
            if self._again is None or self._again.takes(record):
                draft = self._draft(record)
                if draft.post.identity not in self._erased:
                    taken.append(_Taken(record, draft))
            return []

        messages = each(batch, take, stage=self.name, dead_letters=self._topics.dead_letters)
        drafts = self._corrections(self._chain([one.draft for one in taken]))
        for one, draft in zip(taken, drafts, strict=True):
            messages.extend(self._forward(one.record, draft))
        return messages

    def _draft(self, record: Record) -> Draft:
        raw = decode_raw(record.value or b"", self._limits)
        if raw.channel not in self._topics.raw:
            raise RejectedInput("unknown-channel", "the channel is not one of the settings' `channels`: add it there")
        if raw.created_at is None and parse_time(time := text_header(record.headers, "ce_time")):
            raw = msgspec.structs.replace(raw, created_at=time)
        raw_place = raw_address(record)
        origin: dict[str, object] = {
            "topic": raw_place.topic,
            "partition": raw_place.partition,
            "offset": raw_place.offset,
        }
        for name in ("ce_id", "ce_source", "ce_type"):
            if value := text_header(record.headers, name):
                origin[name] = value[:NAME]
        # what a replay says of a record's first arrival; no header can put it later than this one
        arrived, version = arrived_header(record.headers), version_header(record.headers)
        received_ms = record.timestamp_ms if arrived is None else min(arrived, record.timestamp_ms)
        if version is not None and version > record.timestamp_ms + MAX_AHEAD_MS:
            version = None
        return to_draft(raw, received_ms=received_ms, origin=origin, version=version)

    def _forward(self, record: Record, draft: Draft) -> list[Message]:
        post = draft.post
        raw = raw_address(record)
        try:
            refuse_unredacted(draft)
            enriched = encode(post)
        except RejectedInput as error:
            return [self._refused(record, post, error)]
        except (UnicodeEncodeError, ValueError, OverflowError):
            return [self._refused(record, post, RejectedInput("bad-value", "the post cannot be written as JSON"))]
        only = only_for(record) if self._again is None else "index"

        def message(topic: str, key: str, value: bytes, kind: str, partition: int | None = None) -> Message:
            headers = self._headers(kind, post, raw, record, only)
            return Message(
                topic,
                key.encode("utf-8", "replace"),
                value,
                headers,
                partition=partition,
                cause=record,
                # what `link` and `learn` make of it goes to the post's document, which must be there first
                follows=topic != self._topics.enriched,
            )

        messages = []
        if only in (None, "index"):
            messages.append(message(self._topics.enriched, post.identity, enriched, "post.enriched"))
        if only in (None, "alert", "case", "link"):
            signal = signal_of(draft)
            messages.append(message(self._topics.signals, signal.brand, encode(signal), "post.signal"))
        if only in (None, "learn") and (lesson := lesson_of(draft)):
            # one learn worker is active, that of the first partition
            messages.append(message(self._topics.learn, post.identity, encode(lesson), "post.lesson", 0))
        return messages

    def _refused(self, record: Record, post: EnrichedPost, error: RejectedInput) -> Message:
        letters = self._topics.dead_letters
        return dead_letter(letters, self.name, record, error, identity=post.identity, excerpt=NOT_SHOWN)

    def _headers(
        self, kind: str, post: EnrichedPost, raw: Address, record: Record, only: str | None
    ) -> dict[str, bytes]:
        headers = cloud_event(
            kind=kind,
            stage=self.name,
            event_id=f"{post.identity}:{post.version}",
            time=post.event_time,
            version=post.version,
            raw=raw,
            arrived_ms=record.timestamp_ms,
        )
        return headers if only is None else headers | {FOR: only.encode()}

    def caches(self) -> dict[str, Asked]:
        """How often the chain's caches were of use; empty before it is made."""
        return self._chain.caches() if isinstance(self._chain, Chain) else {}

    def close(self) -> None:
        """Ends the engines' child processes and the model thread."""
        if self._chain is not None:
            self._chain.close()
        self._thread.shutdown(wait=False, cancel_futures=True)
