"""Linear heads over a vector, dense features and hashed n-grams: their file, its check, their probabilities."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.errors import EngineError
from schemas.vectors import Vector

Scores = NDArray[np.float64]
"""Shape (k,): one number per label."""

WEIGHTS: Final = "weights.npz"
CARD: Final = "model.json"


@dataclass(frozen=True)
class Inputs:
    """Of one text: `dense` (m,), the buckets of its n-grams with their common weight, its vector (d,) or None."""

    dense: NDArray[np.float32]
    buckets: NDArray[np.int64]
    weight: float
    vector: Vector | None = None


@dataclass(frozen=True)
class Head:
    """Weights towards k labels: vector (d, k) or None for a head that reads words only, dense (m, k), hashed (b, k)."""

    dense: NDArray[np.float32]
    hashed: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float = 1.0
    vector: NDArray[np.float32] | None = None

    def logits(self, inputs: Inputs) -> Scores:
        """Shape (k,), divided by the temperature. One text at a time, so that a batch changes nothing."""
        total = self.bias.astype(np.float64) + inputs.dense @ self.dense
        if len(inputs.buckets):
            total += self.hashed[inputs.buckets].sum(axis=0, dtype=np.float64) * inputs.weight
        if self.vector is not None and inputs.vector is not None:
            total += inputs.vector @ self.vector
        result: Scores = total / self.temperature
        return result


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What `model.json` says of the weights beside it."""

    name: str
    version: str
    sha256: str
    labels: list[str]
    languages: list[str]
    measured: dict[str, Any] = msgspec.field(default_factory=dict)


def softmax(logits: Scores) -> Scores:
    """Probabilities that sum to 1."""
    grown = np.exp(logits - logits.max())
    result: Scores = grown / grown.sum()
    return result


def sigmoid(logits: Scores) -> Scores:
    """One probability per label, each by itself."""
    result: Scores = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return result


def folder(name: str) -> Traversable:
    """The shipped model folder `enrichers/models/<name>`."""
    return resources.files("enrichers").joinpath("models", name)


def load(source: Traversable) -> tuple[Card, Mapping[str, Head]]:
    """The card and the heads of a model folder; raises EngineError where the weights are not those of the card."""
    card = msgspec.json.decode(source.joinpath(CARD).read_bytes(), type=Card)
    data = source.joinpath(WEIGHTS).read_bytes()
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise EngineError(f"the weights of the model `{card.name}` are damaged; install vocero again")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        names = sorted({key.partition("/")[0] for key in arrays.files})
        heads = {
            name: _head({k.partition("/")[2]: arrays[k] for k in arrays.files if k.startswith(name + "/")})
            for name in names
        }
    return card, heads


def dump(heads: Mapping[str, Head]) -> bytes:
    """The bytes of a weights file; the same heads give the same bytes."""
    arrays: dict[str, Any] = {}
    for name, head in sorted(heads.items()):
        arrays[f"{name}/dense"] = head.dense.astype(np.float32)
        arrays[f"{name}/hashed"] = head.hashed.astype(np.float16)
        arrays[f"{name}/bias"] = head.bias.astype(np.float32)
        arrays[f"{name}/temperature"] = np.float32(head.temperature)
        if head.vector is not None:
            arrays[f"{name}/vector"] = head.vector.astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _head(arrays: Mapping[str, NDArray[Any]]) -> Head:
    vector = arrays.get("vector")
    return Head(
        dense=arrays["dense"].astype(np.float32),
        hashed=arrays["hashed"].astype(np.float32),
        bias=arrays["bias"].astype(np.float32),
        temperature=float(arrays["temperature"]),
        vector=None if vector is None else vector.astype(np.float32),
    )
