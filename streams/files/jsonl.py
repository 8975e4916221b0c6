"""JSONL: one JSON object a line, with the fields of a raw post; unknown fields go under `labels`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from schemas.codec import Limits, decode_object
from schemas.errors import RejectedInput
from streams.files.base import Caps, Defaults, Item, Post, Reject, rejected
from streams.files.fields import Assembler, put
from streams.files.lines import lines_of


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Reads JSONL. Empty lines are passed over. `mapping` renames top-level fields."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    derive_ids: bool = False
    caps: Caps = field(default_factory=Caps)

    def __call__(self, stream: BinaryIO, defaults: Defaults) -> Iterator[Item]:
        assembler = Assembler(defaults, derive_ids=self.derive_ids)
        limits = Limits(max_bytes=self.caps.record_bytes)
        for line in lines_of(stream, self.caps.record_bytes):
            if line.too_long:
                message = f"the line is longer than {self.caps.record_bytes} bytes; split or shorten it"
                yield Reject(line.number, "too-large", message, line.data)
                continue
            data = line.data.strip()
            if not data:
                continue
            try:
                raw = assembler.post(self._renamed(decode_object(data, limits)))
            except RejectedInput as error:
                yield rejected(_advised(error, data, line.number), line.number, data)
            else:
                yield Post(raw, line.number)

    def _renamed(self, record: dict[str, Any]) -> dict[str, Any]:
        for name, target in self.mapping.items():
            if name in record:
                put(record, "rating.value" if target == "rating" else target, record.pop(name))
        return record


def _advised(error: RejectedInput, data: bytes, number: int) -> RejectedInput:
    """On the first line, the usual reason for not being JSONL is a JSON array or an object over several lines."""
    if number == 1 and (data.startswith(b"[") or data == b"{") and error.reason in {"not-json", "not-an-object"}:
        return RejectedInput(error.reason, "JSONL has one object a line; `jq -c '.[]' FILE` makes it of a JSON array")
    return error
