"""What the heads' cuts and temperatures are set by: posts, each by layers and heads that have not seen it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

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


def test_a_post_is_unseen_in_one_fold_and_has_that_folds_vector(crossed: ModuleType, tmp_path: Path) -> None:
    from itertools import product

    posts = [
        crossed.Labelled(Utterance(f"{word} {number}", "en"), "neutral", frozenset(), "train")
        for word, number in product("ab", range(5))
    ]
    keys = [crossed.Cache.key(post.said) for post in posts]
    fold = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    vectors = np.arange(3 * 10 * 4, dtype=np.float32).reshape(3, 10, 4)
    np.savez(tmp_path / "crossed.npz", keys=keys[::-1], fold=fold[::-1], vectors=vectors[:, ::-1])

    found = list(crossed.folds(tmp_path / "crossed.npz", posts))
    assert sorted(place for one in found for place in one.unseen) == list(range(10))
    for number, one in enumerate(found):
        assert set(one.unseen) == set(np.flatnonzero(fold == number))
        assert not set(one.seen) & set(one.unseen)
        for place, post in enumerate(one.posts):
            assert post.said.text == posts[place].said.text
            assert (post.said.vector == vectors[number, place]).all()


def test_a_post_that_the_layers_do_not_know_is_refused(crossed: ModuleType, tmp_path: Path) -> None:
    np.savez(tmp_path / "crossed.npz", keys=["x"], fold=[0], vectors=np.zeros((1, 1, 4)))
    post = crossed.Labelled(Utterance("new", "en"), "neutral", frozenset(), "train")
    with pytest.raises(KeyError):
        list(crossed.folds(tmp_path / "crossed.npz", [post]))


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
