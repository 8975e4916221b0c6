"""Engines for tests that do what they are told: translate by a table, embed by hash, and fail when asked to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from enrichers.engines.base import Translated
from schemas.errors import EngineError
from schemas.vectors import Vector


class ScriptedTranslation:
    """Translates by `table` ({language: {text: English}}); a text outside it comes back unchanged, confidence 0.

    `fail(texts)` is asked before each call: an EngineError that it returns is raised. `calls` holds what was asked.
    """

    name = "scripted"
    version = "1"

    def __init__(
        self,
        table: Mapping[str, Mapping[str, str]],
        fail: Callable[[Sequence[str]], EngineError | None] = lambda texts: None,  # noqa: ARG005
    ) -> None:
        self._table = table
        self._fail = fail
        self._closed = False
        self.calls: list[tuple[str, tuple[str, ...]]] = []

    def languages(self) -> frozenset[str]:
        return frozenset(self._table)

    def translate(self, texts: Sequence[str], language: str) -> list[Translated]:
        if self._closed:
            raise EngineError("the scripted engine is closed; make a new one")
        if language not in self._table:
            raise EngineError(f"the scripted engine has no table for the language `{language}`")
        self.calls.append((language, tuple(texts)))
        error = self._fail(texts)
        if error is not None:
            raise error
        table = self._table[language]
        return [Translated(table[text], 1.0) if text in table else Translated(text, 0.0) for text in texts]

    def close(self) -> None:
        self._closed = True


class ScriptedEmbedding:
    """Unit vectors drawn from a generator seeded by the text's SHA-256: equal texts get equal vectors."""

    name = "scripted"
    version = "1"

    def __init__(self, dimensions: int = 384) -> None:
        self.dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> Vector:
        rows = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
            values = np.random.default_rng(seed).standard_normal(self.dimensions)
            row[:] = values / np.linalg.norm(values)
        return rows

    def close(self) -> None:
        """Nothing to free."""
