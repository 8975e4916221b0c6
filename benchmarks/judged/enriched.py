"""Labelled posts through vocero's own chain, to what `alert`, `case` and `link` get to see of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.raw import Author, RawPost
from schemas.signals import Signal
from streams.intake import to_draft
from streams.settings import Settings
from streams.signals import signal_of
from streams.wiring import build_chain

SETS = Path(__file__).parents[1] / "sets"
START_MS = 1_780_000_000_000
DAY_MS = 86_400_000
BATCH = 64


def rows(name: str) -> list[dict[str, Any]]:
    """The lines of a labelled set."""
    return [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def chain() -> Chain:
    """The chain of the `local` profile, without topics."""
    return build_chain(Settings(redact_secret="benchmark"))  # noqa: S106


def raw(row: dict[str, Any], *, brand: str = "acme") -> RawPost:
    """A row as its channel would send it."""
    author = Author(
        customer_id=row.get("customer_id"), handle=row.get("handle"), id=row.get("address"), role=row.get("role")
    )
    fields = {name: row[name] for name in ("product", "place", "rating", "in_reply_to", "incentivised") if name in row}
    return msgspec.convert(
        {
            "id": row["id"],
            "source": row["source"],
            "channel": row["channel"],
            "text": row["text"],
            "brand": brand,
            "created_at": None,
            "author": msgspec.to_builtins(author),
            **fields,
        },
        RawPost,
    )


def enriched(posts: Sequence[RawPost], times: Sequence[int]) -> Iterable[Draft]:
    """Their drafts, in order. Loads the chain, and closes it."""
    made = chain()
    try:
        drafts = [to_draft(post, received_ms=time) for post, time in zip(posts, times, strict=True)]
        for start in range(0, len(drafts), BATCH):
            yield from made(drafts[start : start + BATCH])
    finally:
        made.close()


def signals(posts: Sequence[RawPost], times: Sequence[int], cache: Path | None = None) -> list[Signal]:
    """Their signals, kept in a file between runs where one is named."""
    if cache is not None and cache.exists():
        return msgspec.json.decode(cache.read_bytes(), type=list[Signal])
    made = [signal_of(draft) for draft in enriched(posts, times)]
    if cache is not None:
        cache.write_bytes(msgspec.json.encode(made))
    return made
