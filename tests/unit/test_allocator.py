"""Threads share few pools of memory, as glibc itself counts them, and NumPy starts none of its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

PROGRAM = """
import ctypes, sys, threading
from streams.allocator import few_arenas
if sys.argv[1] == "few":
    few_arenas(2)
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
met = threading.Barrier(8)
def work():
    met.wait(30)
    for _ in range(2000):
        libc.malloc(2000)
    met.wait(30)
threads = [threading.Thread(target=work) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
stream = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, stream)
libc.fclose(stream)
print(open(sys.argv[2]).read().count("<heap nr="))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_threads_share_two_arenas(tmp_path: object) -> None:
    def arenas(how: str) -> int:
        command = [sys.executable, "-c", PROGRAM, how, f"{tmp_path}/info.xml"]
        return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)

    assert arenas("few") <= 2 < arenas("as it is")


BLAS = """
import ctypes, pathlib, sys
import numpy
from streams.allocator import plain_blas
(path,) = (pathlib.Path(numpy.__file__).parents[1] / "numpy.libs").glob("*openblas*")
library = ctypes.CDLL(str(path))
threads = library.scipy_openblas_get_num_threads64_
library.scipy_openblas_set_num_threads64_(2)
before = threads()
print(before, plain_blas(), threads())
"""


def test_numpy_computes_on_the_calling_thread() -> None:
    result = subprocess.run([sys.executable, "-c", BLAS], capture_output=True, text=True, check=False, timeout=60)
    if "ValueError" in result.stderr or "AttributeError" in result.stderr:
        pytest.skip("this NumPy brings another BLAS")
    assert result.stdout.split() == ["2", "True", "1"]
