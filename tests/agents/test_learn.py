"""The learn stage on the embedded broker: topics are born, documents are told, and a person's word arrives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from enrichers.base import Draft
from enrichers.chain import Chain
from enrichers.topic import Topics as TopicAssign
from schemas.codec import encode
from schemas.enriched import Span, Translation
from schemas.topics import TopicCommand
from sinks.base import Query
from sinks.memory import MemorySink
from streams.embedded import Parcel, play
from streams.settings import Settings, load_settings
from streams.topics import Topics

pytestmark = pytest.mark.agents

TEXTS = ("the courier brought the parcel late", "the label scratches my neck badly", "such a lovely dress for weddings")


class Placing:
    """A stand-in for the models: a post of kind k has one English sentence and a vector near the k-th axis."""

    name = "placing"
    version = "1"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        return [self._placed(draft) for draft in drafts]

    @staticmethod
    def _placed(draft: Draft) -> Draft:
        number = int(draft.post.id)
        dice = np.random.default_rng(number)
        vector = dice.normal(0, 0.03, 16).astype(np.float32)
        vector[number % 3] += 1.0
        vector /= np.linalg.norm(vector)
        text = draft.post.text
        span = Span(start=0, end=len(text), language="en", translation=Translation(status="identity"))
        placed = draft.with_post(clean_text=text, language="en", spans=[span])
        return replace(placed, vectors=vector[None, :], vector=vector)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("state")
    return load_settings(environ={"VOCERO_STATE_DIR": str(folder), "VOCERO_STORE": "memory"})


def test_topics_are_born_told_and_then_assigned(settings: Settings) -> None:
    sink = MemorySink()

    def story(topics: Topics) -> Iterable[Parcel]:
        for number in range(150):
            post = {
                "id": str(number),
                "source": "shop",
                "channel": "review",
                "text": TEXTS[number % 3],
                "created_at": f"2026-03-{1 + number // 10:02d}T{number % 24:02d}:00:00Z",
            }
            yield Parcel(topics.raw["review"], str(number).encode(), json.dumps(post).encode(), {})

    outcome = play(
        settings, story, sink=lambda: sink, chain=lambda model: Chain([Placing(), TopicAssign(model)]), under_way=20
    )
    assert outcome.complete, outcome
    assert outcome.dead_letters == 0
    born = [hit.body["feedback"]["topic"] for hit in sink.search(Query(kind="topics", limit=100)).documents]
    assert len(born) == 3
    posts = [hit.body["feedback"] for hit in sink.search(Query(limit=1000)).documents]
    assert len(posts) == 150
    named: dict[int, set[str]] = {}
    for post in posts:
        for topic in post.get("topics", []):
            if topic["status"] == "assigned":
                named.setdefault(int(post["id"]) % 3, set()).add(topic["id"])
    assert all(len(ids) == 1 for ids in named.values()), named
    assert len(set.union(*named.values())) == 3
    told = sum(any(topic["status"] == "assigned" for topic in post.get("topics", [])) for post in posts)
    assert told > 100
    early = [post for post in posts if int(post["id"]) < 30]
    assert sum(any(topic["status"] == "assigned" for topic in post.get("topics", [])) for post in early) > 24


def test_a_word_for_a_topic_that_is_not_there_is_no_dead_letter(settings: Settings) -> None:
    order = TopicCommand(id="c", action="rename", topic="t-none", label="x", actor="ana", at="2026-04-01T00:00:00Z")
    sink = MemorySink()

    def story(topics: Topics) -> Iterable[Parcel]:
        yield Parcel(topics.learn, b"t-none", encode(order), {})
        yield Parcel(topics.learn, b"x", b"{}", {})

    outcome = play(settings, story, sink=lambda: sink, chain=lambda model: Chain([Placing(), TopicAssign(model)]))
    assert outcome.complete, outcome
    assert outcome.dead_letters == 1
