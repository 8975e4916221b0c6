"""The link stage on the embedded broker: two tellings are linked in the store, a person parts them, and that stays."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.codec import encode
from schemas.enriched import Intent, Sentiment, Severity
from schemas.identity import identity
from schemas.links import LinkCommand
from sinks.base import Query
from sinks.memory import MemorySink
from streams.embedded import Parcel, play
from streams.settings import Settings, load_settings
from streams.topics import Topics

pytestmark = pytest.mark.agents

LAMP = "The shade of my Lumen lamp arrived in pieces, order 48213, and support has been silent for twelve days"
TELLINGS = [("social", "chirp", "1"), ("review", "shop", "2")]
ONE, OTHER = (identity(*telling) for telling in TELLINGS)


class Hearing:
    """A stand-in for the models: everything complains, in English, and near to one meaning."""

    name = "hearing"
    version = "1"

    def __call__(self, drafts: list[Draft]) -> list[Draft]:
        return [self._heard(draft) for draft in drafts]

    @staticmethod
    def _heard(draft: Draft) -> Draft:
        vector = np.random.default_rng(7).normal(size=384).astype(np.float32)
        made = draft.with_post(
            clean_text=draft.post.text,
            language="en",
            sentiment=Sentiment(status="scored", label="negative", score=-0.6, confidence=0.9),
            intents=[Intent(label="complaint", confidence=0.9)],
            severity=Severity(score=0.4, negativity=0.6, reach=0.1),
        )
        return replace(made, vector=vector / np.linalg.norm(vector))

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("state")
    return load_settings(environ={"VOCERO_STATE_DIR": str(folder), "VOCERO_STORE": "memory"})


def raw(topics: Topics, number: int) -> Parcel:
    channel, source, post = TELLINGS[number]
    body = {"id": post, "source": source, "channel": channel, "text": LAMP, "brand": "Lumen"}
    body |= {"created_at": f"2026-03-0{number + 1}T10:00:00Z", "author": {"handle": f"@m{number}", "customer_id": "C"}}
    return Parcel(topics.raw[channel], (ONE, OTHER)[number].encode(), json.dumps(body).encode(), {})


def linked(settings: Settings, *steps: int | str) -> dict[str, list[str]]:
    """Per post the posts it is linked to, after posts (a number) and a person's words (an action) have come."""
    sink = MemorySink()

    def story(topics: Topics) -> Iterable[Parcel]:
        for count, step in enumerate(steps):
            if isinstance(step, int):
                yield raw(topics, step)
                continue
            word = LinkCommand(
                id=str(count), brand="Lumen", action=step, identity=ONE, other=OTHER, actor="ana", at="2026-03-03"  # type: ignore[arg-type]
            )  # fmt: skip
            yield Parcel(topics.link_commands, b"Lumen", encode(word), {})

    outcome = play(settings, story, sink=lambda: sink, chain=lambda _: Chain([Hearing()]), under_way=1)
    assert outcome.complete, outcome
    found = sink.search(Query(limit=10)).documents
    return {one.id: [link["identity"] for link in one.body["feedback"].get("links", [])] for one in found}


def test_two_tellings_are_linked_in_both_documents(settings: Settings) -> None:
    assert linked(settings, 0, 1) == {ONE: [OTHER], OTHER: [ONE]}


def test_a_person_parts_them_and_a_redelivery_changes_nothing(settings: Settings) -> None:
    assert linked(settings, 0, 1, "unlink", 0, 1) == {ONE: [], OTHER: []}
