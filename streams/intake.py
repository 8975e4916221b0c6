"""A raw post becomes a draft: identity, version and event time are settled here, before any enricher runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from enrichers.base import Draft
from schemas.enriched import EnrichedPost, Provenance
from schemas.identity import from_millis, identity, parse_time, plausible, to_millis, version_of
from schemas.raw import RawPost


def to_draft(
    raw: RawPost, *, received_ms: int, origin: dict[str, Any] | None = None, version: int | None = None
) -> Draft:
    """The draft of a raw post that arrived at `received_ms`; `version` given (by a replay) wins over the Kafka time.

    An implausible or missing `created_at` gives way to the arrival time, and a note says so.
    """
    notes: list[str] = []
    moment = parse_time(raw.created_at)
    if raw.created_at and moment is None:
        notes.append("created_at is no RFC 3339 time; the arrival time stands in")
    elif moment is not None and not plausible(moment, received_ms):
        notes.append("created_at is implausible; the arrival time stands in")
        moment = None
    elif moment is not None and _no_zone(raw.created_at):
        notes.append("created_at has no zone; read as UTC")
    event_ms = to_millis(moment) if moment is not None else received_ms
    fields = {name: getattr(raw, name) for name in RawPost.__struct_fields__}
    if (point := raw.place_point) is not None and not (abs(point.lat) <= 90 and abs(point.lon) <= 180):
        # a store would fold it into another place
        notes.append("place_point is no place on earth; left out")
        fields["place_point"] = None
    post = EnrichedPost(
        **fields,
        identity=identity(raw.channel, raw.source, raw.id),
        version=version_of(raw.updated_at, received_ms if version is None else version),
        event_time=from_millis(event_ms),
        provenance=Provenance(notes=notes, raw=origin or {}),
    )
    return Draft(post=post)


def _no_zone(text: str | None) -> bool:
    try:
        return text is not None and datetime.fromisoformat(text.strip()).tzinfo is None
    except ValueError:
        return False
