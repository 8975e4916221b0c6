"""The start of an input's bytes as something that may be shown: readable, short, without personal data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\[nrtbf\"/\\]")
_AUTHOR = re.compile(r'"author"\s*:\s*(?:\{[^}]*\}?|"[^"]*"?)')
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_-]{64,}")
_TAIL = 64
"""Characters that a cut may leave of an address or number, too few to be known as one (RFC 5321: 64 before the @)."""


def excerpt(data: bytes, characters: int, redact: Callable[[str], str], *, cut: bool = False) -> str:
    """At most so many characters from the start of `data`; with `cut`, `data` itself is only a start.

    `redact` puts marks in the place of personal data. JSON's escapes are undone before, for behind `\\u0040` no address
    is recognised. An author, and runs that may be base64, give way to a mark.
    """
    head = data[: 4 * characters]
    cut = cut or len(head) < len(data)
    text = _ESCAPES.sub(_unescaped, head.decode("utf-8", "replace"))
    shown = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
    shown = _OPAQUE.sub("[…]", _AUTHOR.sub('"author":"[AUTHOR]"', redact(shown)))
    return (shown[:-_TAIL] if cut else shown)[:characters]


def _unescaped(match: re.Match[str]) -> str:
    text: str = json.loads(f'"{match[0]}"')
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
