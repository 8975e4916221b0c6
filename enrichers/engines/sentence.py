"""Sentence vectors from a shipped ONNX model and its tokenizer by ONNX Runtime: no network, no torch.

The models quantise each token's activations by themselves, so a text's vector does not depend on its neighbours.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from enrichers.recent import Recent
from schemas.errors import EngineError
from schemas.vectors import Vector

WINDOW = 256
"""Tokens that a model reads at once, its two special ones included."""
_BATCH_TOKENS = 256
"""Few: what padding to the longest text of a batch wastes is more than larger matrices save."""
_MOST_WINDOWS = 32
"""Of one text, about 30,000 characters; of a longer one as many, spread evenly from its start to its end."""
_CACHED_BYTES = 8 * 2**20
"""Of vectors with their texts: about 4,000."""
_CACHED_CHARACTERS = 500

Tokens = list[int]


class SentenceEngine:
    """The model of `enrichers/models/<name>`. `threads` is ONNX Runtime's.

    Texts of like length go together, at most 256 tokens at once.
    """

    def __init__(self, name: str, release: str, dimensions: int, threads: int, folder: Traversable | None) -> None:
        """`version` is the release of the weights and the start of the file's hash."""
        self.name = name
        self.dimensions = dimensions
        folder = folder if folder is not None else files("enrichers") / "models" / name
        contents = verified(folder, ("model.onnx", "tokenizer.json"))
        self.version = f"{release}-{hashlib.sha256(contents['model.onnx']).hexdigest()[:8]}"
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library loads: nothing leaves this machine
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # a thread that waits for work in a loop takes the processor from the other stages
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                contents["model.onnx"], options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_buffer(contents["tokenizer.json"])
        except Exception as error:
            raise EngineError("the embedding model cannot be loaded; install vocero again") from error
        largest = _bytes(" " * _CACHED_CHARACTERS, np.empty(dimensions, np.float32))
        self._recent: Recent[str, Vector] = Recent(_CACHED_BYTES, _bytes, largest=largest)

    def embed(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions), unit rows. A text beyond 256 tokens is the weighted mean of its windows."""
        known = self._recent.known(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        computed = dict(zip(missing, self._computed(missing), strict=True))
        self._recent.remember(computed)
        known |= computed
        rows = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for index, text in enumerate(texts):
            rows[index] = known[text]
        return rows

    def close(self) -> None:
        """Nothing runs between calls; memory goes with the object."""

    def _computed(self, texts: Sequence[str]) -> list[Vector]:
        windows = [self._windows(text) for text in texts]
        flat = [(owner, window) for owner, own in enumerate(windows) for window in own]
        flat.sort(key=lambda item: len(item[1]))
        sums = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for batch in batches(flat, _BATCH_TOKENS):
            vectors = self._run([window for _, window in batch])
            for (owner, window), vector in zip(batch, vectors, strict=True):
                sums[owner] += vector * len(window)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return list(sums / norms)

    def _windows(self, text: str) -> list[Tokens]:
        """Token ids in windows of at most 256, each with its own start and end."""
        # a lone surrogate cannot be encoded, and says nothing
        ids: Tokens = self._tokenizer.encode(text.encode("utf-8", "replace").decode("utf-8")).ids
        if len(ids) <= WINDOW:
            return [ids]
        start, inner, end = ids[0], ids[1:-1], ids[-1]
        step = WINDOW - 2
        starts: Sequence[int] = range(0, len(inner), step)
        if len(starts) > _MOST_WINDOWS:
            starts = [starts[int(place)] for place in np.linspace(0, len(starts) - 1, _MOST_WINDOWS)]
        return [[start, *inner[at : at + step], end] for at in starts]

    def _run(self, windows: Sequence[Tokens]) -> Vector:
        ids = np.zeros((len(windows), max(map(len, windows))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            mask[row, : len(window)] = 1
        try:
            result: NDArray[np.float32] = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        except Exception as error:  # onnxruntime's errors share no base class
            raise EngineError("the embedding model failed on a batch") from error
        return result


def _bytes(text: str, row: Vector) -> int:
    return 300 + 2 * len(text) + row.nbytes


def batches(items: Sequence[tuple[int, Tokens]], tokens: int) -> Iterator[list[tuple[int, Tokens]]]:
    """Runs of items sorted by length, each with at most so many tokens once padded, and never empty."""
    batch: list[tuple[int, Tokens]] = []
    for item in items:
        if batch and (len(batch) + 1) * len(item[1]) > tokens:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def verified(folder: Traversable, names: Sequence[str]) -> dict[str, bytes]:
    """The files' contents, held against the folder's SHA256SUMS; raises EngineError that says which file is wrong."""
    try:
        lines = (folder / "SHA256SUMS").read_text(encoding="ascii").split("\n")
        sums = {name: digest for digest, name in (line.split() for line in lines if line)}
        contents = {name: (folder / name).read_bytes() for name in names}
    except (OSError, ValueError) as error:
        raise EngineError("the embedding model's files are missing or unreadable; install vocero again") from error
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != sums.get(name):
            raise EngineError(
                f"the embedding model's file {name} is not the one that was shipped; install vocero again"
            )
    return contents
