"""What the `case` stage remembers of one partition: its cases, what waits for a case, and people's corrections."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.cases import Case, Waiting
from schemas.enriched import Correction
from schemas.identity import identity
from schemas.signals import Signal
from streams.cases.rules import answers, named, recovers
from streams.cases.waiting import WaitingRoom

RECOVERED_AT_ONCE = 500
"""Cases of one person that one thankful post moves; the next such post moves the next."""
WAITING = 10_000
"""Of one partition. When more wait, the oldest give way: a command then becomes a dead letter."""
THANKS = 10_000
"""Of one partition; the oldest give way."""


class CaseBook:
    """Cases found by id, by the post that a reply answers, and the open complaints of a person."""

    def __init__(
        self, cases: Iterable[Case] = (), waiting: Iterable[Waiting] = (), corrections: Iterable[Correction] = ()
    ) -> None:
        self._cases: dict[str, Case] = {}
        self._by_post: dict[str, list[str]] = {}
        self._by_person: dict[tuple[str, ...], dict[str, None]] = {}
        self.waiting = WaitingRoom(_post_waited_for, WAITING)
        """Commands and replies, by the start of the identity of the post whose case they are for."""
        self.thanks = WaitingRoom(_thankful, THANKS)
        """Thankful posts, by person: the complaint may still be on its way."""
        self.corrections: dict[str, Correction] = {one.identity: one for one in corrections}
        for case in cases:
            self.put(case)
        for one in sorted(waiting, key=lambda one: one.since):
            (self.thanks if thanks(one) else self.waiting).add(one)

    def put(self, case: Case) -> None:
        """Adds or replaces a case."""
        if case.id not in self._cases:
            self._by_post.setdefault(case.identity, []).append(case.id)
        self._cases[case.id] = case
        for person in persons(case):
            theirs = self._by_person.setdefault(person, {})
            # what has recovered need not be looked at again, however often somebody says thanks
            if case.queue == "complaint" and case.state not in ("recovered", "dismissed"):
                theirs[case.id] = None
            else:
                theirs.pop(case.id, None)
            if not theirs:
                del self._by_person[person]

    def get(self, key: str) -> Case | None:
        """One case by id."""
        return self._cases.get(key)

    def of_post(self, post: str) -> list[Case]:
        """The cases that a post has opened."""
        return [self._cases[key] for key in self._by_post.get(post, ())]

    def cases(self) -> list[Case]:
        """All of them, in the order in which they came."""
        return list(self._cases.values())

    def concerned(self, signal: Signal) -> list[Case]:
        """Cases that a post answers or recovers, oldest first."""
        if signal.role == "company":
            return [case for case in self.of_post(answered_post(signal) or "") if answers(case, signal)]
        if signal.sentiment != "positive":
            return []
        found = dict.fromkeys(self._by_post.get(signal.identity, ()))
        for person in persons(signal):
            found.update(self._by_person.get(person, {}))
        moved = [case for key in found if recovers(case := self._cases[key], signal)]
        return sorted(moved, key=lambda case: (case.opened_at, case.id))[:RECOVERED_AT_ONCE]

    def erase(self, post: str) -> tuple[list[str], list[str], bool]:
        """Forgets a post: the ids of its cases, of what waited of it or for it, and whether it had a correction."""
        gone = self._by_post.pop(post, [])
        for key in gone:
            case = self._cases.pop(key)
            for person in persons(case):
                self._by_person.get(person, {}).pop(key, None)
        waited = [*self.waiting.of_post(post), *(one.id for one in self.waiting.waiting_for(start(post)))]
        left: list[str] = []
        for room, ids in ((self.waiting, dict.fromkeys(waited)), (self.thanks, self.thanks.of_post(post))):
            left += [room.leave(key).id for key in ids]
        return gone, left, self.corrections.pop(post, None) is not None


def answered_post(signal: Signal) -> str | None:
    """The identity of the post that a signal replies to."""
    return identity(signal.channel, signal.source, signal.in_reply_to) if signal.in_reply_to else None


def thanks(one: Waiting) -> bool:
    """True for a post that may recover a case; what else waits is a command, or a reply by the company."""
    return one.signal is not None and one.signal.role != "company"


def persons(about: Case | Signal) -> list[tuple[str, ...]]:
    """By what somebody is known to be the same person."""
    found: list[tuple[str, ...]] = []
    if about.customer_id:
        found.append(("customer", about.brand, about.customer_id))
    if about.author is not None and named(about.author):
        found.append(("author", about.source, about.author))
    return found


def start(post: str) -> str:
    """As much of a post's identity as a case's id holds."""
    return post[:24]


def _post_waited_for(one: Waiting) -> list[str]:
    if one.command is not None:
        return [start(one.command.case_id.removeprefix("case-"))]
    return [start(answered_post(one.signal) or "")] if one.signal is not None else []


def _thankful(one: Waiting) -> list[tuple[str, ...]]:
    return persons(one.signal) if one.signal is not None else []
