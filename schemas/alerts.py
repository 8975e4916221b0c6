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


class Acknowledgement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person has taken an incident on."""

    by: str
    at: Annotated[str, Meta(description="RFC 3339, by the clock of who sent it.")]
    note: str | None = None
    observed: Annotated[float, Meta(description="Negatives in the leading alert then: twice as many wake again.")] = 0.0
    command: Annotated[str, Meta(description="`id` of the command.")] = ""


class AlertCommand(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's word on an alert, on `feedback.alerts.commands`, keyed by brand. `id` makes a repeat harmless."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    alert_id: Annotated[str, Meta(max_length=200, description="`id` of an open alert, or its `incident`.")]
    brand: str
    action: Literal["acknowledge"]
    actor: Annotated[str, Meta(min_length=1, max_length=200)]
    at: Annotated[str, Meta(max_length=40, description="RFC 3339.")]
    note: Annotated[str, Meta(max_length=1000)] | None = None


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What rose, where, since when, how many against how many expected, how sure."""

    id: Annotated[str, Meta(description="Same on redelivery and for every state: of series and start.")]
    series: Annotated[str, Meta(description="Such as `brand=Lumo/place=Valencia`.")]
    brand: str
    dimension: Annotated[str, Meta(description="`overall`, `place`, `product`, `channel`, `language` or `topic`.")]
    value: str
    state: Literal["started", "grown", "ended"]
    version: Annotated[
        int, Meta(description="Grows with each record of an alert; milliseconds of event time, or one more.")
    ]
    since: Annotated[str, Meta(description="RFC 3339: when the excess began.")]
    at: Annotated[str, Meta(description="RFC 3339: event time of the post that changed the state.")]
    window_seconds: int
    observed: Annotated[float, Meta(description="Negatives in the window at its highest so far.")]
    expected: Annotated[float, Meta(description="What the series' own weeks lead one to expect there.")]
    score: Annotated[
        float, Meta(description="Standard deviations above the mean at which a normal variable is as rare.")
    ]
    exemplars: list[Exemplar] = msgspec.field(default_factory=list)
    topics: Annotated[list[str], Meta(description="Labels of topics that several of the posts have.")] = msgspec.field(
        default_factory=list
    )
    new_words: Annotated[
        list[str],
        Meta(description="Words of the posts and their topics that the brand's earlier complaints seldom have."),
    ] = msgspec.field(default_factory=list)
    measure: Annotated[
        Literal["count", "severity", "share"],
        Meta(description="What is least explained: the number, the sum of severity, or the share of the posts."),
    ] = "count"
    log10_p: Annotated[
        float | None, Meta(description="log10 of the chance of so much in an ordinary window; -300 is the floor.")
    ] = None
    incident: Annotated[str | None, Meta(description="Same for series that rise with the same posts.")] = None
    leads: Annotated[bool, Meta(description="This series is the one to show for its incident.")] = False
    leading: Annotated[str | None, Meta(description="The series that leads the incident.")] = None
    peak_at: Annotated[str | None, Meta(description="RFC 3339: end of the window that held `observed`.")] = None
    posts: Annotated[int | None, Meta(description="Posts of any sentiment in the window; not told once ended.")] = None
    usual_share: Annotated[float | None, Meta(description="Negatives to posts, over weeks.")] = None
    severity: Annotated[float | None, Meta(description="Sum of severity in the window; not told once ended.")] = None
    expected_severity: float | None = None
    wakes: Annotated[
        bool,
        Meta(description="Worth waking someone: it leads its incident, has not ended, and nobody has taken it on."),
    ] = False
    acknowledged: Annotated[
        Acknowledgement | None, Meta(description="Who has taken the incident on; null again once it has doubled.")
    ] = None
    routed_to: Annotated[
        list[str], Meta(description="Other topics that hold this record, by the setting's routes.")
    ] = msgspec.field(default_factory=list)
