"""Runs the enrichers in order over a batch; one post that breaks an enricher costs only that field of that post."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from enrichers.base import Draft, Enricher, stamped

log = logging.getLogger(__name__)


class Chain:
    """The enrichers of a profile, in order. Calling it enriches a batch."""

    def __init__(self, enrichers: Sequence[Enricher]) -> None:
        self.enrichers = tuple(enrichers)

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Enriched drafts, as many as given and in the same order. Never raises for a post's sake."""
        batch = list(drafts)
        for enricher in self.enrichers:
            batch = _apply(enricher, batch)
        return batch

    def close(self) -> None:
        """Ends child processes and frees models."""
        for enricher in self.enrichers:
            enricher.close()


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
