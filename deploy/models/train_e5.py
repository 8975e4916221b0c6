"""Trains the upper layers of multilingual-e5-small on the own posts, before `export_e5.py` makes the model of them.

    python deploy/models/prepare_e5.py --output start.npz
    python deploy/models/train_e5.py --start start.npz --output layers.npz --crossed crossed.npz [--device cuda]
    python deploy/models/export_e5.py --layers-from layers.npz
    python benchmarks/train_heads.py --crossed crossed.npz

Needs torch and transformers; everything else is in the file that `prepare_e5.py` writes. The layers are trained three
times, each time without one fold of the posts. `layers.npz` holds the mean of the three, which holds better in foreign
domains than any of them (Wortsman et al. 2022, "Model soups"); `crossed.npz` holds each post's vector by the layers
that were trained without it, on which the heads are fitted. On a CPU, one thread: the same posts and packages give the
same weights. On a GPU it takes two minutes instead of hours.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel
from tune_e5 import Plan, Task, Tuning

FOLDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True, help="the file by prepare_e5.py")
    parser.add_argument("--output", type=Path, required=True, help="where the new weights go")
    parser.add_argument(
        "--crossed", type=Path, required=True, help="where the posts' vectors go, each by layers without it"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with np.load(arguments.start, allow_pickle=False) as file:
        start = {name: file[name] for name in file.files}
    plan = Plan(device=arguments.device)
    tuning = Tuning(transformer(start), start["centre"], start["spread"], tasks(start), plan)
    fold = np.random.default_rng(0).integers(0, FOLDS, len(start["keys"]))
    weights = []
    vectors = np.empty((len(fold), len(start["centre"])), np.float16)
    for number in range(FOLDS):
        _say(f"fold {number + 1} of {FOLDS}")
        model = tuning.trained(np.flatnonzero(fold != number).tolist(), _say)
        vectors[fold == number] = tuning.vectors(model).numpy()[fold == number]
        weights.append({name: value.cpu() for name, value in model.state_dict().items() if tuning.trains(name)})
    np.savez(arguments.crossed, keys=start["keys"], vectors=vectors)
    mean = {name: torch.stack([one[name] for one in weights]).mean(0).numpy() for name in weights[0]}
    np.savez(arguments.output, **mean)


def transformer(start: dict[str, np.ndarray]) -> BertModel:
    """The layers as they were published."""
    weights = {
        name.partition("/")[2]: torch.tensor(value.astype(np.float32))
        for name, value in start.items()
        if name.startswith("weight/")
    }
    words = weights["embeddings.word_embeddings.weight"]
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=words.shape[1],
        num_hidden_layers=1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer.")),
        num_attention_heads=int(start["heads"]),
        intermediate_size=len(weights["encoder.layer.0.intermediate.dense.bias"]),
        layer_norm_eps=float(start["epsilon"]),
        max_position_embeddings=len(weights["embeddings.position_embeddings.weight"]),
        attn_implementation="eager",
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(weights, strict=True)
    return model.eval()


def tasks(start: dict[str, np.ndarray]) -> list[Task]:
    """The posts for training."""
    tokens = np.split(start["tokens"].astype(np.int64), np.cumsum(start["lengths"])[:-1])
    return [
        Task(own.tolist(), int(mood), wants.tolist(), float(weight))
        for own, mood, wants, weight in zip(tokens, start["moods"], start["wants"], start["weights"], strict=True)
    ]


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
