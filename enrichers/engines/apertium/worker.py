"""The pipeline of one language: started on first use, asked under a lock, replaced after a failure."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from enrichers.engines.apertium.modes import Chain, commands
from enrichers.engines.apertium.pipeline import Pipeline
from schemas.errors import EngineError

_CALL_CHARACTERS = 50_000
"""Of one call to the processes, so that its time limit is one of seconds however large the batch."""
_SENTENCE_END = re.compile(r"[.!?…]$")


@dataclass(frozen=True, slots=True)
class _Block:
    """What is sent for the body at `index`; without a full stop at its end Apertium would hold words back."""

    index: int
    text: str
    stopped: bool


class Worker:
    """Safe to use from several threads. `starter` runs on a thread that outlives the worker."""

    def __init__(self, chain: Chain, seconds: float, starter: Executor) -> None:
        self._chain = chain
        self._seconds = seconds
        self._starter = starter
        self._lock = threading.Lock()
        self._pipeline: Pipeline | None = None
        self._closed = False

    def pids(self) -> list[int]:
        """Process ids in the order of the pipe; empty where nothing has been translated yet."""
        pipeline = self._pipeline
        return pipeline.pids() if pipeline is not None else []

    def ask(self, bodies: Sequence[str | None]) -> list[str | None]:
        """Raw English per body; None stays None and is never sent. Raises EngineError after one retry."""
        answers: list[str | None] = [None] * len(bodies)
        for part in _parts([_block(index, body) for index, body in enumerate(bodies) if body is not None]):
            with self._lock:
                replies = self._ask([block.text for block in part])
            for block, reply in zip(part, replies, strict=True):
                text = reply.strip()
                answers[block.index] = text.removesuffix(".").rstrip() if block.stopped else text
        return answers

    def close(self) -> None:
        """Ends the processes at once, under a running `ask` too, which then raises EngineError."""
        self._closed = True
        pipeline = self._pipeline
        if pipeline is not None:
            pipeline.close()
        with self._lock:
            self._drop()

    def _ask(self, blocks: Sequence[str]) -> list[str]:
        try:
            return self._ask_once(blocks)
        except EngineError:
            if self._closed:
                raise
            return self._ask_once(blocks)

    def _ask_once(self, blocks: Sequence[str]) -> list[str]:
        if self._closed:
            raise EngineError("the Apertium engine is closed; make a new one")
        if self._pipeline is None:
            self._pipeline = self._starter.submit(Pipeline, commands(self._chain)).result()
        try:
            return self._pipeline.ask(blocks, self._seconds)
        except EngineError:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._pipeline is not None:
            self._pipeline.release()
            self._pipeline = None


def _block(index: int, body: str) -> _Block:
    stopped = _SENTENCE_END.search(body) is None
    return _Block(index, body + "." if stopped else body, stopped)


def _parts(blocks: Sequence[_Block]) -> Iterator[list[_Block]]:
    part: list[_Block] = []
    size = 0
    for block in blocks:
        if part and size + len(block.text) > _CALL_CHARACTERS:
            yield part
            part, size = [], 0
        part.append(block)
        size += len(block.text)
    if part:
        yield part
