"""Speed of the hub profile's models on what is here, a GPU or the CPU: random weights of the real shapes.

    python -m benchmarks hub [--posts 8000] [--rounds 3] [--only sentiment]

No network is needed and nothing is said of quality: the models are made here, of the shapes that the default settings
name, with a tokenizer over part of the same vocabulary. Posts: tweets in eight languages where they lie beside the
project. Each row: posts per second in calls of so many posts, the median of the rounds. Needs the extra `hub`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path

import corpus
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from enrichers.engines.hub.device import Device, best_device
from enrichers.engines.hub.embedding import HubEmbedding
from enrichers.engines.hub.sentiment import HubSentiment
from enrichers.engines.hub.source import Source
from enrichers.scoring.features import Utterance

VOCABULARY = 250_002
"""Pieces of XLM-RoBERTa, whose vocabulary both models have."""
SPECIALS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
CALLS = (1, 64, 256, 2048)
LEAST = 200
"""Posts that are read at least, in calls of one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=8000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of torch, on the CPU")
    parser.add_argument("--only", choices=MODELS, help="one of the models")
    options = parser.parse_args()
    name, source = corpus.texts()
    texts = [source[place % len(source)] for place in range(options.posts)]
    device = best_device(options.threads)
    print(f"{len(texts)} posts: {name}; {_machine(device)}, {'half' if device.half else 'full'} precision")
    print(f"{'model':<34}{'parameters':>12}{'loads, s':>10}{'call':>7}{'posts/s':>10}{'GPU MiB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for task, (title, make) in MODELS.items():
            if options.only in (None, task):
                _table(title, make(Path(folder) / task, device), texts, options.rounds)


Run = Callable[[Sequence[str]], object]
Made = tuple[int, float, Run]
"""How many parameters, seconds to load, and how it reads posts."""


def _table(title: str, made: Made, texts: Sequence[str], rounds: int) -> None:
    parameters, seconds, run = made
    run(texts[:256])  # kernels are chosen, memory is taken
    for call in CALLS:
        chosen = texts if call > 1 else texts[: max(LEAST, len(texts) // 20)]
        rates = [_rate(run, chosen, call) for _ in range(rounds)]
        print(
            f"{title:<34}{parameters / 1e6:>10.0f} M{seconds:>10.1f}{call:>7}{statistics.median(rates):>10.0f}"
            f"{_gpu_mib():>10.0f}",
            flush=True,
        )


def _rate(run: Run, texts: Sequence[str], call: int) -> float:
    started = time.perf_counter()
    for first in range(0, len(texts), call):
        run(texts[first : first + call])
    return len(texts) / (time.perf_counter() - started)


def _embedding(folder: Path, device: Device) -> Made:
    """Shape of paraphrase-multilingual-MiniLM-L12-v2."""
    torch.manual_seed(0)
    model = BertModel(
        BertConfig(
            vocab_size=VOCABULARY, hidden_size=384, num_hidden_layers=12, num_attention_heads=12,
            intermediate_size=1536, max_position_embeddings=512, pad_token_id=1,
        )
    )  # fmt: skip
    base = folder / "base"
    model.save_pretrained(base)
    _tokenizer(base, 128)
    transformer = Transformer(str(base), max_seq_length=128)
    SentenceTransformer(modules=[transformer, Pooling(384)], device="cpu").save(str(folder / "whole"))
    started = time.perf_counter()
    engine = HubEmbedding(Source(str(folder / "whole")), device)
    seconds = time.perf_counter() - started
    return sum(one.numel() for one in model.parameters()), seconds, engine.embed


def _sentiment(folder: Path, device: Device) -> Made:
    """Shape of twitter-xlm-roberta-base-sentiment."""
    torch.manual_seed(1)
    model = XLMRobertaForSequenceClassification(
        XLMRobertaConfig(
            vocab_size=VOCABULARY, hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
            intermediate_size=3072, max_position_embeddings=514, type_vocab_size=1, pad_token_id=1, num_labels=3,
            id2label={0: "negative", 1: "neutral", 2: "positive"},
            label2id={"negative": 0, "neutral": 1, "positive": 2},
        )
    )  # fmt: skip
    model.save_pretrained(folder)
    _tokenizer(folder, 512)
    started = time.perf_counter()
    reader = HubSentiment(Source(str(folder)), device)
    seconds = time.perf_counter() - started
    return (
        sum(one.numel() for one in model.parameters()),
        seconds,
        lambda texts: reader.read([Utterance(text) for text in texts]),
    )


def _tokenizer(folder: Path, longest: int) -> None:
    """Pieces of XLM-RoBERTa's vocabulary for six languages, as the listening model has them."""
    with as_file(files("enrichers") / "models" / "e5" / "tokenizer.json") as path:
        PreTrainedTokenizerFast(tokenizer_file=str(path), model_max_length=longest, **SPECIALS).save_pretrained(folder)


def _machine(device: Device) -> str:
    return torch.cuda.get_device_name() if device.name == "cuda" else f"CPU, {torch.get_num_threads()} threads"


def _gpu_mib() -> float:
    return torch.cuda.max_memory_reserved() / 2**20 if torch.cuda.is_available() else 0.0


MODELS: dict[str, tuple[str, Callable[[Path, Device], Made]]] = {
    "embedding": ("embedding, MiniLM-L12 multilingual", _embedding),
    "sentiment": ("sentiment, XLM-T", _sentiment),
}


if __name__ == "__main__":
    main()
