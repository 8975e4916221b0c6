"""Bytes to raw posts and back, with caps before parsing: no input, however odd, hurts the caller."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.errors import Reason, RejectedInput
from schemas.raw import RawPost

_RAW_FIELDS = frozenset(RawPost.__struct_fields__)
_VALUE = re.compile(r"(?<=enum value ).*(?= - at `)", re.DOTALL)
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89abcdefABCDEF]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

encode = msgspec.json.Encoder().encode
"""Any schema type to compact UTF-8 JSON bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one input. `max_bytes` of its JSON, `max_depth` of nesting."""

    max_bytes: int = 16 * 1024 * 1024
    max_depth: int = 64


def decode_object(data: bytes, limits: Limits = Limits()) -> dict[str, Any]:
    """Bytes to one JSON object; raises RejectedInput with the reason."""
    if len(data) > limits.max_bytes:
        raise RejectedInput("too-large", f"the record is larger than {limits.max_bytes} bytes; split or shorten it")
    # only text that could nest deeply pays for the exact count
    if data.count(b"[") + data.count(b"{") > limits.max_depth and _depth(data) > limits.max_depth:
        raise RejectedInput("too-deep", f"the record is nested more than {limits.max_depth} levels deep")
    try:
        value = msgspec.json.decode(data)
    except RecursionError:
        raise RejectedInput("too-deep", "the record is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _unreadable(data) from None
    if not isinstance(value, dict):
        raise RejectedInput("not-an-object", "the record is JSON, but not an object with fields")
    return value


def raw_post(fields: dict[str, Any]) -> RawPost:
    """A decoded object to a RawPost; unknown fields go under `labels`; raises RejectedInput with the reason."""
    known = {name: value for name, value in fields.items() if name in _RAW_FIELDS and value is not None}
    unknown = {name: value for name, value in fields.items() if name not in _RAW_FIELDS}
    for name in ("id", "source", "channel", "text"):
        if name not in known:
            raise RejectedInput("missing-field", f"the required field `{name}` is missing or null")
    if isinstance(known["id"], int) and not isinstance(known["id"], bool):
        known["id"] = str(known["id"])
    if unknown:
        labels = known.get("labels", {})
        if not isinstance(labels, dict):
            raise RejectedInput("wrong-type", "`labels` must be an object")
        known["labels"] = {**unknown, **labels}
    try:
        return msgspec.convert(known, RawPost)
    except msgspec.ValidationError as error:
        text = _VALUE.sub("…", str(error))
        reason: Reason = "wrong-type" if text.startswith("Expected `") and "got `" in text else "bad-value"
        raise RejectedInput(reason, f"the record does not fit the schema: {text}") from None
    except (RecursionError, OverflowError):
        raise RejectedInput("bad-value", "the record holds a value that is out of range") from None


def decode_raw(data: bytes, limits: Limits = Limits()) -> RawPost:
    """Bytes of one raw record to a RawPost; raises RejectedInput with the reason."""
    return raw_post(decode_object(data, limits))


def _unreadable(data: bytes) -> RejectedInput:
    """Why bytes are no JSON."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return RejectedInput("not-utf8", "the record is not valid UTF-8: encode it as UTF-8")
    if _SURROGATE.search(data):
        return RejectedInput("not-utf8", "the record holds half of a surrogate pair, which is no character")
    return RejectedInput("not-json", "the record is not valid JSON")


def _depth(data: bytes) -> int:
    """Deepest nesting of brackets outside strings."""
    depth = deepest = 0
    for byte in _STRINGS.sub(b"", data).translate(None, _NOT_BRACKETS):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest
