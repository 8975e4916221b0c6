"""Hashed n-grams of characters and words: what a text looks like in any language, without a vocabulary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrichers.scoring.text import BREAK, Words

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(1099511628211)
_CHARACTERS = 2000  # of a span; n-grams are counted by presence, so more adds little


@dataclass(frozen=True, slots=True)
class Hashing:
    """Buckets (a power of two), and the lengths of character n-grams."""

    buckets: int = 1 << 14
    shortest: int = 2
    longest: int = 5


def hashed(text: Words, hashing: Hashing) -> tuple[NDArray[np.int64], float]:
    """Distinct buckets of a text's n-grams, ascending, and their common weight (the row has unit length).

    Character n-grams stay within a word, whose ends count as spaces; pairs of neighbouring words are added.
    """
    joined = " " + " ".join(t for t in text.tokens if t != BREAK)[:_CHARACTERS] + " "
    if len(joined) < 3:
        return np.zeros(0, np.int64), 0.0
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype="<u4").astype(np.uint64)
    spaces = codes == 32
    inner = np.concatenate(([0], np.cumsum(spaces)))
    found = []
    value = codes.copy()
    for n in range(2, hashing.longest + 1):
        if len(codes) < n:
            break
        value = value[:-1] * _STEP + codes[n - 1 :]
        if n >= hashing.shortest:
            # an n-gram may touch a space at its ends only
            clean = inner[n - 1 : len(codes)] - inner[1 : len(codes) - n + 2] == 0
            found.append(value[clean] + np.uint64(n))
    found.append(_pairs(codes, spaces))
    mixed = np.concatenate(found) * _PRIME
    mixed ^= mixed >> np.uint64(29)
    seen = np.zeros(hashing.buckets, np.bool_)
    seen[(mixed & np.uint64(hashing.buckets - 1)).astype(np.intp)] = True
    buckets = np.flatnonzero(seen)
    return buckets, float(1 / np.sqrt(max(1, len(buckets))))


def _pairs(codes: NDArray[np.uint64], spaces: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """A number for every two neighbouring words: from the sums of their characters' position-weighted codes."""
    starts = np.flatnonzero(spaces[:-1] & ~spaces[1:]) + 1
    if len(starts) < 2:
        return np.zeros(0, np.uint64)
    position = (np.arange(len(codes)) - np.maximum.accumulate(np.where(spaces, np.arange(len(codes)), 0))).astype(
        np.uint64
    )
    scattered = (codes * _PRIME) ^ (position * _STEP)
    sums = np.add.reduceat(np.where(spaces, np.uint64(0), scattered), starts)
    return sums[:-1] * _STEP + sums[1:] + np.uint64(101)
