"""What a bulk response means for each document. Pure: literal responses in, outcomes out."""

from __future__ import annotations

import re
from typing import Any

from sinks.base import Outcome
from sinks.elasticsearch.explain import refusal
from sinks.settling import UNCHANGED, WRITTEN, rejected, retry

_TYPE = re.compile(r"[a-z_]{1,80}")
# only names of our own mapping: a label's name is the producer's, and a preview of the value may follow
_FIELD = re.compile(r"field \[((?:feedback|event|url)\.(?!labels)[a-z_.]{1,80}|@timestamp)\]")


def request_outcome(status: int, body: Any = None) -> Outcome | None:
    """For a refused request: the outcome of all its documents, or None where a smaller one has to show whose fault."""
    if status in (400, 413):
        return None
    if status in (401, 403):
        return retry(refusal(status, body))
    return retry(f"Elasticsearch answered HTTP {status}")


def item_outcomes(response: Any, sent: int) -> list[Outcome]:
    """One outcome per document sent, in order; an answer that does not fit the request means: try all again."""
    items = response.get("items") if isinstance(response, dict) else None
    if not isinstance(items, list) or len(items) != sent:
        return [retry("Elasticsearch's answer does not fit the request")] * sent
    return [_item_outcome(item) for item in items]


def _item_outcome(item: Any) -> Outcome:
    result = next(iter(item.values()), None) if isinstance(item, dict) else None
    status = result.get("status") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(status, int):
        return retry("Elasticsearch's answer for the document cannot be read")
    if 200 <= status < 300:
        return WRITTEN
    kind, detail = _error(result.get("error"))
    if status == 409 and kind == "version_conflict_engine_exception":
        return UNCHANGED
    if kind == "index_not_found_exception":
        # not this document's fault: dead letters would not bring the index back
        return retry("the index or its alias is missing; run `vocero setup`")
    if status in (400, 404, 413):
        return rejected(f"Elasticsearch refused the document ({status} {kind}{detail})")
    if status == 403 and kind == "security_exception":
        return retry(refusal(status, result))
    if status in (401, 403):
        return retry(f"Elasticsearch does not allow the write ({status} {kind})")
    return retry(f"Elasticsearch could not take the document now ({status} {kind})")


def _error(error: Any) -> tuple[str, str]:
    """The error's type, and the field it names; never its text, which quotes values."""
    if not isinstance(error, dict):
        return "unknown", ""
    kind, text = error.get("type"), error.get("reason")
    field = _FIELD.search(text) if isinstance(text, str) else None
    named = isinstance(kind, str) and _TYPE.fullmatch(kind)
    return (str(kind) if named else "unknown"), (f" in {field.group(1)}" if field else "")
