"""What a library takes for itself once a process has many threads: pools of memory, and threads of its own."""

from __future__ import annotations

import ctypes
from pathlib import Path

M_ARENA_MAX = -8
"""Of glibc's malloc.h."""
ARENAS = 2


def few_arenas(arenas: int = ARENAS) -> bool:
    """Limits glibc's arenas for threads to come; False where the C library is another one, which is left alone.

    A worker has dozens of threads, and most lie idle.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(M_ARENA_MAX, arenas))


def plain_blas() -> bool:
    """Has NumPy's OpenBLAS compute on the calling thread; False where NumPy brings none, which is left alone.

    Its threads wait for work in a loop, and what stages multiply is small: two threads took twice one's processor time.
    """
    import numpy as np

    for path in (Path(np.__file__).parents[1] / "numpy.libs").glob("*openblas*"):
        for name in ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads"):
            try:
                set_threads = getattr(ctypes.CDLL(str(path)), name)
            except (AttributeError, OSError):
                continue
            set_threads(1)
            return True
    return False
