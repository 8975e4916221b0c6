"""Runs the enrichers in order over a batch; one post that breaks an enricher costs only that field of that post.

A large batch goes through in parts, side by side in lanes of enrichers: while one part is embedded, the next one is
translated and the one after it cleaned. Each enricher still sees one part at a time, in order.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from enrichers.base import Draft, Enricher, stamped
from enrichers.recent import Asked, Recent

log = logging.getLogger(__name__)

PART = 64
"""Posts of one part: enough for the models to work at their best, few enough that the lanes fill early."""


class Chain:
    """The enrichers of a profile, in order. Calling it enriches a batch; not safe for several callers at once.

    `lanes` names the enrichers that begin a lane, on a thread of its own; none: all of them run on the caller's.
    """

    def __init__(self, enrichers: Sequence[Enricher], lanes: Collection[str] = (), *, part: int = PART) -> None:
        self.enrichers = tuple(enrichers)
        self._part = part
        self._lanes: list[list[Enricher]] = [[]]
        for enricher in self.enrichers:
            if enricher.name in lanes and self._lanes[-1]:
                self._lanes.append([])
            self._lanes[-1].append(enricher)
        self._threads = [ThreadPoolExecutor(1, thread_name_prefix=f"lane-{place}") for place in range(len(self._lanes))]

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Enriched drafts, as many as given and in the same order. Never raises for a post's sake."""
        if len(drafts) <= self._part or len(self._lanes) == 1:
            return _through(self.enrichers, list(drafts))
        first, *later = zip(self._threads, self._lanes, strict=True)
        under_way = [
            first[0].submit(_through, first[1], list(drafts[start : start + self._part]))
            for start in range(0, len(drafts), self._part)
        ]
        for thread, lane in later:
            under_way = [thread.submit(_after, one, lane) for one in under_way]
        return [draft for one in under_way for draft in one.result()]

    def caches(self) -> dict[str, Asked]:
        """Of every enricher that keeps answers: how often they were of use."""
        kept = ((one.name, getattr(one, "recent", None)) for one in self.enrichers)
        return {name: recent.counts() for name, recent in kept if isinstance(recent, Recent)}

    def close(self) -> None:
        """Ends child processes and frees models."""
        for thread in self._threads:
            thread.shutdown(wait=False, cancel_futures=True)
        for enricher in self.enrichers:
            enricher.close()


def _after(before: Future[list[Draft]], lane: Sequence[Enricher]) -> list[Draft]:
    """A lane's work on a part, once the lane before it is done with that part: both take parts in the same order."""
    return _through(lane, before.result())


def _through(enrichers: Sequence[Enricher], batch: list[Draft]) -> list[Draft]:
    for enricher in enrichers:
        batch = _apply(enricher, batch)
    return batch


def _apply(enricher: Enricher, batch: list[Draft]) -> list[Draft]:
    if not batch:
        return []
    try:
        result = enricher(batch)
        if len(result) != len(batch):
            raise ValueError(f"{len(result)} results for {len(batch)} posts")
    except Exception as error:  # noqa: BLE001 - any engine may fail in any way: the post is marked, the others go on
        if len(batch) > 1:
            log.warning("%s failed on a batch of %d (%s): trying post by post", enricher.name, len(batch), _kind(error))
            return [draft for one in batch for draft in _apply(enricher, [one])]
        return [_failed(batch[0], enricher, error)]
    return [draft.with_post(provenance=stamped(draft.post, enricher).provenance) for draft in result]


def _failed(draft: Draft, enricher: Enricher, error: Exception) -> Draft:
    old = draft.post.provenance
    failed = {**old.failed, enricher.name: _kind(error)}
    return draft.with_post(provenance=msgspec.structs.replace(old, failed=failed))


def _kind(error: Exception) -> str:
    """The class of an error: its text may hold a post's words."""
    return type(error).__name__
