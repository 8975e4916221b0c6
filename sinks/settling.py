"""What every sink does with a batch before and around storing: checks, the newest of each id, an outcome for all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from schemas.identity import parse_time
from sinks.base import Document, Outcome, Removal, Status

MAX_ID_BYTES = 512
"""Elasticsearch's limit for `_id`."""
MAX_VERSION = 2**63 - 2
MAX_DEPTH = 100
MAX_INTEGER_DIGITS = 300

WRITTEN = Outcome(Status.WRITTEN)
UNCHANGED = Outcome(Status.UNCHANGED)

LATE = Outcome(Status.RETRY, "it was not begun in time")

_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_MANY_DIGITS = b"0" * (MAX_INTEGER_DIGITS // 2)

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(dict[str, Any]).decode


def rejected(reason: str) -> Outcome:
    """This document can never be stored."""
    return Outcome(Status.REJECTED, reason)


def retry(reason: str) -> Outcome:
    """The store is busy, away or refuses us."""
    return Outcome(Status.RETRY, reason)


def id_fault(identity: str) -> str | None:
    """Why nothing can be stored under that id; None where something may be."""
    try:
        size = len(identity.encode())
    except UnicodeEncodeError:
        return "the id holds a lone surrogate"
    return None if 0 < size <= MAX_ID_BYTES else f"the id is empty or longer than {MAX_ID_BYTES} bytes"


def fault(document: Document) -> str | None:
    """Why no store can hold the document; None where nothing speaks against it. Never quotes the document."""
    if (reason := id_fault(document.id)) is not None:
        return reason
    if not 0 <= document.version <= MAX_VERSION:
        return "the version is negative or too large"
    moment = document.body.get("@timestamp")
    if moment is not None and (not isinstance(moment, str) or parse_time(moment) is None):
        return "`@timestamp` is not an RFC 3339 time"
    return None if _reads_back(document.body) else _unencodable(document.body, MAX_DEPTH)


def removal_fault(removal: Removal) -> str | None:
    """Why there can be no such document to delete; None where there may be one."""
    if (reason := id_fault(removal.id)) is not None:
        return reason
    # the next version has to exist too: it is what the deletion counts as
    return None if 0 <= removal.version < MAX_VERSION else "the version is negative or too large"


def settle(
    documents: Sequence[Document], store: Callable[[list[Document]], list[Outcome]], *, until: float = math.inf
) -> list[Outcome]:
    """An outcome per document, in order; `store` gets sound documents, each (kind, id) once per call.

    Of several versions of one id only the newest is stored, on equal versions the later one. Older ones share its
    fate: UNCHANGED once it is in, RETRY while it is not (it may yet be rejected), and if it is rejected the next
    newest takes its place. Nothing is stored after `until`.
    """
    outcomes: list[Outcome | None] = [rejected(reason) if (reason := fault(one)) else None for one in documents]
    waiting: dict[tuple[str, str], list[int]] = {}
    for index, document in enumerate(documents):
        if outcomes[index] is None:
            waiting.setdefault((document.kind, document.id), []).append(index)
    for indexes in waiting.values():
        indexes.sort(key=lambda index: documents[index].version)
    while waiting and time.monotonic() <= until:
        newest = [indexes.pop() for indexes in waiting.values()]
        for index, outcome in zip(newest, store([documents[index] for index in newest]), strict=True):
            outcomes[index] = outcome
            key = (documents[index].kind, documents[index].id)
            if outcome.status is not Status.REJECTED:
                older = outcome if outcome.status is Status.RETRY else UNCHANGED
                for other in waiting.pop(key):
                    outcomes[other] = older
            elif not waiting[key]:
                del waiting[key]
    return [outcome if outcome is not None else LATE for outcome in outcomes]


def _reads_back(body: dict[str, Any]) -> bool:
    """The quick test, which nearly all bodies pass: equal to what is read from its JSON, and nothing to be capped."""
    try:
        data = encode(body)
        if data.count(b"[") + data.count(b"{") > MAX_DEPTH or _MANY_DIGITS in data.translate(_DIGITS):
            return False
        return decode(data) == body
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        return False  # the slow one says why


def _unencodable(value: Any, depth: int) -> str | None:
    """Why the value is no JSON that every store reads; None where it is."""
    match value:
        case str():
            # the quick test holds for nearly all text
            if not value.isascii() and _has_surrogate(value):
                return "a text holds a lone surrogate"
        case bool() | None:
            pass
        case int():
            if value.bit_length() > MAX_INTEGER_DIGITS * 3:
                return "a number is too large"
        case float():
            if not math.isfinite(value):
                return "a number is not finite"
        case dict() | list() | tuple():
            if depth == 0:
                return f"it is nested more than {MAX_DEPTH} levels deep"
            if isinstance(value, dict):
                if not all(isinstance(key, str) for key in value):
                    return "a field's name is not text"
                items: list[Any] = [*value.keys(), *value.values()]
            else:
                items = list(value)
            return next((reason for item in items if (reason := _unencodable(item, depth - 1))), None)
        case _:
            return "a value is not of a JSON type"
    return None


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
