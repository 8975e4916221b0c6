"""Posts with vectors by layers that have not seen them, and what is set by such: temperatures and cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from labelled import Cache, Labelled
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score

Logits = NDArray[Any]
_CUTS = np.linspace(-2, 2, 41)


def unseen(path: Path, posts: Sequence[Labelled]) -> list[Labelled]:
    """The posts, each with its vector by layers that were trained without it.

    `path` is a file by `deploy/models/train_e5.py`; KeyError where a post for training is not in it.
    """
    with np.load(path, allow_pickle=False) as arrays:
        vectors = dict(zip(arrays["keys"].tolist(), arrays["vectors"].astype(np.float32), strict=True))
    return [replace(p, said=replace(p.said, vector=vectors[Cache.key(p.said)])) for p in posts]


def cuts(logits: Logits, wanted: NDArray[np.bool_]) -> NDArray[Any]:
    """The logit of each label above which it is there: best mean F1 of the labels and of `other`, none of them.

    One label after the other, three times round, from zero.
    """
    found = np.zeros(logits.shape[1])

    def score(chosen: NDArray[Any]) -> float:
        return macro_f1(logits >= chosen, wanted)

    for _ in range(3):
        for label in range(len(found)):
            tried = [score(np.where(np.arange(len(found)) == label, cut, found)) for cut in _CUTS]
            # of cuts that are alike the middle one, so that chance decides less
            best = np.flatnonzero(np.array(tried) >= max(tried) - 1e-3)
            found[label] = _CUTS[best[len(best) // 2]]
    return found


def macro_f1(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    """Mean F1 of the labels (n, k) and of having none of them."""
    scores = [f1_score(wanted[:, k], found[:, k], zero_division=0) for k in range(wanted.shape[1])]
    return float(np.mean([*scores, f1_score(~wanted.any(1), ~found.any(1), zero_division=0)]))


def warmth(logits: Logits, wanted: NDArray[np.bool_]) -> float:
    """The divisor of logits (n, k), cuts taken off, that makes their sigmoids likeliest."""

    def loss(log_t: float) -> float:
        z = np.where(wanted, logits, -logits) / np.exp(log_t)
        return float(np.logaddexp(0, -z).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded").x))
