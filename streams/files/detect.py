"""Which format a file has: by the end of its name, else by how it begins."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Literal, get_args

from streams.files.lines import BOM

Format = Literal["jsonl", "csv", "mbox", "eml", "text", "feed"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".mbox": "mbox",
    ".mbx": "mbox",
    ".eml": "eml",
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".rss": "feed",
    ".atom": "feed",
}
_FEED = re.compile(r"<(?:rss|feed|rdf:RDF)[\s>]")
_HEADERS = re.compile(
    r"(?:from|to|subject|received|return-path|delivered-to|mime-version|message-id|date|content-type|reply-to|"
    r"dkim-signature|x-[\w-]+|authentication-results|arc-[\w-]+):",
    re.IGNORECASE,
)


def by_name(name: str) -> tuple[Format | None, bool]:
    """(format or None, True for a gzip suffix), such as ("jsonl", True) for reviews.jsonl.gz."""
    lowered = name.lower()
    packed = lowered.endswith(".gz")
    lowered = lowered.removesuffix(".gz")
    return next((format_ for suffix, format_ in _SUFFIXES.items() if lowered.endswith(suffix)), None), packed


def by_content(head: bytes, known_columns: Iterable[str]) -> Format | None:
    """The format of a file that begins with `head`; None for binary data. `known_columns` name a CSV's header."""
    head = head.removeprefix(BOM)
    if b"\0" in head:
        return None
    lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.strip()][:10]
    if not lines:
        return "text"
    if lines[0].lstrip().startswith("{"):
        return "jsonl"
    if lines[0].startswith("From "):
        return "mbox"
    if _FEED.search(" ".join(lines)) and lines[0].lstrip().startswith("<"):
        return "feed"
    named = sum(1 for line in lines if _HEADERS.match(line))
    if _HEADERS.match(lines[0]) and named >= min(2, len(lines)):
        return "eml"
    known = {name.casefold() for name in known_columns}
    for delimiter in ",;\t":
        try:
            cells = {cell.strip().casefold() for cell in next(csv.reader([lines[0][:100_000]], delimiter=delimiter))}
        except csv.Error:
            continue
        if len(cells) > 1 and cells & known:
            return "csv"
    return "text"
