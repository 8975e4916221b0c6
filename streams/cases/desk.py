"""What a signal or a command does to the cases of a partition, and what is said about it. No Kafka here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from schemas.cases import Case, CaseAnswer, CaseCommand, CaseState, Waiting
from schemas.enriched import Correction
from schemas.errors import RejectedInput
from schemas.identity import from_millis
from schemas.signals import Signal
from streams.cases import corrections
from streams.cases.book import CaseBook, answered_post, persons, start
from streams.cases.moves import MAX_EVENTS
from streams.cases.rules import (
    case_id,
    event_of,
    moved_by_command,
    moved_by_post,
    opened,
    queues,
    recovers,
    thankful,
    wordless,
)


@dataclass(slots=True)
class Taken:
    """What followed from one record."""

    cases: list[Case] = field(default_factory=list)
    answers: list[CaseAnswer] = field(default_factory=list)
    corrected: list[Correction] = field(default_factory=list)
    waits: list[Waiting] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    """Ids of what waits no longer."""
    given_up: list[Waiting] = field(default_factory=list)
    rejected: RejectedInput | None = None

    def answer(
        self,
        command_id: str,
        case: str | None,
        outcome: Literal["done", "refused", "waiting"],
        reason: str | None = None,
        *,
        at: str,
        state: CaseState | None = None,
        step: int | None = None,
    ) -> None:
        """Adds what the sender of a command is told."""
        self.answers.append(
            CaseAnswer(id=command_id, case_id=case, outcome=outcome, reason=reason, state=state, step=step, at=at)
        )


class Desk:
    """Works on one book for one record; `now_ms` and `offset` are the record's. The book holds what was done."""

    def __init__(self, book: CaseBook, now_ms: int, offset: int) -> None:
        self._book = book
        self._now_ms = now_ms
        self._offset = offset
        self._taken = Taken()

    def signal(self, signal: Signal) -> Taken:
        """A post moves the cases that it answers or recovers, and opens those that it is worth."""
        concerned = self._book.concerned(signal)
        for case in concerned:
            self._moved(case, moved_by_post(case, signal))
        for queue in queues(signal):
            if self._book.get(case_id(signal.identity, queue)) is None:
                self._moved(None, case := opened(signal, queue))
                self._catch_up(signal.identity)
                self._thanked_already(self._book.get(case.id) or case)
        self._thanked(signal)
        post = answered_post(signal)
        if signal.role == "company" and not signal.automatic and post is not None and not self._book.of_post(post):
            # the post that it answers may still be on its way
            self._wait(Waiting(id=f"reply-{signal.identity}", since=self._now_ms, offset=self._offset, signal=signal))
        self._give_up()
        return self._taken

    def command(self, command: CaseCommand) -> Taken:
        """A person's step, and the answer to whoever sent it."""
        if command.action == "correct":
            self._corrected(command)
        elif (case := self._book.get(command.case_id)) is not None:
            self._commanded(case, command)
        elif not command.case_id.startswith("case-"):
            self._say(command, "refused", "there is no such case: a case's id begins with case-")
        else:
            self._wait(Waiting(id=f"command-{command.id}", since=self._now_ms, offset=self._offset, command=command))
            self._say(
                command,
                "waiting",
                "this brand has no such case yet: the step is kept for 7 days, and taken when the case comes",
            )
        self._give_up()
        return self._taken

    def _commanded(self, case: Case, command: CaseCommand) -> None:
        after = moved_by_command(case, command)
        self._moved(case, after)
        event = event_of(after, command.id)
        if event is None:
            self._say(command, "refused", f"the case is full ({MAX_EVENTS} events): it takes no further step", after)
        elif event.refused is not None:
            self._say(command, "refused", event.refused, after)
        else:
            self._say(command, "done", None, after)

    def _corrected(self, command: CaseCommand) -> None:
        if (reason := corrections.lacking(command)) is not None:
            self._say(command, "refused", reason)
            return
        post = command.identity or ""
        known = self._book.corrections.get(post)
        if (reason := corrections.conflict(known, command)) is not None:
            self._say(command, "refused", reason)
            return
        correction = corrections.merged(known, command)
        self._book.corrections[post] = correction
        self._taken.corrected.append(correction)  # a repeat is told again: it changes nothing
        for case in self._book.of_post(post):
            self._moved(case, corrections.followed(case, command, correction))
        self._taken.answer(command.id, command.case_id, "done", at=from_millis(self._now_ms), step=correction.step)

    def _catch_up(self, post: str) -> None:
        """What came before the case is taken now, in the order in which it came."""
        for one in self._book.waiting.waiting_for(start(post)):
            if one.command is not None:
                case = self._book.get(one.command.case_id)
                if case is None:
                    continue  # it waits for the same post's case in another queue
                self._commanded(case, one.command)
            elif one.signal is not None:
                for case in self._book.concerned(one.signal):
                    self._moved(case, moved_by_post(case, one.signal))
            self._book.waiting.leave(one.id)
            self._taken.came.append(one.id)

    def _thanked(self, signal: Signal) -> None:
        """A thankful post recovers what came before it, and what was written before it and comes later."""
        key = f"thanks-{signal.identity}"
        kept = self._book.thanks.get(key)
        if kept is None or kept.signal is None:
            news = thankful(signal) and bool(persons(signal))
        else:
            news = signal.version > kept.signal.version  # thanks that were taken back stay here as what they are now
        if news:
            one = Waiting(id=key, since=self._now_ms, offset=self._offset, signal=wordless(signal))
            self._taken.given_up += self._book.thanks.add(one)
            self._taken.waits.append(one)

    def _thanked_already(self, case: Case) -> None:
        """The person of a new case may have said thanks before its post came."""
        found = [one.signal for one in self._book.thanks.waiting_for(*persons(case)) if one.signal is not None]
        said = [signal for signal in found if recovers(case, signal)]
        if said:
            self._moved(case, moved_by_post(case, min(said, key=lambda one: (one.event_time, one.identity))))

    def _moved(self, before: Case | None, after: Case) -> None:
        if after is not before:
            self._book.put(after)
            self._taken.cases.append(after)

    def _wait(self, one: Waiting) -> None:
        if self._book.waiting.get(one.id) is None:
            self._taken.given_up += self._book.waiting.add(one)
            self._taken.waits.append(one)

    def _give_up(self) -> None:
        for room in (self._book.waiting, self._book.thanks):
            self._taken.given_up += [room.leave(one.id) for one in room.overdue(self._now_ms)[:100]]
        self._taken.came += [one.id for one in self._taken.given_up]

    def _say(
        self,
        command: CaseCommand,
        outcome: Literal["done", "refused", "waiting"],
        reason: str | None,
        case: Case | None = None,
    ) -> None:
        self._taken.answer(
            command.id,
            command.case_id,
            outcome,
            reason,
            at=from_millis(self._now_ms),
            state=case.state if case else None,
            step=case.step if case else None,
        )
