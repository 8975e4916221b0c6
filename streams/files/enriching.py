"""A batch of items through the chain: each becomes a line of enriched JSON, or a reject, in the same order."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from enrichers.base import Draft
from schemas.codec import encode
from schemas.errors import RejectedInput
from schemas.raw import RawPost
from schemas.vectors import encode_vector
from streams.files.base import EXCERPT, Item, Post, Reject
from streams.outgoing import refuse_unredacted


class DraftOf(Protocol):
    """The shape of `streams.intake.to_draft`."""

    def __call__(self, raw: RawPost, *, received_ms: int, origin: dict[str, Any]) -> Draft: ...


@dataclass(frozen=True, slots=True)
class Enriched:
    """One post's line of JSON with its line ending; `failed` names the enrichers that gave up on it."""

    line: bytes
    failed: tuple[str, ...] = ()


Result = Enriched | Reject


@dataclass(frozen=True, slots=True)
class Enrich:
    """Called with a batch of items, gives as many results. `channels` None: every channel is taken."""

    chain: Callable[[Sequence[Draft]], list[Draft]]
    draft_of: DraftOf
    now_ms: Callable[[], int]
    channels: Collection[str] | None = None
    with_embedding: bool = False

    def __call__(self, items: Sequence[Item]) -> list[Result]:
        results: list[Result | None] = []
        accepted: list[tuple[int, Post]] = []
        drafts: list[Draft] = []
        for item in items:
            draft = self._draft(item) if isinstance(item, Post) else item
            if isinstance(draft, Draft) and isinstance(item, Post):
                accepted.append((len(results), item))
                drafts.append(draft)
                results.append(None)
            elif isinstance(draft, Reject):
                results.append(draft)
        for (place, item), draft in zip(accepted, self.chain(drafts), strict=True):
            results[place] = self._line(draft, item)
        return [result for result in results if result is not None]

    def _draft(self, item: Post) -> Draft | Reject:
        try:
            if self.channels is not None and item.raw.channel not in self.channels:
                known = ", ".join(sorted(self.channels))
                raise RejectedInput("unknown-channel", f"the channel is none of {known}; add it to the settings")
            origin = {"file": item.file.rpartition(os.sep)[2], "line": item.line}
            return self.draft_of(item.raw, received_ms=self.now_ms(), origin=origin)
        except RejectedInput as error:
            return _rejected(item, error)

    def _line(self, draft: Draft, item: Post) -> Result:
        post = draft.post
        if not self.with_embedding:
            post = msgspec.structs.replace(post, embedding=None)
        elif post.embedding is None and draft.vector is not None:
            post = msgspec.structs.replace(post, embedding=encode_vector(draft.vector))
        try:
            refuse_unredacted(draft)
            return Enriched(encode(post) + b"\n", tuple(post.provenance.failed))
        except RejectedInput as error:
            return Reject(item.line, error.reason, str(error), file=item.file)  # no excerpt: it is not redacted
        except (ValueError, OverflowError, RecursionError, TypeError):
            return _rejected(item, RejectedInput("failed", "the enriched post cannot be written as JSON"))


def characters(item: Item) -> int:
    """What an item weighs in a batch."""
    return len(item.raw.text) if isinstance(item, Post) else len(item.data)


def _rejected(item: Post, error: RejectedInput) -> Reject:
    return Reject(item.line, error.reason, str(error), item.raw.text[:EXCERPT].encode("utf-8", "replace"), item.file)
