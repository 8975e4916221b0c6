"""RSS and Atom: every entry of a feed is a post. The parsing is feedparser's."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from schemas.errors import RejectedInput
from schemas.identity import from_millis
from streams.files.base import EXCERPT, Caps, Defaults, Item, Post, Reject, rejected
from streams.files.fields import Assembler
from streams.files.lines import read_capped

MAX_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Feed:
    """Reads a feed as a whole, at most `caps.record_bytes` of it. `line` of a post is the number of its entry."""

    derive_ids: bool = True
    caps: Caps = field(default_factory=Caps)

    def __call__(self, stream: BinaryIO, defaults: Defaults) -> Iterator[Item]:
        import feedparser

        data = read_capped(stream, self.caps.record_bytes)
        if data is None:
            yield Reject(0, "too-large", f"the feed is larger than {self.caps.record_bytes} bytes; split it")
            return
        # as they stand: nothing is cut from people's words, `clean` makes them readable later
        found: Any = (
            None if not data.strip() else feedparser.parse(data, sanitize_html=False, resolve_relative_uris=False)
        )
        if not found or not (found.version or found.entries):
            yield Reject(0, "bad-value", "this is no RSS or Atom feed: check the file", data[:EXCERPT])
            return
        assembler = Assembler(replace(defaults, channel=defaults.channel or "social"), derive_ids=self.derive_ids)
        for number, entry in enumerate(found.entries[:MAX_ENTRIES], start=1):
            record = entry_record(entry)
            try:
                yield Post(assembler.post(record), number)
            except RejectedInput as error:
                yield rejected(error, number, str(record.get("text", ""))[:EXCERPT].encode("utf-8", "replace"))


def entry_record(entry: Any) -> dict[str, Any]:
    """An entry's fields under the names of a raw post; what it lacks is left out."""
    body = next(iter(entry.get("content") or ()), None) or entry.get("summary_detail") or {}
    markup = "html" in str(body.get("type", ""))
    # asked for by name, "updated" would stand in for "published", with a warning
    times = {name: dict.get(entry, name) for name in ("published_parsed", "updated_parsed")}
    record: dict[str, Any] = {
        "id": entry.get("id") or entry.get("link"),
        "text": body.get("value") or entry.get("title"),
        "content_type": "text/html" if markup else "text/plain",
        "title": entry.get("title"),
        "url": entry.get("link"),
        "created_at": _time(times["published_parsed"] or times["updated_parsed"]),
        "updated_at": _time(times["updated_parsed"]),
        "author": {"name": entry["author"]} if entry.get("author") else None,
    }
    return {name: value for name, value in record.items() if value}


def _time(parsed: Any) -> str | None:
    """feedparser's UTC time as RFC 3339; None where there is none, or none that a calendar knows."""
    try:
        return from_millis(calendar.timegm(parsed) * 1000) if parsed else None
    except (OverflowError, ValueError, TypeError):
        return None
