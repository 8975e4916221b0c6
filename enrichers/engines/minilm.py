"""Vectors of English by the shipped all-MiniLM-L6-v2."""

from __future__ import annotations

from importlib.resources.abc import Traversable

from enrichers.engines.sentence import SentenceEngine

DIMENSIONS = 384


class MiniLM(SentenceEngine):
    """Made by `deploy/models/export_minilm.py`."""

    def __init__(self, threads: int = 1, folder: Traversable | None = None) -> None:
        super().__init__("minilm", "L6-v2", DIMENSIONS, threads, folder)
