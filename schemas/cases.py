"""Cases on the compacted topic `feedback.cases`, keyed by case id, and what people and the stage say to each other.

A case holds all of its events: the record is the event log and its outcome in one, so that neither can be without the
other. `feedback.cases.commands` carries people's steps, `feedback.cases.answers` what became of each.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.enriched import CorrectedFields
from schemas.signals import Signal

CaseQueue = Literal["complaint", "suggestion", "praise"]
CaseState = Literal[
    "opened",
    "acknowledged",
    "contacted",
    "mediation",
    "resolved",
    "answered",
    "removal-requested",
    "recovered",
    "done",
    "dismissed",
]
CaseStatus = Literal["open", "closed"]
CaseAction = Literal[
    "acknowledge",
    "contact",
    "mediate",
    "resolve",
    "answer",
    "request-removal",
    "done",
    "dismiss",
    "reopen",
    "reroute",
    "our-version",
    "note",
    "correct",
]

Seconds = Annotated[int | None, Meta(description="Seconds since the case was opened.")]
Time = Annotated[str | None, Meta(description="RFC 3339.")]
Name = Annotated[str, Meta(max_length=200)]
Words = Annotated[str, Meta(max_length=5000)]


class CaseEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step in a case's life; a refused step stays here too, with its reason."""

    at: str
    action: str
    actor: str | None = None
    note: str | None = None
    identity: Annotated[str | None, Meta(description="The post or `command:ID` that moved the case.")] = None
    refused: Annotated[str | None, Meta(description="Why the step was refused; then the state did not move.")] = None
    state: Annotated[CaseState | None, Meta(description="The state after the step; null: as before.")] = None
    text: Annotated[str | None, Meta(description="Words that came with it: a public reply, the company's version.")] = (
        None
    )
    translation: str | None = None
    company: Annotated[str | None, Meta(description="Where a rerouted case went.")] = None
    department: str | None = None


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The company's public answer: its text as a person gave it, or as the post (`identity`) that the channel shows."""

    at: str
    text: str
    translation: str | None = None
    identity: str | None = None


class Case(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A post that somebody follows up. `id` derives from the post's identity: a redelivery opens no second one."""

    id: str
    identity: str
    version: Annotated[int, Meta(description="Grows by one with each event.")]
    step: Annotated[int, Meta(description="Grows by one with each step that was not refused: see `expected`.")] = 0
    brand: Annotated[str, Meta(description="As the post names it. It never changes: it is the key of commands.")]
    queue: CaseQueue = "complaint"
    state: CaseState
    status: Annotated[CaseStatus, Meta(description="Closed: nothing is left to do.")] = "open"
    opened_at: str
    updated_at: str
    severity: float = 0.0
    reach: float = 0.0
    channel: str
    source: str
    post_id: str
    post_version: int = 0
    language: str = "und"
    author: str | None = None
    customer_id: str | None = None
    thread_id: str | None = None
    product: str | None = None
    place: str | None = None
    topics: Annotated[list[tuple[str, str]], Meta(description="(id, label) when it was opened.")] = msgspec.field(
        default_factory=list
    )
    excerpt: str = ""
    translation: str | None = None
    company: Annotated[str | None, Meta(description="The company that it was rerouted to.")] = None
    department: Annotated[str | None, Meta(description="The department that it was rerouted to.")] = None
    reply: Reply | None = None
    our_version: Annotated[str | None, Meta(description="The company's own account of what happened.")] = None
    acknowledged_at: Time = None
    contacted_at: Annotated[str | None, Meta(description="First contact in private.")] = None
    mediation_at: Time = None
    resolved_at: Annotated[str | None, Meta(description="Resolved, recovered or done; null again once reopened.")] = (
        None
    )
    answered_at: Annotated[str | None, Meta(description="First answer in public.")] = None
    removal_requested_at: Annotated[str | None, Meta(description="Only recorded: the post stays.")] = None
    recovered_at: Time = None
    first_contact_seconds: Annotated[Seconds, Meta(description="Until the company first spoke to the person.")] = None
    resolution_seconds: Seconds = None
    history: list[CaseEvent] = msgspec.field(default_factory=list)


class CaseCommand(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's step, on `feedback.cases.commands`, keyed by brand. `id` makes a repeat harmless."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    case_id: Name
    brand: str
    action: CaseAction
    actor: Name
    at: Annotated[str, Meta(description="RFC 3339; the broker's time stands in where it is none.")]
    note: Annotated[Words | None, Meta(description="Why, or how.")] = None
    expected: Annotated[
        int | None, Meta(description="`step` of the case as the actor saw it; another one is refused as a conflict.")
    ] = None
    text: Annotated[Words | None, Meta(description="`answer`: the reply; `our-version`: the account.")] = None
    company: Annotated[Name | None, Meta(description="`reroute`: the company that it belongs to.")] = None
    department: Annotated[Name | None, Meta(description="`reroute`: the department that it belongs to.")] = None
    identity: Annotated[str, Meta(description="`correct`: the post.", pattern="^[0-9a-f]{64}$")] | None = None
    post_version: Annotated[int | None, Meta(description="`correct`: the version that the actor saw.")] = None
    words: Annotated[str | None, Meta(description="`correct`: SHA-256 of the clean text that the actor saw.")] = None
    correct: CorrectedFields | None = None


class CaseAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a command, on `feedback.cases.answers`, keyed by the command's id."""

    id: Annotated[str, Meta(description="The command's.")]
    case_id: str | None = None
    outcome: Annotated[
        Literal["done", "refused", "waiting"], Meta(description="Waiting: there is no such case yet; it is kept.")
    ]
    reason: Annotated[str | None, Meta(description="Why it was refused or waits, for the one who sent it.")] = None
    state: CaseState | None = None
    step: int | None = None
    at: str


class Waiting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came before its case, on the compacted topic `feedback.cases.waiting`; a tombstone when it was applied."""

    id: str
    since: Annotated[int, Meta(description="Milliseconds: the broker's time when it came.")]
    offset: Annotated[int, Meta(description="Of its record on the topic that it came from.")] = 0
    command: CaseCommand | None = None
    signal: Signal | None = None
