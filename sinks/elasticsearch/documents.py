"""Bodies as Elasticsearch keeps them: the embedding as a list of floats to search by, beside its exact base64."""

from __future__ import annotations

from typing import Any

import numpy as np

from schemas.vectors import decode_vector

EXACT = "embedding_base64"
SIGNIFICANT = 6
"""Decimals of an indexed component: the index quantises to eight bits anyway, and the request is half as long."""


def stored_body(body: dict[str, Any], *, dims: int) -> dict[str, Any]:
    """The body to send; the given one stays as it is. Raises ValueError, without values, for an unusable embedding."""
    feedback = body.get("feedback")
    if not isinstance(feedback, dict) or not isinstance(text := feedback.get("embedding"), str):
        return body
    try:
        vector = decode_vector(text)
    except ValueError:
        raise ValueError("the embedding is not base64 of float32") from None
    if vector.shape != (dims,):
        raise ValueError(f"the embedding has {vector.size} dimensions, and the index {dims}")
    if not np.isfinite(vector).all() or not vector.any():
        raise ValueError("the embedding is not finite, or zero")
    floats = np.round(vector.astype(np.float64), SIGNIFICANT)
    if not floats.any():
        floats = vector.astype(np.float64)
    return {**body, "feedback": {**feedback, EXACT: text, "embedding": floats.tolist()}}


def original_body(source: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `stored_body`, whether or not the floats were read back."""
    feedback = source.get("feedback")
    if not isinstance(feedback, dict) or EXACT not in feedback:
        return source
    kept = {name: value for name, value in feedback.items() if name != EXACT}
    return {**source, "feedback": {**kept, "embedding": feedback[EXACT]}}
