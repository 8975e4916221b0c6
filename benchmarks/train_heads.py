"""Fits the sentiment and intent heads on own-written posts, writes them with their cards, and measures them.

    python benchmarks/train_heads.py [--cache FILE.npz] [--umsab N] [--dry-run]

Deterministic: the same posts and the same embedding engine give the same bytes. UMSAB is measured on where
it lies beside the project, and never trained on.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from labelled import INTENTS, SENTIMENTS, Cache, Labelled, anchors, feedback, thinned, umsab
from pipeline import fill
from sklearn.metrics import f1_score

from enrichers import intent
from enrichers.scoring.cues import load_cues
from enrichers.scoring.features import Reader, Utterance
from enrichers.scoring.heads import Head, Inputs, sigmoid
from enrichers.scoring.ngrams import Hashing
from streams.training.fitting import Recipe, best_cut, head, matrix, multinomial, out_of_fold
from streams.training.sentiment import Example, fit, measure, write

MODELS = Path(__file__).parents[1] / "enrichers" / "models"
TWEETS = ("en", "es", "it", "pt", "fr", "de")
VERSION = "2"
INTENT = Recipe(vector=4.0, dense=2.0, hashed=2.0, inverse_penalty=0.3)

Features = Callable[[Utterance], Inputs]


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits and measures the sentiment and intent heads.")
    parser.add_argument("--cache", type=Path, help="keep English and vectors in this .npz file between runs")
    parser.add_argument("--dry-run", action="store_true", help="measure only, write nothing")
    parser.add_argument("--umsab", type=int, default=324, help="tweets per language to measure on, at most")
    options = parser.parse_args()
    posts, tweets = feedback() + anchors(), thinned(umsab(TWEETS), options.umsab)
    cache = Cache(options.cache)
    fill(cache, posts + tweets)
    posts, tweets = [cache.filled(p) for p in posts], [cache.filled(p) for p in tweets]
    reader, cues = Reader(), load_cues()
    trained = Counter(p.said.language for p in posts if p.split == "train")
    print(f"train {sum(trained.values())} posts {dict(trained)}, test {sum(p.split == 'test' for p in posts)}")

    def moods(said: Utterance) -> Inputs:
        return reader(said).inputs

    def wants(said: Utterance) -> Inputs:
        return intent.inputs(said, reader, cues)

    heads = fit(_examples(posts, moods))
    measured = _report_sentiment(heads, posts, tweets, moods)
    if not options.dry_run:
        _write("sentiment", SENTIMENTS, heads, sorted(trained), measured)
    heads = {"full": _intent(posts, wants, True), "words": _intent(posts, wants, False)}
    measured = _report_intent(heads, posts, wants)
    if not options.dry_run:
        _write("intent", INTENTS, heads, sorted(trained), measured)


def _examples(posts: Sequence[Labelled], features: Features) -> list[Example]:
    return [
        Example(features(p.said), SENTIMENTS.index(p.sentiment), p.said.language, p.split == "test", p.weight)
        for p in posts
    ]


def _intent(posts: Sequence[Labelled], features: Features, with_vector: bool) -> Head:
    train = [p for p in posts if p.split == "train" and p.intents]
    rows = [features(p.said) for p in train]
    x = matrix(rows, INTENT, Hashing().buckets, with_vector)
    make = multinomial(INTENT)
    weights, biases = [], []
    for name in INTENTS:
        y = np.array([name in p.intents for p in train])
        model = make().fit(x, y)
        weights.append(model.coef_[0])
        biases.append(model.intercept_[0] - best_cut(out_of_fold(make, x, y, np.ones(len(y))), y))
    return head(np.array(weights), np.array(biases), INTENT, len(rows[0].dense), Hashing().buckets)


def _report_sentiment(
    heads: Mapping[str, Head], posts: Sequence[Labelled], tweets: Sequence[Labelled], features: Features
) -> dict[str, Any]:
    measured: dict[str, Any] = {}
    for title, chosen in (("own test", [p for p in posts if p.split == "test"]), ("UMSAB", tweets)):
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


def _report_intent(heads: Mapping[str, Head], posts: Sequence[Labelled], features: Features) -> dict[str, Any]:
    chosen = [p for p in posts if p.split == "test"]
    inputs = [features(p.said) for p in chosen]
    y = np.array([[name in p.intents for name in INTENTS] for p in chosen])
    measured: dict[str, Any] = {}
    print(f"\nintent, own test: {len(y)} posts\n{'head':8}" + "".join(f"{x:>12}" for x in INTENTS) + f"{'mean':>8}")
    for name, h in heads.items():
        found = np.array([sigmoid(h.logits(i)) for i in inputs]) >= intent.THRESHOLD
        scores = [100 * float(f1_score(y[:, k], found[:, k], zero_division=0)) for k in range(len(INTENTS))]
        print(f"{name:8}" + "".join(f"{s:12.1f}" for s in scores) + f"{np.mean(scores):8.1f}")
        measured[name] = {label: round(score, 1) for label, score in zip(INTENTS, scores, strict=True)}
    return measured


def _write(
    name: str, labels: Sequence[str], heads: Mapping[str, Head], languages: Sequence[str], measured: Mapping[str, Any]
) -> None:
    write(
        MODELS / name, heads, name=f"vocero-{name}", version=VERSION, labels=labels, languages=languages,
        measured=measured,
    )  # fmt: skip
    print(f"wrote {name}")


if __name__ == "__main__":
    main()
