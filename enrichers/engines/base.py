"""The shapes of engines: texts in, as many results out, in order. They may raise EngineError for a whole call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from schemas.vectors import Vector


@dataclass(frozen=True, slots=True)
class Translated:
    """English, and the share of the source's words that the engine knew (0 to 1)."""

    text: str
    confidence: float


@runtime_checkable
class TranslationEngine(Protocol):
    """Translates into English. Safe to call from several threads; what it says of a text depends on nothing else."""

    name: str
    version: str

    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes that `translate` accepts. English is never among them."""
        ...

    def translate(self, texts: Sequence[str], language: str) -> list[Translated]:
        """As many results as texts, in order; raises EngineError, and EngineTimeout past its time limit."""
        ...

    def close(self) -> None:
        """Ends child processes and frees models. Idempotent; `translate` raises EngineError afterwards."""
        ...


@runtime_checkable
class EmbeddingEngine(Protocol):
    """Turns texts into vectors. Safe to call from several threads; a vector depends on its own text alone."""

    name: str
    version: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions), float32, rows of unit length; raises EngineError."""
        ...

    def close(self) -> None:
        """Frees the model. Idempotent."""
        ...
