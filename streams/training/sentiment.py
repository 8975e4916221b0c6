"""The two sentiment heads from labelled posts, measured on posts that they did not see, and written with their card."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from enrichers.scoring.combine import LABELS
from enrichers.scoring.features import Utterance
from enrichers.scoring.heads import CARD, WEIGHTS, Head, Inputs, dump, softmax
from enrichers.scoring.ngrams import Hashing
from schemas.errors import RejectedInput
from streams.training import fitting

LEAST_PER_LABEL = 20

Features = Callable[[Utterance], Inputs]


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled post with the inputs of the heads; `weight` is how much it counts."""

    inputs: Inputs
    label: int
    language: str
    test: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Measure:
    """Of one head on one group of posts: macro-F1 over the three labels and expected calibration error, in percent."""

    posts: int
    macro_f1: float
    calibration_error: float


def fit(examples: Sequence[Example], recipes: Mapping[str, fitting.Recipe] = fitting.SENTIMENT) -> dict[str, Head]:
    """Heads `full` and `words`, calibrated on out-of-fold predictions; raises RejectedInput for too few posts.

    `full` is a blend with `words`, which costs a little at home and holds better in foreign domains.
    """
    train = [one for one in examples if not one.test]
    counts = Counter(one.label for one in train)
    for place, label in enumerate(LABELS):
        if counts[place] < LEAST_PER_LABEL:
            raise RejectedInput(
                "bad-value",
                f"{counts[place]} posts to train on are {label}: at least {LEAST_PER_LABEL} of each label are needed",
            )
    rows = [one.inputs for one in train]
    y = np.array([one.label for one in train])
    weights = np.array([one.weight for one in train])
    heads: dict[str, Head] = {}
    unseen: dict[str, NDArray[Any]] = {}
    for name, recipe in recipes.items():
        make = fitting.multinomial(recipe)
        x = fitting.matrix(rows, recipe, Hashing().buckets, with_vector=name == "full")
        unseen[name] = fitting.out_of_fold(make, x, y, weights)
        model = make().fit(x, y, weights)
        heads[name] = fitting.head(model.coef_, model.intercept_, recipe, len(rows[0].dense), Hashing().buckets)
    share = fitting.FULL_SHARE
    heads["full"] = fitting.blend(heads["full"], heads["words"], share)
    unseen["full"] = share * unseen["full"] + (1 - share) * unseen["words"]
    return {
        name: replace(head, temperature=fitting.temperature(unseen[name], y, weights)) for name, head in heads.items()
    }


def measure(head: Head, examples: Sequence[Example]) -> Measure:
    """The head on these posts; nan where there are none."""
    if not examples:
        return Measure(0, float("nan"), float("nan"))
    y = np.array([one.label for one in examples])
    found = np.array([softmax(head.logits(one.inputs)) for one in examples])
    best = found.argmax(1)
    return Measure(
        len(y),
        100 * float(f1_score(y, best, labels=[0, 1, 2], average="macro", zero_division=0)),
        100 * fitting.calibration_error(found.max(axis=1), best == y),
    )


def write(
    folder: Path,
    heads: Mapping[str, Head],
    *,
    name: str,
    version: str,
    languages: Sequence[str],
    measured: Any,
    labels: Sequence[str] = LABELS,
) -> str:
    """Weights and card of a model folder; gives the weights' SHA-256. The same heads give the same bytes."""
    data = dump(heads)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    card = {
        "name": name,
        "version": version,
        "sha256": digest,
        "labels": list(labels),
        "languages": list(languages),
        "measured": measured,
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return digest
