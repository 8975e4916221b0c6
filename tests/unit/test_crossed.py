"""What the heads' cuts and temperatures are set by: posts, each by layers and heads that have not seen it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from enrichers.scoring.features import Utterance
from enrichers.scoring.heads import sigmoid

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def crossed(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import crossed

    for name in ("crossed", "labelled"):
        monkeypatch.delitem(sys.modules, name)  # other tests have no such modules
    return crossed


def posts(crossed: ModuleType, count: int) -> list[Any]:
    return [
        crossed.Labelled(Utterance(f"post {number}", "en"), "neutral", frozenset(), "train") for number in range(count)
    ]


def test_a_post_has_its_own_vector_whatever_their_order_in_the_file(crossed: ModuleType, tmp_path: Path) -> None:
    own = posts(crossed, 10)
    vectors = np.arange(10 * 4, dtype=np.float16).reshape(10, 4)
    np.savez(tmp_path / "crossed.npz", keys=[crossed.Cache.key(post.said) for post in own][::-1], vectors=vectors[::-1])

    found = crossed.unseen(tmp_path / "crossed.npz", own)
    assert [post.said.text for post in found] == [post.said.text for post in own]
    assert (np.array([post.said.vector for post in found]) == vectors).all()
    assert found[0].said.vector.dtype == np.float32


def test_a_post_that_the_layers_do_not_know_is_refused(crossed: ModuleType, tmp_path: Path) -> None:
    np.savez(tmp_path / "crossed.npz", keys=["x"], vectors=np.zeros((1, 4)))
    with pytest.raises(KeyError):
        crossed.unseen(tmp_path / "crossed.npz", posts(crossed, 1))


def test_cuts_lie_between_what_has_a_label_and_what_has_not(crossed: ModuleType) -> None:
    draw = np.random.default_rng(3)
    wanted = draw.random((400, 2)) < 0.3
    logits = np.where(wanted, 1.4, 0.2) + np.array([0.0, -1.3]) + draw.normal(0, 0.05, (400, 2))
    at = crossed.cuts(logits, wanted)
    assert crossed.macro_f1(logits >= at, wanted) > crossed.macro_f1(logits >= 0, wanted)
    assert crossed.macro_f1(logits >= at, wanted) > 0.99


def test_warmth_undoes_what_makes_logits_too_sure(crossed: ModuleType) -> None:
    draw = np.random.default_rng(5)
    honest = draw.normal(0, 1.5, (4000, 2))
    wanted = draw.random(honest.shape) < sigmoid(honest)
    assert crossed.warmth(honest * 3, wanted) == pytest.approx(3, rel=0.1)
