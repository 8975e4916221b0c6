"""A case: one complaint followed until it is resolved, on the compacted topic `feedback.cases`, keyed by case id."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

CaseState = Literal["opened", "acknowledged", "contacted", "resolved", "answered", "recovered"]
CaseAction = Literal["acknowledge", "contact", "resolve", "answer"]


class CaseEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step in a case's life; a refused step stays here too, with its reason."""

    at: str
    action: str
    actor: str | None = None
    note: str | None = None
    identity: Annotated[str | None, Meta(description="The post that moved the case, where a post did.")] = None
    refused: Annotated[str | None, Meta(description="Why the step was refused; then the state did not move.")] = None


class Case(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A complaint's case. `id` derives from the post's identity, so that a redelivery opens no second one."""

    id: str
    identity: str
    version: Annotated[int, Meta(description="Grows by one with each event.")]
    brand: str
    queue: Literal["complaint", "suggestion", "praise"] = "complaint"
    state: CaseState
    opened_at: str
    updated_at: str
    severity: float = 0.0
    channel: str
    source: str
    post_id: str
    author: str | None = None
    customer_id: str | None = None
    thread_id: str | None = None
    product: str | None = None
    place: str | None = None
    excerpt: str = ""
    translation: str | None = None
    history: list[CaseEvent] = msgspec.field(default_factory=list)


class CaseCommand(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's step, on `feedback.cases.commands`, keyed by brand. `id` makes a repeat harmless."""

    id: str
    case_id: str
    brand: str
    action: CaseAction
    actor: str
    at: str
    note: str | None = None
