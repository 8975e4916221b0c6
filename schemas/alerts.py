"""A negative spike, on `feedback.alerts.negative-spike`, keyed by series: one record per change of state."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct


class Exemplar(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A post that shows what the alert is about (redacted)."""

    identity: str
    excerpt: str
    translation: str | None = None
    severity: float = 0.0


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What rose, where, since when, how many against how many expected, how sure."""

    id: Annotated[str, Meta(description="Same on redelivery: series and start.")]
    series: Annotated[str, Meta(description="Such as `brand=Lumo/place=Valencia`.")]
    brand: str
    dimension: Annotated[str, Meta(description="`overall`, `place`, `product`, `channel`, `language` or `topic`.")]
    value: str
    state: Literal["started", "grown", "ended"]
    version: Annotated[int, Meta(description="Milliseconds of event time; grows with each change of state.")]
    since: Annotated[str, Meta(description="RFC 3339: start of the window that crossed the line.")]
    at: Annotated[str, Meta(description="RFC 3339: event time of the post that changed the state.")]
    window_seconds: int
    observed: Annotated[float, Meta(description="Negatives in the window; once ended, at its peak.")]
    expected: Annotated[float, Meta(description="What the series' own past leads one to expect.")]
    score: Annotated[float, Meta(description="How many standard deviations above what is expected.")]
    exemplars: list[Exemplar] = msgspec.field(default_factory=list)
    topics: Annotated[list[str], Meta(description="Labels of topics in the window.")] = msgspec.field(
        default_factory=list
    )
