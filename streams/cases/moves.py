"""The legal moves of a case, and how an event changes it. Pure: a case and an event give the next case.

complaint:  opened ─▶ acknowledged ─▶ contacted ─▶ resolved ─▶ answered ─▶ removal-requested
                                          └─▶ mediation ─┘
suggestion: opened ─▶ acknowledged ─▶ contacted ─▶ answered ─▶ done
praise:     opened ─▶ acknowledged ─▶ contacted ─▶ answered
   a thankful follow-up by the same person moves a complaint to recovered
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from schemas.cases import Case, CaseAction, CaseEvent, CaseQueue, CaseState, CaseStatus, Reply
from schemas.identity import parse_time, to_millis

PRIVATE_CHANNELS = frozenset({"email"})
"""Nothing that is written there stands in public."""
MAX_EVENTS = 500
MAX_CHARACTERS = 200_000
"""Of all texts in one case: it has to fit a Kafka record."""

_REOPENS: frozenset[CaseState] = frozenset(
    {"resolved", "answered", "removal-requested", "recovered", "done", "dismissed"}
)


@dataclass(frozen=True, slots=True)
class Move:
    """The states that a step may start from, and the one that it leads to; None: the state stays."""

    start: frozenset[CaseState] | None
    target: CaseState | None


def _move(target: CaseState | None, *start: CaseState) -> Move:
    return Move(frozenset(start) or None, target)


_ANYWHERE: dict[CaseAction, Move] = {
    "reroute": _move(None),
    "our-version": _move(None),
    "note": _move(None),
    "reopen": Move(_REOPENS, "opened"),
}
MOVES: dict[CaseQueue, dict[CaseAction, Move]] = {
    # the person first, the public after, and what takes words away last
    "complaint": {
        "acknowledge": _move("acknowledged", "opened"),
        "contact": _move("contacted", "opened", "acknowledged", "answered"),
        "mediate": _move("mediation", "contacted", "answered"),
        "resolve": _move("resolved", "acknowledged", "contacted", "mediation", "answered"),
        "answer": _move("answered", "contacted", "mediation", "resolved"),
        "request-removal": _move("removal-requested", "answered"),
        "dismiss": _move("dismissed", "opened", "acknowledged"),
        **_ANYWHERE,
    },
    "suggestion": {
        "acknowledge": _move("acknowledged", "opened"),
        "contact": _move("contacted", "opened", "acknowledged"),
        "answer": _move("answered", "opened", "acknowledged", "contacted"),
        "done": _move("done", "opened", "acknowledged", "contacted", "answered"),
        "dismiss": _move("dismissed", "opened", "acknowledged"),
        **_ANYWHERE,
    },
    "praise": {
        "acknowledge": _move("acknowledged", "opened"),
        "contact": _move("contacted", "opened", "acknowledged"),
        "answer": _move("answered", "opened", "acknowledged", "contacted"),
        "dismiss": _move("dismissed", "opened", "acknowledged"),
        **_ANYWHERE,
    },
}
"""By queue: every step, in the order in which people see them."""

MILESTONES: dict[CaseState, str] = {
    "acknowledged": "acknowledged_at",
    "contacted": "contacted_at",
    "mediation": "mediation_at",
    "resolved": "resolved_at",
    "done": "resolved_at",
    "answered": "answered_at",
    "removal-requested": "removal_requested_at",
}
"""The field that keeps when a state was first reached."""


def refusal(case: Case, action: CaseAction) -> str | None:
    """Why a step is not possible now, in one sentence that says what is; None where it is legal."""
    moves = MOVES[case.queue]
    move = moves.get(action)
    if move is None:
        return f"{action} is no step of a {case.queue}; its steps are {', '.join(moves)}"
    if move.start is not None and case.state not in move.start:
        return f"{action} is not possible from {case.state}; it is from {', '.join(sorted(move.start))}"
    if case.channel in PRIVATE_CHANNELS and action in ("answer", "request-removal"):
        return f"{action} is not possible: the {case.channel} was not written in public; contact the person instead"
    if action == "request-removal" and not (case.contacted_at and (case.resolved_at or case.mediation_at)):
        return (
            "request-removal is the last step: contact the person in private, then resolve the complaint or try "
            "mediation, and answer in public first"
        )
    if action == "reroute" and case.status == "closed":
        return f"reroute is not possible from {case.state}: reopen the case first"
    return None


def legal(case: Case) -> list[CaseAction]:
    """The steps that are possible now."""
    return [] if full(case) else [action for action in MOVES[case.queue] if refusal(case, action) is None]


def full(case: Case) -> bool:
    """A case takes no further step: it has to fit a record of Kafka."""
    if len(case.history) >= MAX_EVENTS:
        return True
    return sum(len(event.note or "") + len(event.text or "") for event in case.history) > MAX_CHARACTERS


def evolve(case: Case, event: CaseEvent) -> Case:
    """The case after an event that happened. This alone changes a case."""
    changes: dict[str, Any] = {
        "version": case.version + 1,
        "updated_at": max(case.updated_at, event.at),
        "history": [*case.history, event],
    }
    if event.refused is not None:
        return replace(case, **changes)
    state = event.state or case.state
    changes |= {"step": case.step + 1, "state": state}
    if event.action == "reopen":
        changes |= {"resolved_at": None, "recovered_at": None, "resolution_seconds": None}
    if event.action == "reroute":
        changes |= {"company": event.company or case.company, "department": event.department or case.department}
    if event.action == "our-version":
        changes["our_version"] = event.text
    if event.action in ("answer", "public-answer") and event.text:
        post = event.identity if event.action == "public-answer" else None
        changes["reply"] = Reply(at=event.at, text=event.text, translation=event.translation, identity=post)
    if event.state is not None:
        changes |= _reached(case, event.state, event.at)
    moved = replace(case, **changes)
    return replace(moved, status=status(moved))


def _reached(case: Case, state: CaseState, at: str) -> dict[str, Any]:
    """Milestones and times of a state that is reached at `at`."""
    found: dict[str, Any] = {}
    if (name := MILESTONES.get(state)) is not None and getattr(case, name) is None:
        found[name] = at
    if state == "recovered":
        found["recovered_at"] = at
        if case.resolved_at is None:
            found["resolved_at"] = at
    if state in ("contacted", "answered") and case.first_contact_seconds is None:
        found["first_contact_seconds"] = _seconds(case.opened_at, at)
    if "resolved_at" in found:
        found["resolution_seconds"] = _seconds(case.opened_at, at)
    return found


def status(case: Case) -> CaseStatus:
    """Closed where nothing is left to do: resolved *and* answered, where there is a public to answer to."""
    if case.state in ("recovered", "done", "dismissed", "removal-requested"):
        return "closed"
    if case.state == "answered":
        return "closed" if case.queue != "complaint" or case.resolved_at else "open"
    return "closed" if case.state == "resolved" and case.channel in PRIVATE_CHANNELS else "open"


def replayed(case: Case) -> Case:
    """The case as its events alone make it, from the first: equal to `case`, or its record is damaged."""
    blank: dict[str, Any] = {
        "version": 0,
        "step": 0,
        "state": "opened",
        "status": "open",
        "updated_at": case.opened_at,
        "history": [],
        **dict.fromkeys(
            ("company", "department", "reply", "our_version", "recovered_at", *MILESTONES.values()),
        ),
        "first_contact_seconds": None,
        "resolution_seconds": None,
    }
    made = replace(case, **blank)
    for event in case.history:
        made = evolve(made, event)
    return made


def _seconds(start: str, end: str) -> int | None:
    since, until = parse_time(start), parse_time(end)
    if since is None or until is None:
        return None
    return max(0, (to_millis(until) - to_millis(since)) // 1000)
