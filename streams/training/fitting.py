"""Fits the linear heads with scikit-learn: inputs to a sparse matrix, cross-validated temperature, weights back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from enrichers.scoring.heads import Head, Inputs

Matrix = Any
FOLDS = 5


@dataclass(frozen=True)
class Recipe:
    """How strongly each group of features counts (its scale before the L2 penalty), and the penalty's inverse."""

    vector: float = 1.5
    dense: float = 1.5
    hashed: float = 1.0
    inverse_penalty: float = 1.0


SENTIMENT = {
    "full": Recipe(vector=3.0, dense=2.0, hashed=1.0, inverse_penalty=0.2),
    "words": Recipe(dense=2.0, hashed=0.5, inverse_penalty=0.2),
}
"""Of the heads with and without a vector. n-grams count for less in `words`: they know the posts' own themes best."""
FULL_SHARE = 0.45
"""Of the head `full` in its blend with `words`: it costs a little at home and holds better in foreign domains."""


def matrix(inputs: Sequence[Inputs], recipe: Recipe, buckets: int, with_vector: bool) -> Matrix:
    """Shape (n, d + m + buckets) or without d, groups scaled as the recipe says."""
    indptr = np.cumsum([0] + [len(i.buckets) for i in inputs])
    values = np.concatenate([np.full(len(i.buckets), i.weight) for i in inputs])
    columns = np.concatenate([i.buckets for i in inputs])
    hashed = sparse.csr_matrix((values * recipe.hashed, columns, indptr), shape=(len(inputs), buckets))
    dense = sparse.csr_matrix(np.array([i.dense for i in inputs]) * recipe.dense)
    groups = [dense, hashed]
    if with_vector:
        groups.insert(0, sparse.csr_matrix(np.array([i.vector for i in inputs]) * recipe.vector))
    return sparse.hstack(groups, format="csr")


def head(model_weights: NDArray[Any], bias: NDArray[Any], recipe: Recipe, dense: int, hashed: int) -> Head:
    """Weights (k, d + dense + hashed), d 0 for one without a vector, as a Head with the recipe's scales folded in."""
    weights = model_weights.T.astype(np.float32)
    vector = None
    at = len(weights) - dense - hashed
    if at:
        vector = weights[:at] * recipe.vector
    return Head(
        dense=weights[at : at + dense] * recipe.dense,
        hashed=(weights[at + dense :] * recipe.hashed).astype(np.float16).astype(np.float32),
        bias=bias.astype(np.float32),
        vector=vector,
    )


def blend(full: Head, words: Head, share: float) -> Head:
    """One head whose logits are `share` of `full`'s and the rest of those of `words`, which has no vector."""
    if full.vector is None:
        raise ValueError("a head without a vector cannot be the full one")
    return Head(
        dense=share * full.dense + (1 - share) * words.dense,
        hashed=(share * full.hashed + (1 - share) * words.hashed).astype(np.float16).astype(np.float32),
        bias=share * full.bias + (1 - share) * words.bias,
        vector=share * full.vector,
    )


def multinomial(recipe: Recipe) -> Callable[[], LogisticRegression]:
    """A multinomial logistic regression with balanced classes."""
    return lambda: LogisticRegression(C=recipe.inverse_penalty, max_iter=2000, class_weight="balanced", tol=1e-5)


def out_of_fold(
    make: Callable[[], LogisticRegression], x: Matrix, y: NDArray[Any], weights: NDArray[Any]
) -> NDArray[Any]:
    """Logits (n, k) of each row by a model that did not see it."""
    places: list[NDArray[Any]] = []
    logits: list[NDArray[Any]] = []
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(x, y):
        places.append(test)
        logits.append(make().fit(x[train], y[train], weights[train]).decision_function(x[test]))
    order: NDArray[Any] = np.argsort(np.concatenate(places))
    result: NDArray[Any] = np.concatenate(logits)[order]
    return result


def temperature(logits: NDArray[Any], y: NDArray[np.int64], weights: NDArray[Any]) -> float:
    """The divisor of (n, k) logits that makes their softmax likeliest (Guo et al. 2017)."""

    def loss(log_t: float) -> float:
        z = logits / np.exp(log_t)
        z = z - z.max(axis=1, keepdims=True)
        return float(-(weights * (z[np.arange(len(y)), y] - np.log(np.exp(z).sum(axis=1)))).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded").x))


def calibration_error(confidence: NDArray[Any], correct: NDArray[Any], bins: int = 10) -> float:
    """Expected calibration error: mean gap between confidence and accuracy over equal-width bins."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == b].sum() - correct[place == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(confidence))
