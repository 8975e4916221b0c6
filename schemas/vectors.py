"""Vectors on the wire: base64 of little-endian float32."""

from __future__ import annotations

import base64
import binascii

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""Shape (d,) for one, (n, d) for many; unit length where it comes from `embed`."""


def encode_vector(vector: Vector) -> str:
    """One vector of shape (d,) as base64 text of 4·d bytes."""
    return base64.b64encode(np.ascontiguousarray(vector, dtype="<f4").tobytes()).decode("ascii")


def decode_vector(text: str) -> Vector:
    """The inverse of `encode_vector`; raises ValueError on anything else."""
    return np.frombuffer(binascii.a2b_base64(text, strict_mode=True), dtype="<f4").astype(np.float32, copy=False)
