"""A worker like `vocero run`, with a light chain in place of the models: `python -m tests.faults.worker STAGE...`.

It is built by `build_flow` and run by `Runner`, as the command's worker is. FAULTS_CLOCK names a file with the seconds
by which this worker's clock is wrong.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.enriched import Intent, Sentiment, Severity, Span, Translation
from schemas.vectors import Vector, encode_vector
from streams.cli.common import log_to_stderr
from streams.runner import Runner
from streams.settings import load_settings
from streams.wiring import STAGES, build_flow

DIMENSIONS = 384
VECTOR_EVERY = 10
"""One post in so many has a vector, so that `learn` has work and the store an index of vectors."""


class Light:
    """Stands in for the models: what a post says about itself is what is found in it."""

    name = "light"
    version = "1"

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """A sentiment for `good` and `bad`, a complaint for `bad`, now and then a vector; every time the same."""
        return [self._marked(draft) for draft in drafts]

    @staticmethod
    def _marked(draft: Draft) -> Draft:
        text = draft.post.text
        bad = text.startswith("bad")
        marked = draft.with_post(
            clean_text=text,
            language="en",
            spans=[Span(start=0, end=len(text), language="en", translation=Translation(status="identity"))],
            sentiment=Sentiment(
                status="scored", label="negative" if bad else "positive", score=-0.5 if bad else 0.5, confidence=1.0
            ),
            intents=[Intent(label="complaint" if bad else "praise", confidence=1.0)],
            severity=Severity(score=0.5 if bad else 0.0, negativity=0.5 if bad else 0.0, reach=0.1),
        )
        number = int(draft.post.id) if draft.post.id.isdecimal() else 1
        if number % VECTOR_EVERY:
            return marked
        vector = vector_of(number)
        return replace(
            marked.with_post(embedding=encode_vector(vector)), vector=vector, vectors=vector.reshape(1, DIMENSIONS)
        )

    def close(self) -> None:
        """Nothing is open."""


def vector_of(number: int) -> Vector:
    """A unit vector of 384 float32, the same for the same number; near to those of 20 directions."""
    direction = np.random.default_rng(number % 20).normal(size=DIMENSIONS)
    noise = np.random.default_rng(number).normal(size=DIMENSIONS)
    vector = direction + 0.3 * noise
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def wrong_clock(file: Path) -> None:
    """From now on this process's time.time and time.time_ns are off by the seconds that stand in `file`."""
    real = time.time_ns
    shift = 0.0

    def shifted() -> int:
        nonlocal shift
        with suppress(OSError, ValueError):
            shift = float(file.read_text(encoding="utf-8"))
        return real() + int(shift * 1e9)

    time.time_ns = shifted
    time.time = lambda: shifted() / 1e9


def main(names: Sequence[str]) -> int:
    """Runs the named stages until a signal; the exit code of `vocero run`."""
    log_to_stderr("info")
    if clock := os.environ.get("FAULTS_CLOCK"):
        wrong_clock(Path(clock))
    settings = load_settings()
    flow = build_flow(settings, names or STAGES, chain=lambda _: Chain([Light()]))
    try:
        return Runner(flow.apps, flow.stages).run()
    finally:
        flow.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
