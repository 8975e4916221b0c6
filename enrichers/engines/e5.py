"""Vectors of posts in their own language by the shipped part of multilingual-e5-small: what tells moods and wants."""

from __future__ import annotations

from importlib.resources.abc import Traversable

from enrichers.engines.sentence import SentenceEngine

DIMENSIONS = 384


class E5(SentenceEngine):
    """Made by `deploy/models/export_e5.py`. Its vectors are for heads fitted on them, not for telling what is alike."""

    def __init__(self, threads: int = 1, folder: Traversable | None = None) -> None:
        super().__init__("e5", "small", DIMENSIONS, threads, folder)
