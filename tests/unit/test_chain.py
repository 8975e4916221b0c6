"""Lanes of enrichers: the same results as one after the other, in order, whatever breaks; and really side by side."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec
import pytest

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.raw import RawPost
from streams.intake import to_draft

pytestmark = pytest.mark.unit

WAIT = 30.0


class Adding:
    """Notes its name on every post; breaks on the posts of `breaks`."""

    version = "1"

    def __init__(self, name: str, breaks: Sequence[str] = ()) -> None:
        self.name = name
        self._breaks = breaks
        self.threads: set[int] = set()
        self.closed = False

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        self.threads.add(threading.get_ident())
        if any(draft.post.id in self._breaks for draft in drafts):
            raise ValueError("a bad post")
        return [draft.noted(self.name) for draft in drafts]

    def close(self) -> None:
        self.closed = True


def drafts(count: int) -> list[Draft]:
    return [
        to_draft(RawPost(id=str(number), source="s", channel="social", text="hola"), received_ms=1_700_000_000_000)
        for number in range(count)
    ]


def enrichers() -> list[Adding]:
    return [Adding("a"), Adding("b", breaks=["3", "40"]), Adding("c"), Adding("d")]


@pytest.mark.parametrize("count", [0, 1, 8, 9, 50])
def test_lanes_give_what_one_after_the_other_gives(count: int) -> None:
    plain, laned = Chain(enrichers()), Chain(enrichers(), lanes=("b", "c"), part=8)
    expected, got = plain(drafts(count)), laned(drafts(count))
    laned.close()
    assert [msgspec.json.encode(one.post) for one in got] == [msgspec.json.encode(one.post) for one in expected]
    assert [one.post.id for one in got if one.post.provenance.failed] == [
        number for number in ("3", "40") if int(number) < count
    ]


def test_each_lane_has_a_thread_of_its_own_and_keeps_it() -> None:
    made = enrichers()
    chain = Chain(made, lanes=("b", "d"), part=4)
    for _ in range(3):
        chain(drafts(20))
    chain.close()
    assert [len(one.threads) for one in made] == [1, 1, 1, 1]
    assert made[1].threads == made[2].threads
    assert len({next(iter(made[place].threads)) for place in (0, 1, 3)}) == 3
    assert all(one.closed for one in made)


def test_parts_are_worked_on_side_by_side() -> None:
    met = threading.Barrier(2)

    class Meeting(Adding):
        """Waits until the other lane is at work too: on the first of two parts as `b`, on the second as `a`."""

        def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
            if (drafts[0].post.id == "0") == (self.name == "b"):
                met.wait(WAIT)
            return super().__call__(drafts)

    chain = Chain([Meeting("a"), Meeting("b")], lanes=("b",), part=2)
    done = chain(drafts(4))
    chain.close()
    assert [one.post.provenance.notes for one in done] == [["a", "b"]] * 4
    assert not any(one.post.provenance.failed for one in done)
