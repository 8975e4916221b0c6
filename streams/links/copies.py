"""Copied and templated text by MinHash (Broder 1997): signatures of word pairs, and the bands they are found by."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

import numpy as np
from rensa import RMinHash

from enrichers.scoring.text import fold

SIZE: Final = 96
"""Values in a signature; its estimate of the share of common word pairs errs by about 1/sqrt(96)."""
LEAST_WORDS: Final = 10
"""Shorter texts are alike by chance."""
ALIKE: Final = 0.5
"""Estimated share of common word pairs from which a text is a copy: a word in ten changed leaves about 0.65."""
_ROWS = 3
_WORD = re.compile(r"[^\W_]+")


def signature(text: str) -> bytes:
    """The MinHash of a text's pairs of words, 4 bytes a value; empty where it has fewer than `LEAST_WORDS`."""
    words = _WORD.findall(fold(text))
    if len(words) < LEAST_WORDS:
        return b""
    sketch = RMinHash(num_perm=SIZE, seed=7)
    sketch.update(sorted({f"{one} {other}" for one, other in pairwise(words)}))
    return np.asarray(sketch.digest(), dtype="<u4").tobytes()


def bands(signed: bytes) -> list[tuple[int, bytes]]:
    """Keys of a signature: texts that are half alike share one of the 32 in 98 of 100 cases."""
    width = 4 * _ROWS
    return [(place, signed[place : place + width]) for place in range(0, len(signed), width)]


def alike(one: bytes, other: bytes) -> float:
    """The estimated share of word pairs that two texts have in common; 0 where one has no signature."""
    if not one or len(one) != len(other):
        return 0.0
    return float(np.mean(np.frombuffer(one, dtype="<u4") == np.frombuffer(other, dtype="<u4")))
