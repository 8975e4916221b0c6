"""Bodies as Elasticsearch keeps them: the embedding in a form to search by, beside its exact base64.

From 9.3 on Elasticsearch takes a vector as base64 of big-endian float32, which is quicker on both sides than JSON
numbers; older ones take numbers only.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from schemas.vectors import decode_vector

EXACT = "embedding_base64"
SIGNIFICANT = 6
"""Decimals of an indexed component: the index quantises to eight bits anyway, and the request is half as long."""


def stored_body(body: dict[str, Any], *, dims: int, numbers: bool = False) -> dict[str, Any]:
    """The body to send; the given one stays as it is. `numbers`: the vector as JSON numbers, not as base64.

    Raises ValueError, without values, for an unusable embedding.
    """
    if not has_vector(body):
        return body
    feedback = body["feedback"]
    text = feedback["embedding"]
    try:
        vector = decode_vector(text)
    except ValueError:
        raise ValueError("the embedding is not base64 of float32") from None
    if vector.shape != (dims,):
        raise ValueError(f"the embedding has {vector.size} dimensions, and the index {dims}")
    length = float(vector @ vector)
    # nearly always settled by the length alone; a product can also be too large or too small for its type
    if not 0 < length < math.inf and (not np.isfinite(vector).all() or not vector.any()):
        raise ValueError("the embedding is not finite, or zero")
    if not numbers:
        packed = base64.b64encode(vector.astype(">f4").tobytes()).decode("ascii")
        return {**body, "feedback": {**feedback, EXACT: text, "embedding": packed}}
    floats = np.round(vector.astype(np.float64), SIGNIFICANT)
    if not floats.any():
        floats = vector.astype(np.float64)
    return {**body, "feedback": {**feedback, EXACT: text, "embedding": floats.tolist()}}


def has_vector(body: dict[str, Any]) -> bool:
    """Whether `stored_body` adds a vector."""
    feedback = body.get("feedback")
    return isinstance(feedback, dict) and isinstance(feedback.get("embedding"), str)


def original_body(source: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `stored_body`, whether or not what is searched was read back."""
    feedback = source.get("feedback")
    if not isinstance(feedback, dict) or EXACT not in feedback:
        return source
    kept = {name: value for name, value in feedback.items() if name != EXACT}
    return {**source, "feedback": {**kept, "embedding": feedback[EXACT]}}
