"""Labelled posts for the scoring heads: own-written feedback and anchor phrases to train on, UMSAB to measure on."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from enrichers.scoring.features import Utterance
from schemas.vectors import Vector

HERE = Path(__file__).parent
UMSAB = HERE.parents[1] / "shared" / "data" / "umsab"
SENTIMENTS = ("negative", "neutral", "positive")
INTENTS = ("complaint", "suggestion", "question", "praise")


@dataclass(frozen=True)
class Labelled:
    """A post and what a person says of it. `split` is `train` or `test`, `weight` how much it counts in training."""

    said: Utterance
    sentiment: str
    intents: frozenset[str]
    split: str
    channel: str = "social"
    weight: float = 1.0
    wants: float = 1.0
    """How much its intents count in training."""


def feedback(folder: Path = HERE / "feedback") -> list[Labelled]:
    """Own-written posts, `<language>.jsonl`; those under `added` were written later, all for training."""
    return [
        Labelled(_said(row), row["sentiment"], frozenset(row["intents"]), row["split"], row["channel"])
        for row in _rows([*sorted(folder.glob("*.jsonl")), *sorted(folder.glob("added/*.jsonl"))])
    ]


TWEETS_WANT = 0.2  # few want anything of a company, and there are more of them than of feedback


def tweets(folder: Path = HERE / "tweets") -> list[Labelled]:
    """Own-written posts in the manner of tweets, `<language>.jsonl`, all for training."""
    return [
        Labelled(_said(row), row["sentiment"], frozenset(row["intents"]), "train", wants=TWEETS_WANT)
        for row in _rows(sorted(folder.glob("*.jsonl")))
    ]


def _rows(paths: Iterable[Path]) -> Iterator[Any]:
    for path in paths:
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def _said(row: Mapping[str, Any]) -> Utterance:
    return Utterance(row["text"], row["language"], row.get("english"))


ANCHOR_WEIGHT = 2.0  # feedback tells stories, anchors use plain mood words; tweets do more of the latter


def anchors(folder: Path = HERE / "anchors") -> list[Labelled]:
    """Own-written anchor phrases, `<language>.tsv`: sentiment, intents, text. All are for training."""
    posts = []
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            sentiment, intents, text = line.split("\t")
            said = Utterance(text, path.stem)
            posts.append(Labelled(said, sentiment, frozenset(intents.split(",")), "train", weight=ANCHOR_WEIGHT))
    return posts


def umsab(languages: Sequence[str], folder: Path = UMSAB) -> list[Labelled]:
    """Tweets to measure on, never to train on; empty where the data is not there."""
    posts = []
    for language in languages:
        for part in ("train", "val"):
            path = folder / f"{language}.{part}.jsonl"
            rows = map(json.loads, path.read_text(encoding="utf-8").splitlines()) if path.exists() else ()
            posts += [Labelled(Utterance(row["text"], language), row["label"], frozenset(), "test") for row in rows]
    return posts


def thinned(posts: Sequence[Labelled], most: int) -> list[Labelled]:
    """Every n-th post of each language, so that at most `most` are left of it."""
    by_language: dict[str, list[Labelled]] = defaultdict(list)
    for post in posts:
        by_language[post.said.language].append(post)
    return [post for own in by_language.values() for post in own[:: max(1, -(-len(own) // most))]]


class Cache:
    """English and vectors of texts that were translated and embedded before, in one `.npz` file."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.english: dict[str, str] = {}
        self.vectors: dict[str, Vector] = {}
        if path is not None and path.exists():
            with np.load(path, allow_pickle=False) as arrays:
                for key, english, vector in zip(arrays["keys"], arrays["english"], arrays["vectors"], strict=True):
                    self.english[str(key)] = str(english)
                    self.vectors[str(key)] = vector.astype(np.float32)

    @staticmethod
    def key(said: Utterance) -> str:
        return hashlib.sha256(f"{said.language}\t{said.text}".encode()).hexdigest()[:32]

    def missing(self, posts: Iterable[Labelled]) -> list[Utterance]:
        return [p.said for p in posts if self.key(p.said) not in self.vectors]

    def put(self, said: Utterance, english: str, vector: Vector) -> None:
        self.english[self.key(said)] = english
        self.vectors[self.key(said)] = vector

    def save(self) -> None:
        if self.path is not None:
            keys = list(self.vectors)
            np.savez(
                self.path,
                keys=np.array(keys),
                english=np.array([self.english[k] for k in keys]),
                vectors=np.array([self.vectors[k] for k in keys], np.float32),
            )

    def filled(self, post: Labelled) -> Labelled:
        """The post with the English and the vector that the pipeline would give it."""
        key = self.key(post.said)
        english = self.english.get(key) or None
        return replace(post, said=replace(post.said, english=english, vector=self.vectors[key]))
