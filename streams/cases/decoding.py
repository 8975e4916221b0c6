"""Bytes of a command to a `CaseCommand`, or to why they are none, in words for the one who sent them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from schemas.cases import CaseAction, CaseCommand
from schemas.codec import Limits, decode_object
from schemas.errors import RejectedInput

LIMITS = Limits(max_bytes=256 * 1024, max_depth=16)
ACTIONS: tuple[CaseAction, ...] = get_args(CaseAction)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A command that cannot be used. `id` is None where it has none, and then nobody can be answered."""

    reason: str
    id: str | None = None
    case_id: str | None = None


def command(data: bytes) -> CaseCommand | Unusable:
    """The command, or why it is none. The reason never holds the command's values."""
    try:
        fields = decode_object(data, LIMITS)
    except RejectedInput as error:
        return Unusable(str(error))
    try:
        return msgspec.convert(fields, CaseCommand)
    except msgspec.ValidationError as error:
        reason = f"the command does not fit its schema: {error}"
    except (RecursionError, OverflowError):
        reason = "the command holds a value that is out of range"
    if fields.get("action") not in ACTIONS:
        reason = f"there is no such step; the steps are {', '.join(ACTIONS)}"
    elif "Invalid enum value" in reason:  # the validator would quote what it was given
        reason = "the command does not fit its schema: one of its values is none of those that are allowed there"
    return Unusable(reason, _short(fields.get("id")), _short(fields.get("case_id")))


def _short(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None
