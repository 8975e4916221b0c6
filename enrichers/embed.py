"""A vector per span and one per post, from the English where there is one: shared by every enricher after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from enrichers.base import Draft
from enrichers.engines.base import EmbeddingEngine
from enrichers.translate import english
from schemas.errors import EngineError
from schemas.vectors import Vector, encode_vector

_UNIT_TOLERANCE = 1e-2


class Embed:
    """The enricher `embed`. A post without words gets no vectors; a span without words gets a row of zeros."""

    name = "embed"

    def __init__(self, engine: EmbeddingEngine) -> None:
        self._engine = engine
        self.version = f"{engine.name}-{engine.version}"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `vectors` (n_spans, d), `vector` (d,) and `post.embedding`; raises EngineError."""
        texts = [[english(draft.post.clean_text, span) for span in draft.post.spans] for draft in drafts]
        wanted = list(dict.fromkeys(text for own in texts for text in own if _has_words(text)))
        rows = dict(zip(wanted, _checked(self._engine, wanted), strict=True)) if wanted else {}
        return [self._apply(draft, own, rows) for draft, own in zip(drafts, texts, strict=True)]

    def close(self) -> None:
        self._engine.close()

    def _apply(self, draft: Draft, texts: list[str], rows: dict[str, Vector]) -> Draft:
        if not any(text in rows for text in texts):
            return replace(draft, vectors=None, vector=None).with_post(embedding=None)
        nothing = np.zeros(self._engine.dimensions, dtype=np.float32)
        vectors = np.stack([rows.get(text, nothing) for text in texts])
        vector = pooled(vectors, [len(text) for text in texts])
        return replace(draft, vectors=vectors, vector=vector).with_post(embedding=encode_vector(vector))


def pooled(vectors: Vector, lengths: Sequence[int]) -> Vector:
    """Mean of the rows (n, d) weighted by `lengths`, at unit length, shape (d,).

    Rows that cancel out to nothing have no direction in common: the first row that is not zero stands for them.
    """
    mean = np.average(vectors, axis=0, weights=np.asarray(lengths, dtype=np.float64))
    norm = float(np.linalg.norm(mean))
    if norm > 1e-6:
        return (mean / norm).astype(np.float32)
    first: Vector = vectors[np.flatnonzero(np.linalg.norm(vectors, axis=1) > 0)[0]]
    return first


def _checked(engine: EmbeddingEngine, texts: list[str]) -> Vector:
    vectors = engine.embed(texts)
    if vectors.shape != (len(texts), engine.dimensions):
        raise EngineError(
            f"the embedding engine gave an array of shape {vectors.shape} for {len(texts)} texts "
            f"of {engine.dimensions} dimensions"
        )
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=_UNIT_TOLERANCE):
        raise EngineError("the embedding engine gave vectors that are not of unit length (or not numbers)")
    return vectors


def _has_words(text: str) -> bool:
    return any(character.isalpha() for character in text)
