"""The fault suite's verifier sees what it is there to see: each kind of loss, double and early commit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.identity import identity
from tests.faults.verifier import Letter, Passed, Place, Produced, Seen, Stored, judge

pytestmark = pytest.mark.unit

RAW, ENRICHED, SIGNALS = "p.raw.reviews", "p.enriched", "p.signals"


def own(number: int) -> str:
    return identity("review", "shop", str(number))


def sound(count: int = 5) -> Seen:
    """Posts 0 to count-1, all stored; the last one is a dead letter instead."""
    ids = [own(number) for number in range(count)]
    good = range(count - 1)
    raw = [Place(RAW, 0, number) for number in range(count)]
    return Seen(
        committed={
            "enrich": {(RAW, 0): count},
            "index": {(ENRICHED, 0): count - 1},
            "alert": {(SIGNALS, 0): count - 1},
            "case": {(SIGNALS, 0): count - 1},
        },
        acknowledged={(RAW, 0, number) for number in range(count)},
        produced=[Produced(raw[n], ids[n], 10 + n, f"text {n}", "b") for n in range(count)],
        enriched=[Passed(Place(ENRICHED, 0, n), raw[n], ids[n], 10 + n, "post") for n in good],
        signals=[Passed(Place(SIGNALS, 0, n), raw[n], ids[n], 10 + n, "complaint", "b") for n in good],
        letters=[Letter("enrich", raw[-1])],
        stored=[Stored(ids[n], 10 + n, f"text {n}", ids[n]) for n in good],
        applied={"b": count - 2},
        counted={"b": count - 1},
        cases=ids[:-1],
        case_documents=ids[:-1],
    )


def faults(seen: Seen, *, complete: bool = True) -> str:
    return "\n".join(judge(seen, complete=complete).faults)


def test_what_is_sound_is_called_sound() -> None:
    verdict = judge(sound(), complete=True)
    assert verdict.faults == []
    assert (verdict.counts["stored"], verdict.counts["dead_letters"], verdict.counts["raw_records"]) == (4, 1, 5)


def test_a_lost_post_is_seen() -> None:
    seen = sound()
    assert "lost" in faults(replace(seen, stored=seen.stored[1:]))
    assert "index has committed past" in faults(replace(seen, stored=seen.stored[1:]), complete=False)
    assert "lost" in faults(replace(seen, letters=[]))
    assert "acknowledged by the broker and gone" in faults(replace(seen, produced=seen.produced[1:]))


def test_a_double_is_seen() -> None:
    seen = sound()
    twice = seen.stored[0]
    assert "stored twice" in faults(replace(seen, stored=[*seen.stored, twice]))
    assert "under two ids" in faults(replace(seen, stored=[*seen.stored, twice._replace(identity="another")]))
    assert "another number of posts" in faults(replace(seen, counted={"b": 5}))
    assert "two cases" in faults(replace(seen, case_documents=[*seen.case_documents, own(0)]))


def test_other_words_and_older_editions_are_seen() -> None:
    seen = sound()
    first, *rest = seen.stored
    assert "other words" in faults(replace(seen, stored=[first._replace(text="text 1"), *rest]))
    assert "never produced" in faults(replace(seen, stored=[first._replace(version=99), *rest]))
    edit = Produced(Place(RAW, 1, 0), own(0), 50, "edited", "b")
    older = replace(seen, produced=[*seen.produced, edit])
    assert "older edition" in faults(older)
    assert "lost" in faults(older)
    newer = replace(older, stored=[first._replace(version=50, text="edited"), *rest])
    assert faults(newer) == ""


@pytest.mark.parametrize(
    ("group", "missing"),
    [
        ("enrich", {"enriched": []}),
        ("enrich", {"signals": []}),
        ("alert", {"applied": {"b": 0}}),
        ("case", {"cases": []}),
    ],
)
def test_a_commit_past_what_is_not_settled_is_seen(group: str, missing: dict[str, object]) -> None:
    early = replace(sound(), **missing)  # type: ignore[arg-type]
    assert f"{group} has committed past" in faults(early, complete=False)
    nothing = replace(early, committed={})
    assert faults(nothing, complete=False) == ""
