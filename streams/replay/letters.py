"""Which dead letters are open: a letter and its receipts, folded in the order in which they stand in the topic.

A receipt is a record without a value under the letter's key: readers of the topic skip it, `vocero replay` knows from
it that the letter was driven again. A post that fails once more has a new letter behind its receipt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import msgspec

from schemas.dead_letters import DeadLetter
from schemas.identity import from_millis
from streams.headers import INPUT, RAW, Address, address_header, cloud_event, text_header
from streams.records import Message, Record

_STAGE = "__connect.errors.stage"


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: what failed at `stage`, where it stood (`input`), and the raw record that it descends from."""

    stage: str
    reason: str
    sha256: str
    input: Address
    raw: Address
    identity: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant. Empty: any; times are those of the letters, in milliseconds, `until_ms` left out."""

    reasons: Collection[str] = ()
    stages: Collection[str] = ()
    since_ms: int | None = None
    until_ms: int | None = None

    def takes(self, letter: Letter) -> bool:
        """True where the letter is meant."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.stages or letter.stage in self.stages)
            and (self.since_ms is None or letter.at_ms >= self.since_ms)
            and (self.until_ms is None or letter.at_ms < self.until_ms)
        )


@dataclass(frozen=True, slots=True)
class Folded:
    """The letters of a choice: those that are open, those that were driven again, and records that are no letter."""

    open: list[Letter]
    replayed: list[Letter]
    unreadable: int


def folded(records: Iterable[Record], choice: Choice) -> Folded:
    """The state of every letter of a choice. `records` of one partition, oldest first; a letter told twice is one."""
    known: dict[tuple[str, Address], tuple[Letter, bool]] = {}
    unreadable = 0
    for record in records:
        if record.value is None:
            stage, place = text_header(record.headers, _STAGE), address_header(record.headers, INPUT)
            if stage is not None and place is not None and (stage, place) in known:
                known[stage, place] = (known[stage, place][0], True)
        elif (letter := _letter(record)) is None:
            unreadable += 1
        elif choice.takes(letter):
            # a letter behind its own receipt failed again
            known[letter.stage, letter.input] = (letter, False)
    return Folded(
        [letter for letter, done in known.values() if not done],
        [letter for letter, done in known.values() if done],
        unreadable,
    )


def receipt(topic: str, letter: Letter, *, now_ms: int) -> Message:
    """Says that a letter was driven again."""
    event = f"{letter.stage}:{letter.input}:replayed"
    headers = cloud_event(
        kind="dead-letter.replayed", stage="replay", event_id=event, time=from_millis(now_ms), raw=letter.raw
    )
    headers[_STAGE] = letter.stage.encode()
    headers[INPUT] = str(letter.input).encode()
    return Message(topic, letter.sha256.encode(), None, headers)


def _letter(record: Record) -> Letter | None:
    try:
        body = msgspec.json.decode(record.value or b"", type=DeadLetter)
    except msgspec.MsgspecError:
        return None
    raw = address_header(record.headers, RAW) or Address(body.topic, body.partition, body.offset)
    place = address_header(record.headers, INPUT) or raw
    return Letter(body.stage, body.reason, body.sha256, place, raw, body.identity, record.timestamp_ms)
