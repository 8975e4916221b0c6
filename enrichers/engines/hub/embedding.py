"""Sentence vectors by sentence-transformers, for posts in their own languages."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from enrichers.engines.hub.device import Device
from enrichers.engines.hub.source import Source, fetch, missing_extra
from schemas.errors import EngineError
from schemas.vectors import Vector

_BATCH = {"cuda": 256, "cpu": 32}


class HubEmbedding:
    """Any model of sentence-transformers. It sorts by length itself; one call at a time uses the device."""

    name = "sentence-transformers"

    def __init__(self, source: Source, device: Device) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise missing_extra() from None
        folder = fetch(source)
        try:
            self._model = SentenceTransformer(str(folder), device=device.name, local_files_only=True)
        except Exception as error:
            raise EngineError(f"the embedding model {source.name} cannot be loaded ({type(error).__name__})") from error
        if device.half:
            self._model.half()
        self.version = source.version
        self.dimensions = int(self._model.get_embedding_dimension() or 0)
        self._batch = _BATCH[device.name]
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions), float32, unit rows; raises EngineError, such as when memory runs out."""
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        with self._lock:
            try:
                rows = self._model.encode(
                    readable, batch_size=self._batch, normalize_embeddings=False, show_progress_bar=False
                )
            except Exception as error:
                raise EngineError(f"the embedding model failed on {len(texts)} texts ({_kind(error)})") from error
        vectors = np.asarray(rows, dtype=np.float32)
        # normalised here: in half precision a row may be off by more than rounding
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)

    def close(self) -> None:
        """Memory goes with the object."""


def _kind(error: Exception) -> str:
    return type(error).__name__
