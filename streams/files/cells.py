"""A CSV cell or mail header to a field's type. An empty one, or a number that says nan or null, holds no value."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from schemas.errors import RejectedInput

_WHOLE = {"likes", "shares", "views", "author.followers"}
_DECIMAL = {"rating.value", "rating.best", "place_point.lat", "place_point.lon"}
_NOTHING = {"", "nan", "null", "none", "n/a", "na", "-"}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:[.,]\d{1,18})?")


def value_of(path: str, cell: str) -> Any:
    """The cell as the field at `path` wants it, or None; raises RejectedInput (`bad-value`)."""
    if path in _WHOLE:
        number = _number(path, cell)
        # a spreadsheet or data frame writes 12 as 12.0
        if number is not None and number != number.to_integral_value():
            raise RejectedInput("bad-value", f"the value of `{path}` is not a whole number")
        return None if number is None else int(number)
    if path in _DECIMAL:
        number = _number(path, cell)
        return None if number is None else float(number)
    if path == "incentivised":
        return _truth(path, cell)
    if path == "attachments":
        return _attachments(cell)
    if path == "content_type" or path.startswith("author.") or path in {"id", "channel", "source"}:
        return cell.strip() or None
    return cell if cell.strip() or path == "text" else None


def _number(path: str, cell: str) -> Decimal | None:
    text = cell.strip()
    if text.casefold() in _NOTHING:
        return None
    if not _NUMBER.fullmatch(text):
        raise RejectedInput("bad-value", f"the value of `{path}` is not a number")
    return Decimal(text.replace(",", "."))


def _truth(path: str, cell: str) -> bool | None:
    text = cell.strip().casefold()
    if text in _NOTHING:
        return None
    if text not in _TRUTH:
        raise RejectedInput("bad-value", f"the value of `{path}` is neither true nor false")
    return _TRUTH[text]


def _attachments(cell: str) -> list[dict[str, Any]] | None:
    """A JSON array of attachments, or names and addresses between blanks."""
    text = cell.strip()
    if not text.startswith("["):
        return [{"url" if "://" in part else "name": part} for part in text.split()] or None
    try:
        return msgspec.json.decode(text, type=list[dict[str, Any]])
    except (msgspec.DecodeError, RecursionError):
        raise RejectedInput("bad-value", "the value of `attachments` is not a JSON array of objects") from None
