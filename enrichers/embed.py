"""A vector per span and one per post: of the English for what compares posts, of the own words for what judges one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from enrichers.base import Draft
from enrichers.engines.base import EmbeddingEngine
from enrichers.translate import english
from schemas.enriched import Span
from schemas.errors import EngineError
from schemas.vectors import Vector, encode_vector

_UNIT_TOLERANCE = 1e-2
MAX_READ = 8_000
"""Characters of one post that are read: of a longer one the beginning of every span, so that none is left out."""


class Embed:
    """The enricher `embed`. A post without words gets no vectors; spans without words do not count in the post's."""

    name = "embed"

    def __init__(self, engine: EmbeddingEngine, *, original: bool = False) -> None:
        """`original`: the engine reads every language, so it gets the post's own words and not their English."""
        self._engine = engine
        self._meant = _original if original else english
        self.version = f"{engine.name}-{engine.version}"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `vectors` (n_spans, d), `vector` (d,) and `post.embedding`; raises EngineError."""
        texts = _texts(drafts, self._meant)
        drafts = [_noted(draft, own) for draft, own in zip(drafts, texts, strict=True)]
        posts = _read(texts)
        rows = _rows(self._engine, posts)
        return [_apply(draft, own, rows) for draft, own in zip(drafts, posts, strict=True)]

    def close(self) -> None:
        self._engine.close()


class Listen:
    """The enricher `listen`: vectors of the post's own words, which `sentiment` and `intent` read and nothing else."""

    name = "listen"

    def __init__(self, engine: EmbeddingEngine) -> None:
        self._engine = engine
        self.version = f"{engine.name}-{engine.version}"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `own_vectors` (n_spans, d) and `own_vector` (d,); raises EngineError.

        The whole is read by itself: the mean of its spans knows nothing of what one sentence hands to the next.
        """
        posts = _read(_texts(drafts, _original))
        rows = _rows(self._engine, [[*own, " ".join(own)] if own else [] for own in posts])
        return [
            replace(draft, own_vectors=np.stack([rows[text] for text in own]), own_vector=rows[" ".join(own)])
            if own
            else replace(draft, own_vectors=None, own_vector=None)
            for draft, own in zip(drafts, posts, strict=True)
        ]

    def close(self) -> None:
        self._engine.close()


def _original(text: str, span: Span) -> str:
    return text[span.start : span.end]


def _texts(drafts: Sequence[Draft], meant: Callable[[str, Span], str]) -> list[list[str]]:
    return [[meant(draft.post.clean_text, span) for span in draft.post.spans] for draft in drafts]


def _read(texts: Sequence[list[str]]) -> list[list[str]]:
    """What is read of each post's spans: nothing where none of them holds words."""
    return [shortened(own) if any(map(_has_words, own)) else [] for own in texts]


def _rows(engine: EmbeddingEngine, posts: Sequence[list[str]]) -> Mapping[str, Vector]:
    """The vector of each text, every one asked for once."""
    wanted = list(dict.fromkeys(text for own in posts for text in own))
    return dict(zip(wanted, _checked(engine, wanted), strict=True)) if wanted else {}


def _apply(draft: Draft, texts: list[str], rows: Mapping[str, Vector]) -> Draft:
    if not texts:
        return replace(draft, vectors=None, vector=None).with_post(embedding=None)
    vectors = np.stack([rows[text] for text in texts])
    vector = pooled(vectors, [len(text) if _has_words(text) else 0 for text in texts])
    return replace(draft, vectors=vectors, vector=vector).with_post(embedding=encode_vector(vector))


def shortened(texts: Sequence[str]) -> list[str]:
    """The texts of one post, each cut to an equal share of `MAX_READ` where they are more than that together.

    What short ones leave of their share, the longer ones get.
    """
    if sum(map(len, texts)) <= MAX_READ:
        return list(texts)
    left, share = MAX_READ, 0
    by_length = sorted(map(len, texts))
    for position, length in enumerate(by_length):
        share = left // (len(texts) - position)
        if length > share:
            break
        left -= length
    return [text[: max(share, 1)] for text in texts]


def _noted(draft: Draft, texts: Sequence[str]) -> Draft:
    if sum(map(len, texts)) <= MAX_READ:
        return draft
    return draft.noted(f"embed: a long post; {MAX_READ} characters of it were read, the beginning of every span")


def pooled(vectors: Vector, lengths: Sequence[int]) -> Vector:
    """Mean of the rows (n, d) weighted by `lengths`, at unit length, shape (d,).

    Rows that cancel out have no direction in common: the first one that counts stands for them.
    """
    mean = np.average(vectors, axis=0, weights=np.asarray(lengths, dtype=np.float64))
    norm = float(np.linalg.norm(mean))
    if norm > 1e-6:
        return (mean / norm).astype(np.float32)
    first: Vector = vectors[np.flatnonzero(lengths)[0]]
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
