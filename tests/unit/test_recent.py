"""What was worked out lately: bounded in bytes, the least wanted leaves first, and every question is counted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from enrichers.chain import Chain
from enrichers.engines.base import Translated
from enrichers.language import Language
from enrichers.recent import Asked, Recent
from enrichers.translate import Translate
from schemas.raw import RawPost
from streams.intake import to_draft
from streams.metrics import Metrics

pytestmark = pytest.mark.unit


def of_size(most: int) -> Recent[str, str]:
    return Recent(most, lambda key, answer: len(key) + len(answer), largest=10)


def test_the_one_not_asked_for_longest_leaves_first() -> None:
    recent = of_size(4_000)
    recent.remember({f"{number:04}": "" for number in range(1_000)})
    assert recent.known(["0000"]) == {"0000": ""}
    recent.remember({"new1": "", "new2": ""})
    assert set(recent.known(["0000", "0001", "0002", "0003", "new1", "new2"])) == {"0000", "0003", "new1", "new2"}


def test_its_bytes_are_bounded_whatever_comes() -> None:
    recent = of_size(10_000)
    for number in range(5_000):
        recent.remember({str(number): "x" * (number % 5)})
    held = recent.known([str(number) for number in range(5_000)])
    assert 0 < sum(len(key) + len(answer) for key, answer in held.items()) <= 10_000
    assert "4999" in held


def test_what_is_large_is_not_kept() -> None:
    recent = of_size(10_000)
    recent.remember({"small": "x", "large": "x" * 6})
    assert set(recent.known(["small", "large"])) == {"small"}


class Counting:
    """A translation engine that says how much it was asked."""

    name = "counting"
    version = "1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def languages(self) -> frozenset[str]:
        return frozenset({"es"})

    def translate(self, texts: Sequence[str], language: str) -> list[Translated]:
        self.asked += texts
        return [Translated(f"english of {text}", 1.0) for text in texts]

    def close(self) -> None:
        """Nothing is open."""


def test_a_shared_text_is_translated_once_and_the_metrics_say_so() -> None:
    text = "El pedido llegó roto y nadie responde a mis mensajes."
    posts = [RawPost(id=str(number), source="s", channel="social", text=text) for number in range(3)]
    engine = Counting()
    chain = Chain([Language(), Translate([engine])])
    drafts = [
        draft.with_post(clean_text=text) for draft in (to_draft(post, received_ms=1_700_000_000_000) for post in posts)
    ]
    said = [chain([draft])[0].post.translation for draft in drafts]
    assert engine.asked == [text]
    assert all(one is not None and one.text == f"english of {text}" for one in said)
    assert chain.caches() == {"translate": Asked(asked=3, found=2)}
    metrics = Metrics(["enrich"])
    metrics.caches = chain.caches
    value = metrics.registry.get_sample_value
    assert value("vocero_cache_total", {"cache": "translate", "outcome": "hit"}) == 2
    assert value("vocero_cache_total", {"cache": "translate", "outcome": "miss"}) == 1
    chain.close()
