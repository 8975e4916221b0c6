"""What opens a case and what moves it: posts and people's commands. Every function takes a case and returns the next.

The moves themselves, and how an event changes a case, stand in `moves`.
"""

from __future__ import annotations

from msgspec.structs import replace

from schemas.cases import Case, CaseCommand, CaseEvent, CaseQueue
from schemas.identity import from_millis
from schemas.signals import Signal
from streams.cases.moves import MOVES, PRIVATE_CHANNELS, evolve, full, refusal

SUFFIX: dict[CaseQueue, str] = {"complaint": "", "suggestion": "-s", "praise": "-p"}
"""A post that complains and suggests has a case in both queues."""
FAR = 0.3
"""Reach from which praise is worth an answer whatever it says."""
LONG = 160
"""Characters of praise that somebody took time for."""
NOBODY = frozenset(
    {
        "a google user", "amazon customer", "anonim", "anonimo", "anonym", "anonyme", "anonymous", "anónimo", "anônimo",
        "cliente", "client", "customer", "guest", "invitado", "kunde", "n/a", "none", "null", "unknown", "user",
    }
)  # fmt: skip
"""Names that many people share: they make nobody the same person."""

__all__ = ["MOVES", "answers", "case_id", "moved_by_command", "moved_by_post", "opened", "opens_case", "queues"]


def case_id(identity: str, queue: CaseQueue = "complaint") -> str:
    """The id of the case that a post opens in a queue: the same on every redelivery."""
    return f"case-{identity[:24]}{SUFFIX[queue]}"


def opens_case(signal: Signal) -> bool:
    """True where a post opens a case in some queue."""
    return bool(queues(signal))


def queues(signal: Signal) -> list[CaseQueue]:
    """The queues in which a post opens a case: what somebody who is not the company complains of, suggests, praises.

    Praise is worth an answer where it asks something, reaches far, or was written at some length. An advert suggests
    and praises nothing; a complaint opens its case whatever else the post seems to be.
    """
    if signal.role == "company" or signal.automatic:
        return []
    found: list[CaseQueue] = []
    if signal.sentiment == "negative" and "complaint" in signal.intents:
        found.append("complaint")
    if not signal.relevant:
        return found
    if "suggestion" in signal.intents:
        found.append("suggestion")
    worth = "question" in signal.intents or signal.reach >= FAR or len(signal.excerpt) >= LONG
    if signal.sentiment == "positive" and "praise" in signal.intents and worth and not found:
        found.append("praise")
    return found


def opened(signal: Signal, queue: CaseQueue = "complaint") -> Case:
    """The new case of a post."""
    time = from_millis(signal.event_time)
    blank = Case(
        id=case_id(signal.identity, queue),
        identity=signal.identity,
        version=0,
        brand=signal.brand,
        queue=queue,
        state="opened",
        opened_at=time,
        updated_at=time,
        severity=signal.severity,
        reach=signal.reach,
        channel=signal.channel,
        source=signal.source,
        post_id=signal.post_id,
        post_version=signal.version,
        language=signal.language,
        author=signal.author,
        customer_id=signal.customer_id,
        thread_id=signal.thread_id,
        product=signal.product,
        place=signal.place,
        topics=signal.topics,
        excerpt=signal.excerpt,
        translation=signal.translation,
    )
    return evolve(blank, CaseEvent(at=time, action="open", identity=signal.identity))


def answers(case: Case, signal: Signal) -> bool:
    """The company's own post that replies to the case's. A machine's reply is no contact: nobody has spoken."""
    return (
        signal.role == "company"
        and not signal.automatic
        and signal.channel == case.channel
        and signal.source == case.source
        and signal.in_reply_to is not None
        and signal.in_reply_to == case.post_id
    )


def thankful(signal: Signal) -> bool:
    """A positive post by somebody who is not the company."""
    return signal.role != "company" and not signal.automatic and signal.sentiment == "positive"


def wordless(signal: Signal) -> Signal:
    """What recovers a case, without what was said."""
    return replace(signal, excerpt="", translation=None, vector=None)


def recovers(case: Case, signal: Signal) -> bool:
    """A later, positive post of the same person, known by customer id or by name within the source.

    Or the complaint itself, edited into a positive one. Praise for another product than the one complained of is none.
    """
    if case.queue != "complaint" or not thankful(signal):
        return False
    if signal.identity == case.identity:
        return signal.version > case.post_version
    if from_millis(signal.event_time) <= case.opened_at:
        return False
    if signal.product and case.product and signal.product != case.product:
        return False
    if signal.customer_id and signal.customer_id == case.customer_id:
        return True
    return named(signal.author) and signal.author == case.author and signal.source == case.source


def named(author: str | None) -> bool:
    """True for a name that stands for one person."""
    return author is not None and author.strip("@ ").casefold() not in NOBODY


def moved_by_post(case: Case, signal: Signal) -> Case:
    """The case after a post that `answers` or `recovers` it; unchanged where that post is in it already."""
    mark = signal.identity if signal.identity != case.identity else f"{signal.identity}:{signal.version}"
    if any(event.identity == mark for event in case.history) or case.state in ("recovered", "dismissed") or full(case):
        return case
    at = from_millis(signal.event_time)
    if signal.role != "company":
        return evolve(case, CaseEvent(at=at, action="thanks", identity=mark, state="recovered"))
    words, english = signal.excerpt or None, signal.translation
    if case.channel in PRIVATE_CHANNELS:
        return evolve(
            case,
            CaseEvent(
                at=at,
                action="private-reply",
                identity=mark,
                # a case that was resolved meanwhile stays so
                state="contacted" if case.state in ("opened", "acknowledged") else None,
                text=words,
                translation=english,
            ),
        )
    state = None if case.status == "closed" and case.state != "answered" else "answered"
    return evolve(
        case,
        CaseEvent(
            at=at,
            action="public-answer",
            identity=mark,
            state=state,  # type: ignore[arg-type]
            text=words,
            translation=english,
        ),
    )


def moved_by_command(case: Case, command: CaseCommand) -> Case:
    """The case after a person's step; an illegal one stays in its history with the reason and moves nothing."""
    mark = f"command:{command.id}"
    if full(case) or event_of(case, command.id) is not None:
        return case
    event = CaseEvent(at=command.at, action=command.action, actor=command.actor, note=command.note, identity=mark)
    if (reason := conflict(case, command) or lacking(command) or refusal(case, command.action)) is not None:
        return evolve(case, replace(event, refused=reason))
    move = MOVES[case.queue][command.action]
    return evolve(
        case,
        replace(
            event,
            state=move.target,
            text=command.text if command.action in ("answer", "our-version") else None,
            company=command.company if command.action == "reroute" else None,
            department=command.department if command.action == "reroute" else None,
        ),
    )


def event_of(case: Case, command_id: str) -> CaseEvent | None:
    """What a command did to the case; None where the case has not seen it."""
    mark = f"command:{command_id}"
    return next((event for event in reversed(case.history) if event.identity == mark), None)


def conflict(case: Case, command: CaseCommand) -> str | None:
    """Why a step comes too late: somebody else has moved the case since its sender looked."""
    if command.expected is None or command.expected == case.step:
        return None
    last = next((event for event in reversed(case.history) if event.refused is None), None)
    who = f", {last.action} by {last.actor}" if last and last.actor else ""
    return f"the case has moved on since you looked: it is {case.state} now (step {case.step}{who}). Look again first"


def lacking(command: CaseCommand) -> str | None:
    """What a step needs and was not given."""
    if command.action == "reroute" and not (command.company or command.department):
        return "reroute needs the company or the department that the post belongs to"
    if command.action == "our-version" and not command.text:
        return "our-version needs the text of the company's own version"
    return None
