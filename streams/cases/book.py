"""What the `case` stage remembers of one partition: its cases, what waits for a case, and people's corrections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.cases import Case, CaseCommand, Waiting
from schemas.enriched import Correction
from schemas.identity import identity
from schemas.signals import Signal
from streams.cases.rules import answers, named, recovers

RECOVERED_AT_ONCE = 500
"""Cases of one person that one thankful post moves; the next such post moves the next."""
WAITING = 10_000
"""Of one partition. When more wait, the oldest give way: a command then becomes a dead letter."""
WAITING_MS = 7 * 24 * 3600 * 1000


class CaseBook:
    """Cases found by id, by the post that a reply answers, and the open complaints of a person."""

    def __init__(
        self, cases: Iterable[Case] = (), waiting: Iterable[Waiting] = (), corrections: Iterable[Correction] = ()
    ) -> None:
        self._cases: dict[str, Case] = {}
        self._by_post: dict[str, list[str]] = {}
        self._by_person: dict[tuple[str, ...], dict[str, None]] = {}
        self._waiting: dict[str, Waiting] = {}
        self._waiting_for: dict[str, dict[str, None]] = {}
        self.corrections: dict[str, Correction] = {one.identity: one for one in corrections}
        for case in cases:
            self.put(case)
        for one in sorted(waiting, key=lambda one: one.since):
            self.wait(one)

    def put(self, case: Case) -> None:
        """Adds or replaces a case."""
        if case.id not in self._cases:
            self._by_post.setdefault(case.identity, []).append(case.id)
        self._cases[case.id] = case
        for person in _persons(case.brand, case.customer_id, case.source, case.author):
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
        for person in _persons(signal.brand, signal.customer_id, signal.source, signal.author):
            found.update(self._by_person.get(person, {}))
        moved = [case for key in found if recovers(case := self._cases[key], signal)]
        return sorted(moved, key=lambda case: (case.opened_at, case.id))[:RECOVERED_AT_ONCE]

    def wait(self, one: Waiting) -> list[Waiting]:
        """Keeps what came before its case; returns what has to give way for it."""
        post = waits_for(one)
        self._waiting[one.id] = one
        self._waiting_for.setdefault(post, {})[one.id] = None
        return [self.forget(next(iter(self._waiting)))] if len(self._waiting) > WAITING else []

    def forget(self, key: str) -> Waiting:
        """Takes one out of what waits."""
        one = self._waiting.pop(key)
        theirs = self._waiting_for[waits_for(one)]
        theirs.pop(key)
        if not theirs:
            del self._waiting_for[waits_for(one)]
        return one

    def erase(self, post: str) -> tuple[list[str], list[str], bool]:
        """Forgets a post: the ids of its cases, of what waited of it or for it, and whether it had a correction."""
        gone = self._by_post.pop(post, [])
        for key in gone:
            case = self._cases.pop(key)
            for person in _persons(case.brand, case.customer_id, case.source, case.author):
                self._by_person.get(person, {}).pop(key, None)
        waited = [one.id for one in self._waiting.values() if one.signal is not None and one.signal.identity == post]
        waited += [key for key in self._waiting_for.get(_start(post), ()) if key not in waited]
        for key in waited:
            self.forget(key)
        return gone, waited, self.corrections.pop(post, None) is not None

    def waiting_for(self, post: str) -> list[Waiting]:
        """What waits for the cases of a post, in the order in which it came."""
        return [self._waiting[key] for key in self._waiting_for.get(_start(post), ())]

    def overdue(self, now_ms: int) -> list[Waiting]:
        """What has waited too long, oldest first."""
        found: list[Waiting] = []
        for one in self._waiting.values():
            if one.since >= now_ms - WAITING_MS:
                break  # they stand in the order in which they came
            found.append(one)
        return found

    def waits(self, key: str) -> bool:
        """True where something of that id waits already."""
        return key in self._waiting


def answered_post(signal: Signal) -> str | None:
    """The identity of the post that a signal replies to."""
    return identity(signal.channel, signal.source, signal.in_reply_to) if signal.in_reply_to else None


def waits_for(one: Waiting) -> str:
    """The start of the identity of the post whose case is waited for."""
    if one.command is not None:
        return post_of_case(one.command)
    return _start(answered_post(one.signal) or "") if one.signal is not None else ""


def post_of_case(command: CaseCommand) -> str:
    """The start of a post's identity, as a case's id holds it."""
    return _start(command.case_id.removeprefix("case-"))


def _start(post: str) -> str:
    return post[:24]


def _persons(brand: str, customer_id: str | None, source: str, author: str | None) -> Sequence[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    if customer_id:
        found.append(("customer", brand, customer_id))
    if author is not None and named(author):
        found.append(("author", source, author))
    return found
