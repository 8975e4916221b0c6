"""Names and small texts of the inbox: steps, states, durations."""

from __future__ import annotations

from datetime import datetime

from schemas.cases import Case, CaseAction, CaseState
from schemas.identity import parse_time

QUEUES = {"complaint": "Complaints", "suggestion": "Suggestions", "praise": "Praise"}
STATES: dict[CaseState, str] = {
    "opened": "new",
    "acknowledged": "acknowledged",
    "contacted": "contacted",
    "mediation": "in mediation",
    "resolved": "resolved",
    "answered": "answered in public",
    "removal-requested": "removal requested",
    "recovered": "recovered",
    "done": "done",
    "dismissed": "dismissed",
}
STEPS: dict[CaseAction, tuple[str, str]] = {
    "acknowledge": ("Acknowledge", "Say that somebody has it in hand."),
    "contact": ("Contacted in private", "The person was written to or called."),
    "mediate": ("Mediation", "Somebody else helps both sides to agree."),
    "resolve": ("Resolved", "What was wrong is put right."),
    "answer": ("Answered in public", "Record the reply that stands beside the post."),
    "request-removal": ("Removal requested", "Only recorded: the post stays here."),
    "done": ("Done", "The suggestion was carried out."),
    "dismiss": ("Dismiss", "It is no case at all."),
    "reopen": ("Reopen", "Something is left to do after all."),
    "reroute": ("Reroute", "It belongs to another company or department."),
    "our-version": ("Our version", "The company's own account, beside the post."),
    "note": ("Add a note", "Nothing moves."),
}
"""A step's name and what it means."""
PLAIN: tuple[CaseAction, ...] = (
    "acknowledge",
    "contact",
    "resolve",
    "mediate",
    "done",
    "request-removal",
    "dismiss",
    "reopen",
    "note",
)
"""Steps that need no more than a note; the first that is legal stands out."""
EVENTS = {
    "open": "opened by the post",
    "thanks": "thanks from the same person",
    "public-answer": "answered by the company's post",
    "private-reply": "the company wrote in private",
    "correct": "corrected",
}


def event_name(action: str) -> str:
    """What happened, for the history."""
    return EVENTS.get(action) or (STEPS[action][0] if action in STEPS else action)


def duration(seconds: int) -> str:
    """Such as `3 days`, `5 hours`, `12 minutes`."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "less than a minute"


def waited(case: Case, now: datetime) -> str:
    """How long the person waited for a first word, or has been waiting."""
    if case.first_contact_seconds is not None:
        return f"first contact after {duration(case.first_contact_seconds)}"
    opened = parse_time(case.opened_at)
    if opened is None or case.status == "closed":
        return "never contacted"
    return f"waiting for {duration(max(0, int((now - opened).total_seconds())))}"


def bar(value: float) -> int:
    """A value in [0, 1] as a whole percentage for a drawn bar."""
    return round(100 * min(1.0, max(0.0, value)))
