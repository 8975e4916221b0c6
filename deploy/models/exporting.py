"""What the export scripts share: pooling, ONNX, and the files beside a model."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from tokenizers import Tokenizer

OPSET = 17


class Sentence(torch.nn.Module):
    """Token ids and mask (batch, tokens) to unit vectors (batch, d): the transformer, mean pooling, normalising.

    `centre` and `spread` (d,), where given, are what the means of many texts are like: taken off and divided by.
    """

    def __init__(
        self, transformer: torch.nn.Module, centre: np.ndarray | None = None, spread: np.ndarray | None = None
    ) -> None:
        super().__init__()
        self.transformer = transformer
        self.centre = torch.tensor(0.0 if centre is None else centre)
        self.spread = torch.tensor(1.0 if spread is None else spread)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize((self.mean(input_ids, attention_mask) - self.centre) / self.spread, dim=1)

    def mean(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


def exported(sentence: Sentence) -> bytes:
    """The module as an ONNX file."""
    ids = torch.full((2, 7), 1000)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    names = {"input_ids": {0: "batch", 1: "tokens"}, "attention_mask": {0: "batch", 1: "tokens"}}
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            sentence.eval(),
            (ids, mask),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(names),
            output_names=["embedding"],
            dynamic_axes={**names, "embedding": {0: "batch"}},
        )
    return buffer.getvalue()


def embedded(model: bytes, tokenizer: Tokenizer, sentences: list[str]) -> np.ndarray:
    """Each sentence's vector by an ONNX file, one at a time, shape (n, d)."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    rows = []
    for text in sentences:
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        rows.append(session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
    return np.array(rows)


def write(folder: Path, model: bytes, tokenizer: Tokenizer) -> None:
    """model.onnx, tokenizer.json and their SHA256SUMS."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    files = ("model.onnx", "tokenizer.json")
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in files]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="ascii")


def write_reference(path: Path, sentences: list[str], vectors: np.ndarray) -> None:
    """Each sentence with its fp32 vector as base64 of little-endian float32."""
    rows = [
        {"text": text, "vector": base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")}
        for text, vector in zip(sentences, vectors, strict=True)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def compared(models: dict[str, bytes], tokenizer: Tokenizer, sentences: list[str], vectors: np.ndarray) -> str:
    """Rows of a table: of each model the least and the mean cosine to the vectors, and its size."""
    rows = []
    for label, model in models.items():
        cosines = (embedded(model, tokenizer, sentences) * vectors).sum(1)
        rows.append(f"| {label} | {cosines.min():.4f} | {cosines.mean():.4f} | {len(model) / 1e6:.1f} MB |")
    return "\n".join(rows)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
