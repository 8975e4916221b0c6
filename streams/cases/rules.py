"""What opens a case and what moves it. Every function takes a case and returns the next one.

opened ─▶ acknowledged ─▶ contacted ─▶ resolved ─▶ answered
   a thankful follow-up by the same person moves any of them to recovered
"""

from __future__ import annotations

from msgspec.structs import replace

from schemas.cases import Case, CaseAction, CaseCommand, CaseEvent, CaseState
from schemas.identity import from_millis
from schemas.signals import Signal

MOVES: dict[CaseAction, tuple[frozenset[CaseState], CaseState]] = {
    "acknowledge": (frozenset({"opened"}), "acknowledged"),
    "contact": (frozenset({"opened", "acknowledged"}), "contacted"),
    "resolve": (frozenset({"acknowledged", "contacted"}), "resolved"),
    "answer": (frozenset({"acknowledged", "contacted", "resolved"}), "answered"),
}
"""Step to the states that it may start from and the state that it leads to: the person first, the public after."""

HISTORY = 200
"""Events kept in a case's document; the topic holds them all."""


def case_id(identity: str) -> str:
    """The id of the case that a post opens: the same on every redelivery."""
    return f"case-{identity[:24]}"


def opens_case(signal: Signal) -> bool:
    """A complaint by somebody who is not the company opens one."""
    return signal.role != "company" and signal.sentiment == "negative" and "complaint" in signal.intents


def opened(signal: Signal) -> Case:
    """The new case of a complaint."""
    time = from_millis(signal.event_time)
    return Case(
        id=case_id(signal.identity),
        identity=signal.identity,
        version=1,
        brand=signal.brand,
        state="opened",
        opened_at=time,
        updated_at=time,
        severity=signal.severity,
        channel=signal.channel,
        source=signal.source,
        post_id=signal.post_id,
        author=signal.author,
        customer_id=signal.customer_id,
        thread_id=signal.thread_id,
        product=signal.product,
        place=signal.place,
        excerpt=signal.excerpt,
        translation=signal.translation,
        history=[CaseEvent(at=time, action="open", identity=signal.identity)],
    )


def answers(case: Case, signal: Signal) -> bool:
    """The company's own public post that replies to the complaint."""
    return (
        signal.role == "company"
        and signal.channel == case.channel
        and signal.source == case.source
        and signal.in_reply_to is not None
        and signal.in_reply_to == case.post_id
    )


def recovers(case: Case, signal: Signal) -> bool:
    """A later, positive post of the same person, known by customer id or by name within the source."""
    if signal.role == "company" or signal.sentiment != "positive" or from_millis(signal.event_time) <= case.opened_at:
        return False
    if signal.customer_id and signal.customer_id == case.customer_id:
        return True
    return signal.author is not None and signal.author == case.author and signal.source == case.source


def moved_by_post(case: Case, signal: Signal) -> Case:
    """The case after a post that `answers` or `recovers` it; unchanged where that post is in it already."""
    if any(event.identity == signal.identity for event in case.history) or case.state == "recovered":
        return case
    company = signal.role == "company"
    event = CaseEvent(
        at=from_millis(signal.event_time), action="public-answer" if company else "thanks", identity=signal.identity
    )
    return _with(case, event, "answered" if company else "recovered")


def moved_by_command(case: Case, command: CaseCommand) -> Case:
    """The case after a person's step; an illegal one stays in its history with the reason and moves nothing."""
    mark = f"command:{command.id}"
    if any(event.identity == mark for event in case.history):
        return case
    allowed, target = MOVES[command.action]
    event = CaseEvent(at=command.at, action=command.action, actor=command.actor, note=command.note, identity=mark)
    if case.state not in allowed:
        refused = f"{command.action} is not possible from {case.state}; it is from {', '.join(sorted(allowed))}"
        return _with(case, replace(event, refused=refused), case.state)
    return _with(case, event, target)


def _with(case: Case, event: CaseEvent, state: CaseState) -> Case:
    return replace(
        case,
        state=state,
        version=case.version + 1,
        updated_at=max(case.updated_at, event.at),
        history=[*case.history, event][-HISTORY:],
    )
