"""The enrichers by function call: each alone, the models alone in the order that suits them best, the whole chain."""

from __future__ import annotations

from collections.abc import Sequence

import corpus
from measured import Measured, measured, resident_mib

from enrichers.base import Draft
from enrichers.chain import Chain
from streams.intake import to_draft
from streams.settings import Settings
from streams.wiring import build_chain

RECEIVED_MS = 1_774_000_000_000
WARM = 160
MODELS = ("language", "translate", "embed", "listen", "sentiment", "intent", "topic")
"""The enrichers that are a model's work; the others are text handling and arithmetic."""


def drafts(count: int) -> list[Draft]:
    """Fresh drafts of the benchmark's posts, after those that warm up."""
    return [to_draft(post, received_ms=RECEIVED_MS) for post in corpus.posts(WARM, count)]


def warmed(settings: Settings) -> Chain:
    """A chain whose models and child processes run, and whose caches know nothing of the measured posts."""
    chain = build_chain(settings)
    chain([to_draft(post, received_ms=RECEIVED_MS) for post in corpus.posts(0, WARM)])
    return chain


def alone(settings: Settings, count: int, batch: int) -> list[Measured]:
    """Each enricher over all posts in batches, fed with what those before it have made. Memory: what it grew by."""
    chain = warmed(settings)
    rows, waiting = [], drafts(count)
    for enricher in chain.enrichers:
        made: list[Draft] = []
        before = resident_mib()

        def work(feed: Sequence[Draft] = waiting, out: list[Draft] = made, run: object = enricher) -> None:
            assert callable(run)
            for first in range(0, len(feed), batch):
                out.extend(run(feed[first : first + batch]))

        row = measured(f"{enricher.name} alone", count, work)
        row.resident_mib -= before
        rows.append(row)
        waiting = made
    chain.close()
    return rows


def models(settings: Settings, count: int) -> list[Measured]:
    """All models alone, each over all posts at once: sorted by length, and nothing beside it."""
    rows = [row for row in alone(settings, count, count) if row.what.partition(" ")[0] in MODELS]
    return [
        Measured(
            what="sum of the models alone, ideal order",
            posts=count,
            seconds=sum(row.seconds for row in rows),
            cpu_seconds=sum(row.cpu_seconds for row in rows),
            resident_mib=resident_mib(),
            children_mib=rows[-1].children_mib,
        )
    ]


def called(settings: Settings, count: int, batch: int) -> list[Measured]:
    """The chain by function call."""
    chain, waiting = warmed(settings), drafts(count)

    def work() -> None:
        for first in range(0, count, batch):
            chain(waiting[first : first + batch])

    row = measured(f"chain by function call, batches of {batch}", count, work)
    chain.close()
    return [row]
