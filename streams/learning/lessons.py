"""What of a lesson can teach: sentences that say something, with a vector of the right size. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from enrichers.topic import says_something
from schemas.signals import Lesson
from schemas.vectors import Vector, decode_vector
from streams.learning.keywords import terms_of


class Taught(NamedTuple):
    """A sentence: its place in the post, its English, its unit vector, and the topic that `enrich` gave it."""

    place: int
    text: str
    vector: Vector
    said: str | None


def sentences_of(lesson: Lesson, size: int | None) -> list[Taught]:
    """The sentences that can teach; vectors have `size` numbers, where that is known. A bad vector is left out."""
    found: list[Taught] = []
    for number, span in enumerate(lesson.spans):
        try:
            vector = decode_vector(span.vector)
        except ValueError:
            continue
        norm = float(np.linalg.norm(vector))
        if not np.isfinite(norm) or norm == 0.0 or (size is not None and vector.shape[0] != size):
            continue
        if not terms_of(span.text) or not says_something(span.text):
            continue  # a greeting or an exclamation is about nothing
        size = vector.shape[0]
        place = number if span.place is None else span.place
        found.append(Taught(place, span.text, (vector / norm).astype(np.float32), span.topic))
    return found
