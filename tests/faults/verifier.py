"""The verdict: ids produced = ids stored ∪ ids in dead letters, each once, contents equal, nothing committed too early.

Pure: what was read in, faults and counts out. `reading.py` reads it from the servers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.identity import identity, parse_time, to_millis

SHOWN = 5
"""Examples of each fault, at most."""


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Produced:
    """A raw record as a stranger reads it. `identity` None: it is not a post, and has to be a dead letter."""

    place: Place
    identity: str | None
    version: int
    text: str
    brand: str

    @classmethod
    def of(cls, place: Place, value: bytes, timestamp_ms: int) -> Produced:
        """The record's post: by the contract's words, not by the code under test."""
        try:
            fields = json.loads(value)
            own = identity(fields["channel"], fields["source"], fields["id"])
            updated = parse_time(fields.get("updated_at"))
        except (ValueError, KeyError, TypeError):
            return cls(place, None, 0, "", "")
        version = to_millis(updated) if updated else timestamp_ms
        return cls(place, own, version, fields.get("text", ""), fields.get("brand", ""))


class Passed(NamedTuple):
    """A record between stages: what it descends from, and which version of which post it is."""

    place: Place
    raw: Place
    identity: str
    version: int
    kind: str
    brand: str = ""


class Stored(NamedTuple):
    """A post as the store holds it. `claims`: the identity that its own fields make."""

    identity: str
    version: int
    text: str
    claims: str


class Letter(NamedTuple):
    """A dead letter: which stage gave up on the record that descends from `raw`."""

    stage: str
    raw: Place


@dataclass(slots=True)
class Seen:
    """All that was read. Offsets in `committed` are by group, topic and partition; they were read before the rest."""

    committed: Mapping[str, Mapping[tuple[str, int], int]]
    acknowledged: set[tuple[str, int, int]]
    produced: Sequence[Produced]
    enriched: Sequence[Passed]
    signals: Sequence[Passed]
    letters: Sequence[Letter]
    stored: Sequence[Stored]
    applied: Mapping[str, int] = field(default_factory=dict)
    """Per brand, the offset of the last signal that `alert` has counted."""
    counted: Mapping[str, int] = field(default_factory=dict)
    """Per brand, how many posts `alert` has counted."""
    cases: Sequence[str] = ()
    """Identities of the posts that have a case on the topic of cases."""
    case_documents: Sequence[str] = ()
    """The same, in the store."""


@dataclass(slots=True)
class Verdict:
    """Faults in words, and counts for the report."""

    faults: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, examples: Sequence[Any]) -> None:
        """Notes a fault that has examples; nothing where there are none."""
        if examples:
            shown = ", ".join(str(one) for one in examples[:SHOWN])
            self.faults.append(f"{what}: {len(examples)} (such as {shown})")


def judge(seen: Seen, *, complete: bool) -> Verdict:
    """What is wrong. `complete` False: work is still under way, so only what may never happen is looked for."""
    verdict = Verdict()
    given_up = {letter.raw for letter in seen.letters}
    versions = {one.identity: one.version for one in seen.stored}

    def settled(raw: Place, post: str | None, version: int) -> bool:
        return raw in given_up or (post is not None and versions.get(post, -1) >= version)

    _acknowledged(verdict, seen)
    _doubles(verdict, seen)
    _contents(verdict, seen, given_up, complete=complete)
    _committed(verdict, seen, given_up, settled)
    if complete:
        unsettled = [one.place for one in seen.produced if not settled(one.place, one.identity, one.version)]
        verdict.add("lost: neither stored nor a dead letter", unsettled)
        _counted_once(verdict, seen, given_up)
    repeats = Counter(seen.letters)
    verdict.counts = {
        "raw_records": len(seen.produced),
        "identities": len({one.identity for one in seen.produced if one.identity}),
        "stored": len(versions),
        "dead_letters": len(given_up),
        "dead_letters_repeated": sum(repeats.values()) - len(repeats),
        "enriched_records": len(seen.enriched),
        "enriched_repeated": len(seen.enriched) - len({(one.raw, one.kind, one.version) for one in seen.enriched}),
        "cases": len(set(seen.cases)),
        "counted_by_alert": sum(seen.counted.values()),
    }
    return verdict


def _acknowledged(verdict: Verdict, seen: Seen) -> None:
    there = {one.place for one in seen.produced}
    verdict.add("acknowledged by the broker and gone", [one for one in seen.acknowledged if Place(*one) not in there])


def _doubles(verdict: Verdict, seen: Seen) -> None:
    ids = Counter(one.identity for one in seen.stored)
    verdict.add("an id is stored twice", [one for one, times in ids.items() if times > 1])
    claims = Counter(one.claims for one in seen.stored)
    verdict.add("a post is stored under two ids", [one for one, times in claims.items() if times > 1])
    verdict.add("an id is not that of its post", [one.identity for one in seen.stored if one.identity != one.claims])


def _contents(verdict: Verdict, seen: Seen, given_up: set[Place], *, complete: bool) -> None:
    """Every document is an edition that was produced, whole; at the end the newest that the store could take."""
    editions: dict[str, dict[int, list[str]]] = {}
    for one in seen.produced:
        if one.identity is not None and one.place not in given_up:
            editions.setdefault(one.identity, {}).setdefault(one.version, []).append(one.text)
    unknown, changed, old = [], [], []
    for document in seen.stored:
        known = editions.get(document.identity, {})
        if document.version not in known:
            unknown.append((document.identity, document.version))
        elif document.text not in known[document.version]:
            changed.append(document.identity)
        elif complete and document.version != max(known):
            old.append(document.identity)
    verdict.add("stored, but never produced in that version", unknown)
    verdict.add("stored with other words than it was produced with", changed)
    verdict.add("an older edition is stored", old)


def _committed(verdict: Verdict, seen: Seen, given_up: set[Place], settled: Any) -> None:
    """Nothing below a group's committed offset may be unsettled."""

    def below(group: str, place: Place) -> bool:
        return place.offset < seen.committed.get(group, {}).get((place.topic, place.partition), 0)

    forwarded = {one.raw for one in seen.enriched}
    signalled = {one.raw for one in seen.signals}
    verdict.add(
        "enrich has committed past a record that it did not forward",
        [
            one.place
            for one in seen.produced
            if below("enrich", one.place)
            and one.place not in given_up
            and not (one.place in forwarded and one.place in signalled)
        ],
    )
    verdict.add(
        "index has committed past a record that is not stored",
        [
            one.place
            for one in seen.enriched
            if below("index", one.place) and one.kind == "post" and not settled(one.raw, one.identity, one.version)
        ],
    )
    verdict.add(
        "alert has committed past a signal that it did not count",
        [
            one.place
            for one in seen.signals
            if below("alert", one.place) and seen.applied.get(one.brand, -1) < one.place.offset
        ],
    )
    cases = set(seen.cases)
    verdict.add(
        "case has committed past a complaint without a case",
        [
            one.place
            for one in seen.signals
            if below("case", one.place) and one.kind == "complaint" and one.identity not in cases
        ],
    )


def _counted_once(verdict: Verdict, seen: Seen, given_up: set[Place]) -> None:
    """Alerts counted each post exactly once, and each complaint has one case, on the topic and in the store."""
    signalled: dict[str, set[str]] = {}
    for one in seen.signals:
        signalled.setdefault(one.brand, set()).add(one.identity)
    verdict.add(
        "alert has counted another number of posts of a brand than there are",
        [(b, seen.counted.get(b, 0), len(ids)) for b, ids in signalled.items() if seen.counted.get(b, 0) != len(ids)],
    )
    complaints = {one.identity for one in seen.signals if one.kind == "complaint"}
    verdict.add("a complaint without a case", sorted(complaints - set(seen.cases)))
    verdict.add("a case without its document", sorted(set(seen.cases) - set(seen.case_documents)))
    verdict.add("a case that nobody complained about", sorted(set(seen.cases) - complaints))
    doubled = [one for one, times in Counter(seen.case_documents).items() if times > 1]
    verdict.add("a complaint with two cases", doubled)
