"""Keeps the C library from holding a pool of memory for each thread: a worker has dozens, and most lie idle."""

from __future__ import annotations

import ctypes

M_ARENA_MAX = -8
"""Of glibc's malloc.h."""
ARENAS = 2


def few_arenas(arenas: int = ARENAS) -> bool:
    """Limits glibc's arenas for threads to come; False where the C library is another one, which is left alone."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(M_ARENA_MAX, arenas))
