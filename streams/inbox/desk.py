"""From a form to a command, and from its answer to a sentence: the inbox's half of the line to the `case` stage."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, get_args

import msgspec

from schemas.cases import CaseAnswer, CaseCommand
from schemas.enriched import IntentLabel, SentimentLabel
from schemas.errors import VoceroError
from schemas.links import LinkCommand
from streams.cases.correcting import NAME, correction_of
from streams.cases.line import new_command
from streams.inbox.reading import Board
from streams.links.saying import word_on

Told = tuple[str, str]
"""`good`, `bad` or `wait`, and a sentence for the one who sent the form."""
INDEX_SECONDS = 3.0
"""How long a page waits until the store shows what was just done."""


class Line(Protocol):
    """What the desk needs of a `CaseLine`."""

    def send(self, command: CaseCommand) -> CaseAnswer | None: ...

    def close(self) -> None: ...


class Desk:
    """Opens its line with the first step. `closed` says why no step can be taken here; None where steps can be."""

    def __init__(
        self,
        make_line: Callable[[], Line] | None,
        closed: str | None = None,
        *,
        send_link: Callable[[LinkCommand], None] | None = None,
    ) -> None:
        """`send_link` gives a word on two posts to Kafka, and returns when it is kept there."""
        self._make_line = make_line
        self._send_link = send_link
        self._line: Line | None = None
        self._lock = threading.Lock()
        self.closed = closed

    def step(self, board: Board, key: str, form: Mapping[str, Any]) -> Told:
        """Takes a step in a case as the form's page showed it."""
        case = board.case(key)
        if case is None:
            return "bad", "There is no such case any more."
        if not form["actor"].strip():
            return "bad", "Nothing was done: give your name, so that others know who it was."
        fields = {name: form[name].strip() or None for name in ("note", "text", "company", "department")}
        expected = int(form["expected"]) if form["expected"].isdigit() and len(form["expected"]) < 9 else None
        try:
            command = new_command(
                {"id": case.id, "brand": case.brand}, form["action"], form["actor"].strip(), expected=expected, **fields
            )
        except msgspec.ValidationError:
            return "bad", "Nothing was done: the step is none of those that there are, or one of its texts is too long."
        return self._sent(command, lambda: (found := board.case(key)) is not None and found.step > (expected or 0))

    def correct(self, board: Board, key: str, form: Mapping[str, Any]) -> Told:
        """Says what a post really is."""
        post = board.shown(key).post
        if post is None:
            return "bad", "There is no such post any more."
        if not form["actor"].strip():
            return "bad", "Nothing was done: give your name, so that others know who it was."
        fields: dict[str, Any] = {}
        if form["sentiment"] in get_args(SentimentLabel):
            fields["sentiment"] = form["sentiment"]
        if isinstance(form["intents"], list) and form["intents"]:
            fields["intents"] = [label for label in get_args(IntentLabel) if label in form["intents"]]
        if form["language"].strip():
            fields["language"] = form["language"].strip().lower()
        if form["relevant"] in ("yes", "no"):
            fields["relevant"] = form["relevant"] == "yes"
        if form["topic"] == "none":
            fields["topics"] = []
        elif form["topic"]:
            chosen = next((one for one in board.topics() if one.id == form["topic"]), None)
            if chosen is None:
                return "bad", "Nothing was done: there is no such topic any more. Load the page again."
            fields["topics"] = [msgspec.to_builtins(chosen)]
        undo = form["action"] == "undo"
        if not fields and not undo:
            return "bad", "Nothing was done: say at least one thing that the post really is."
        try:
            command = correction_of(post, {} if undo else fields, form["actor"].strip(), form["note"].strip() or None)
        except msgspec.ValidationError:
            return "bad", "Nothing was done: a language is two or three letters, such as pt."
        before = post.correction.step if post.correction else 0

        def shown() -> bool:
            now = board.shown(key).post
            step = now.correction.step if now is not None and now.correction else 0
            return step == 0 if undo else step > before

        return self._sent(command, shown)

    def part(self, board: Board, key: str, form: Mapping[str, Any]) -> Told:
        """Says that two posts do not tell the same complaint."""
        post, other = board.post(key), board.post(form["other"])
        if post is None or other is None:
            return "bad", "There is no such post any more."
        if not form["actor"].strip():
            return "bad", "Nothing was done: give your name, so that others know who it was."
        if self.closed is not None or self._send_link is None:
            return "bad", f"Nothing was done. {self.closed or ''}".strip()
        try:
            self._send_link(word_on(post, other, "unlink", form["actor"].strip()[:NAME]))
        except VoceroError as error:
            return "bad", f"Nothing was done: {error}."

        def parted() -> bool:
            now = board.post(key)
            return now is None or all(link.identity != other.identity for link in now.links)

        if _shown(parted):
            return "good", "Done: they are two complaints."
        return "wait", "Kafka keeps it. The link goes when a link worker runs."

    def _sent(self, command: CaseCommand, shown: Callable[[], bool]) -> Told:
        if self.closed is not None or self._make_line is None:
            return "bad", f"Nothing was done. {self.closed or ''}".strip()
        try:
            with self._lock:
                self._line = self._line or self._make_line()
            answer = self._line.send(command)
        except VoceroError as error:
            return "bad", f"Nothing was done: {error}."
        if answer is None:
            return "wait", "Kafka keeps the step, but no case worker has answered yet. It is taken when one runs."
        if answer.outcome == "refused":
            return "bad", f"Refused: {answer.reason}."
        if answer.outcome == "waiting":
            return "wait", f"Kept: {answer.reason}."
        _shown(shown)
        return "good", "Done."

    def close(self) -> None:
        """Closes the line, if it was opened."""
        if self._line is not None:
            self._line.close()


def _shown(there: Callable[[], bool]) -> bool:
    """True as soon as the store shows what was done; False where it does not for a while."""
    deadline = time.monotonic() + INDEX_SECONDS
    while not (found := there()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
