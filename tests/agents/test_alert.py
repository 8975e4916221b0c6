"""Real Faust agents on the embedded broker: one failure is one incident, led by its place; praise is none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pytest

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.enriched import Sentiment, Severity
from sinks.base import Query
from sinks.memory import MemorySink
from streams.embedded import Parcel, play
from streams.settings import Settings, load_settings
from streams.topics import Topics

pytestmark = pytest.mark.agents


class Marking:
    """A stand-in for the models: a post that says so is negative."""

    name = "marking"
    version = "1"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        return [self._marked(draft) for draft in drafts]

    @staticmethod
    def _marked(draft: Draft) -> Draft:
        bad = "bad" in draft.post.text
        label = "negative" if bad else "positive"
        return draft.with_post(
            clean_text=draft.post.text,
            language="en",
            sentiment=Sentiment(status="scored", label=label, score=-0.5 if bad else 0.5, confidence=1),
            severity=Severity(score=0.5 if bad else 0.0, negativity=0.5 if bad else 0.0, reach=0.1),
        )

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("state")
    return load_settings(environ={"VOCERO_STATE_DIR": str(folder), "VOCERO_STORE": "memory"})


def alerts_of(settings: Settings, burst: str, place: str) -> list[dict[str, object]]:
    """Three weeks of ordinary days in four places, then 30 posts of one text in one place within a morning."""
    sink = MemorySink()

    def story(topics: Topics) -> Iterable[Parcel]:
        posts = [
            (day, 60 * (6 + 4 * n), "bad" if n == day % 4 else "good", n) for day in range(1, 22) for n in range(4)
        ]
        posts += [(22, 360 + 8 * n, burst, 3) for n in range(30)]
        for number, (day, minute, text, where) in enumerate(posts):
            post = {
                "id": str(number),
                "source": "shop",
                "channel": "review",
                "text": text,
                "brand": "Lumbre",
                "place": ["Lyon", "Porto", "Turin", place][where],
                "created_at": f"2026-03-{day:02d}T{minute // 60:02d}:{minute % 60:02d}:00Z",
            }
            yield Parcel(topics.raw["review"], str(number).encode(), json.dumps(post).encode(), {})

    outcome = play(settings, story, sink=lambda: sink, chain=lambda _: Chain([Marking()]))
    assert outcome.complete, outcome
    return [hit.body["feedback"]["alert"] for hit in sink.search(Query(kind="alerts", limit=100)).documents]


def test_one_failure_is_one_incident_led_by_its_place(settings: Settings) -> None:
    alerts = alerts_of(settings, "bad", "Valencia")
    assert len(alerts) >= 2
    assert len({alert["incident"] for alert in alerts}) == 1
    (first,) = (alert for alert in alerts if alert.get("leads"))
    assert first["series"] == "brand=Lumbre/place=Valencia"
    assert str(first["since"]).startswith("2026-03-22T0")
    assert float(str(first["observed"])) >= 12
    assert first["exemplars"]


def test_a_burst_of_praise_is_no_alert(settings: Settings) -> None:
    assert alerts_of(settings, "good", "Valencia") == []
