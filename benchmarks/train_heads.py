"""Fits the sentiment and intent heads on own-written posts, writes them with their cards, and measures them.

    python benchmarks/train_heads.py --crossed FILE.npz [--cache FILE.npz] [--umsab N] [--only TASK] [--dry-run]

Deterministic: the same posts and the same embedding engine give the same bytes. UMSAB is measured on where
it lies beside the project, and never trained on.

The layers that the vectors come from were trained on the same posts, so their vectors look surer than they are. The
heads are therefore fitted on `--crossed` (of `deploy/models/train_e5.py`): each post's vector by layers that were
trained without it. Temperatures and cuts are set by heads that have not seen a post either.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from crossed import cuts, macro_f1, unseen, warmth
from labelled import INTENTS, SENTIMENTS, Cache, Labelled, anchors, feedback, thinned, tweets, umsab
from numpy.typing import NDArray
from pipeline import fill
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold

from enrichers import intent
from enrichers.scoring.cues import load_cues
from enrichers.scoring.features import Reader, Utterance
from enrichers.scoring.heads import Head, Inputs, sigmoid
from enrichers.scoring.ngrams import Hashing
from streams.training.fitting import Recipe, calibration_error, head, matrix, multinomial
from streams.training.sentiment import Example, fit, measure, write

MODELS = Path(__file__).parents[1] / "enrichers" / "models"
TWEETS = ("en", "es", "it", "pt", "fr", "de")
VERSION = "4"
FOLDS = 3
INTENT = Recipe(vector=4.0, dense=2.0, hashed=2.0, inverse_penalty=1.0)

Features = Callable[[Utterance], Inputs]
Heads = Mapping[str, Head]
Report = Callable[[Heads], Mapping[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits and measures the sentiment and intent heads.")
    parser.add_argument("--crossed", type=Path, required=True, help="vectors by layers that have not seen the posts")
    parser.add_argument("--cache", type=Path, help="keep English and vectors in this .npz file between runs")
    parser.add_argument("--only", choices=("sentiment", "intent"), help="one of the tasks")
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    parser.add_argument("--umsab", type=int, default=324, help="tweets per language to measure on, at most")
    options = parser.parse_args()
    posts = feedback() + tweets() + anchors()
    foreign = thinned(umsab(TWEETS), options.umsab)
    cache = Cache(options.cache)
    fill(cache, posts + foreign)
    posts, foreign = [cache.filled(p) for p in posts], [cache.filled(p) for p in foreign]
    train = unseen(options.crossed, [p for p in posts if p.split == "train"])
    apart = [p for p in posts if p.split == "test"]
    reader, cues = Reader(), load_cues()
    trained = Counter(p.said.language for p in train)
    print(f"train {len(train)} posts {dict(trained)}, test {len(apart)}")

    def moods(said: Utterance) -> Inputs:
        return reader(said).inputs

    def wants(said: Utterance) -> Inputs:
        return intent.inputs(said, reader, cues)

    tasks: tuple[tuple[str, Sequence[str], Callable[[], Heads], Report], ...] = (
        (
            "sentiment",
            SENTIMENTS,
            lambda: _sentiment(train, moods),
            lambda h: _report_sentiment(h, apart, foreign, moods),
        ),
        (
            "intent",
            INTENTS,
            lambda: _intents(train, wants),
            lambda h: _report_intent(h, apart, wants),
        ),
    )
    for name, labels, fitted, report in tasks:
        if options.only not in (None, name):
            continue
        heads = fitted()
        measured = report(heads)
        if not options.dry_run:
            _write(name, labels, heads, sorted(trained), measured)


def _examples(posts: Sequence[Labelled], features: Features) -> list[Example]:
    return [
        Example(features(p.said), SENTIMENTS.index(p.sentiment), p.said.language, p.split == "test", p.weight)
        for p in posts
    ]


def _sentiment(posts: Sequence[Labelled], features: Features) -> Heads:
    """The heads, and on paper what such heads say of posts that they have not seen."""
    found = _unseen(posts, features, lambda seen: fit(_examples(seen, features)))
    y = np.array([SENTIMENTS.index(p.sentiment) for p in posts])
    channels = np.array([p.channel for p in posts])
    print("\nsentiment, cross-validated on the posts for training, macro-F1")
    for name, logits in found.items():
        each = {"all": channels != "", "social": channels == "social", "others": channels != "social"}
        scores = {of: 100 * f1_score(y[own], logits[own].argmax(1), average="macro") for of, own in each.items()}
        print(f"{name:8}" + "  ".join(f"{of} {score:.1f}" for of, score in scores.items()))
    return fit(_examples(posts, features))


def _intents(posts: Sequence[Labelled], features: Features) -> Heads:
    """The heads, whose cuts become the probability 0.5; cuts and temperature are set by feedback not seen."""

    def fitted(seen: Sequence[Labelled]) -> Heads:
        return {"full": _wants(seen, features, True), "words": _wants(seen, features, False)}

    heads = fitted(posts)
    told = np.array([p.wants for p in posts]) == 1
    found = {name: logits[told] for name, logits in _unseen(posts, features, fitted).items()}
    y = np.array([[name in p.intents for name in INTENTS] for p in posts])[told]
    cut = {}
    print(f"\nintent, cross-validated on the posts for training\n{'head':8}" + "".join(f"{x:>12}" for x in INTENTS))
    for name, one in heads.items():
        at = cuts(found[name], y)
        logits = found[name] - at
        cut[name] = replace(one, bias=(one.bias - at).astype(np.float32), temperature=warmth(logits, y))
        scores = [100 * float(f1_score(y[:, k], logits[:, k] >= 0)) for k in range(len(INTENTS))]
        sure = sigmoid(logits / cut[name].temperature)
        off = calibration_error(np.maximum(sure, 1 - sure).ravel(), ((sure >= intent.THRESHOLD) == y).ravel())
        print(
            f"{name:8}"
            + "".join(f"{s:12.1f}" for s in scores)
            + f"  mean with other {100 * macro_f1(logits >= 0, y):.1f}, ECE {100 * off:.1f}"
        )
    return cut


def _unseen(
    posts: Sequence[Labelled], features: Features, fitted: Callable[[Sequence[Labelled]], Heads]
) -> dict[str, NDArray[Any]]:
    """Of each head's kind the logits (n, k), temperature taken off, of every post by one that has not seen it."""
    found: dict[str, NDArray[Any]] = {}
    for train, test in KFold(FOLDS, shuffle=True, random_state=0).split(posts):
        rows = [features(posts[i].said) for i in test]
        for name, one in fitted([posts[i] for i in train]).items():
            logits = np.array([one.logits(row) * one.temperature for row in rows])
            found.setdefault(name, np.zeros((len(posts), logits.shape[1])))[test] = logits
    return found


def _wants(posts: Sequence[Labelled], features: Features, with_vector: bool) -> Head:
    rows = [features(p.said) for p in posts]
    x = matrix(rows, INTENT, Hashing().buckets, with_vector)
    make = multinomial(INTENT)
    counts = np.array([p.wants for p in posts])
    models = [make().fit(x, np.array([name in p.intents for p in posts]), counts) for name in INTENTS]
    weights, biases = np.array([m.coef_[0] for m in models]), np.array([m.intercept_[0] for m in models])
    return head(weights, biases, INTENT, len(rows[0].dense), Hashing().buckets)


def _report_sentiment(
    heads: Heads, posts: Sequence[Labelled], foreign: Sequence[Labelled], features: Features
) -> dict[str, Any]:
    measured: dict[str, Any] = {}
    for title, chosen in (("own test", posts), ("UMSAB", foreign)):
        if not chosen:
            print(f"{title}: not here, not measured")
            continue
        examples = _examples(chosen, features)
        print(f"\nsentiment, {title}: {len(examples)} posts")
        print(f"{'head':8}{'all':>7}" + "".join(f"{x:>7}" for x in TWEETS) + f"{'mean5':>8}{'ECE':>7}")
        for name, h in heads.items():
            scores = [measure(h, [e for e in examples if e.language == x]).macro_f1 for x in TWEETS]
            whole = measure(h, examples)
            mean = float(np.mean(scores[:5]))
            row = "".join(f"{s:7.1f}" for s in scores)
            print(f"{name:8}{whole.macro_f1:7.1f}{row}{mean:8.1f}{whole.calibration_error:7.1f}")
            if title == "own test":
                measured[name] = {"macro-F1": round(whole.macro_f1, 1), "ECE": round(whole.calibration_error, 1)}
    return measured


def _report_intent(heads: Heads, posts: Sequence[Labelled], features: Features) -> dict[str, Any]:
    inputs = [features(p.said) for p in posts]
    y = np.array([[name in p.intents for name in INTENTS] for p in posts])
    measured: dict[str, Any] = {}
    print(f"\nintent, own test: {len(y)} posts\n{'head':8}" + "".join(f"{x:>12}" for x in INTENTS) + f"{'mean':>8}")
    for name, h in heads.items():
        found = np.array([sigmoid(h.logits(i)) for i in inputs]) >= intent.THRESHOLD
        scores = [100 * float(f1_score(y[:, k], found[:, k], zero_division=0)) for k in range(len(INTENTS))]
        print(f"{name:8}" + "".join(f"{s:12.1f}" for s in scores) + f"{np.mean(scores):8.1f}")
        measured[name] = {label: round(score, 1) for label, score in zip(INTENTS, scores, strict=True)}
    return measured


def _write(
    name: str, labels: Sequence[str], heads: Heads, languages: Sequence[str], measured: Mapping[str, Any]
) -> None:
    write(
        MODELS / name, heads, name=f"vocero-{name}", version=VERSION, labels=labels, languages=languages,
        measured=measured,
    )  # fmt: skip
    print(f"wrote {name}")


if __name__ == "__main__":
    main()
