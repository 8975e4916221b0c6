"""CSV: a header row that names fields of a post (`author.handle` for nested ones), then one post a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from schemas.errors import RejectedInput, SettingsError
from streams.files.base import EXCERPT, Caps, Defaults, Item, Post, Reject
from streams.files.cells import value_of
from streams.files.fields import FIELDS, Assembler, put
from streams.files.rows import Row, rows_of

_PLAIN_NAME = re.compile(r"[\w .\-]{1,30}")


@dataclass(frozen=True, slots=True)
class Table:
    """Reads CSV; the delimiter is the one of comma, semicolon and tab that splits the header best."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    derive_ids: bool = True
    caps: Caps = field(default_factory=Caps)

    def __call__(self, stream: BinaryIO, defaults: Defaults) -> Iterator[Item]:
        rows = rows_of(stream, self.caps.record_bytes)
        first = next(rows, None)
        if first is None:
            return
        if first.reason is not None:
            yield Reject(first.number, first.reason, f"the header cannot be read: {first.message}", first.data)
            return
        columns = resolve_columns(first.cells, self.mapping)
        if "channel" not in columns and defaults.channel is None:
            raise SettingsError("no column of the header is called `channel`: add --channel (such as review)")
        assembler = Assembler(defaults, derive_ids=self.derive_ids)
        for row in rows:
            if row.reason is not None:
                yield Reject(row.number, row.reason, row.message, row.data)
            elif any(row.cells):
                yield _post(row, columns, assembler)


def _post(row: Row, columns: Sequence[str], assembler: Assembler) -> Item:
    try:
        if any(row.cells[len(columns) :]):
            raise RejectedInput(
                "bad-value",
                f"the row has {len(row.cells)} cells but the header has {len(columns)}: "
                "put quotes around cells that hold the delimiter",
            )
        record: dict[str, Any] = {}
        for path, cell in zip(columns, row.cells, strict=False):
            value = value_of(path, cell)
            if value is not None:
                put(record, path, value)
        return Post(assembler.post(record), row.number)
    except RejectedInput as error:
        return Reject(row.number, error.reason, str(error), row.data[:EXCERPT])


def resolve_columns(header: Sequence[str], mapping: Mapping[str, str]) -> list[str]:
    """The field that each column fills; raises SettingsError where the header cannot be what was meant."""
    names = [name.strip() for name in header]
    for column in mapping:
        if column not in names:
            raise SettingsError(f"--map names the column `{column}`, which the header lacks; {_listed(names)}")
    columns = [_field_of(name, position, mapping) for position, name in enumerate(names, 1)]
    for path in columns:
        if columns.count(path) > 1:
            raise SettingsError(f"two columns of the header fill the field `{path}`: rename one of them")
    if "text" not in columns:
        raise SettingsError(
            f"no column of the header is called `text`: name the one that holds the words with --map COLUMN=text; "
            f"{_listed(names)}"
        )
    return columns


def _field_of(name: str, position: int, mapping: Mapping[str, str]) -> str:
    path = mapping.get(name, name)
    path = {"rating": "rating.value", "author": "author.name"}.get(path.casefold(), path)
    if path.casefold() in FIELDS:
        return path.casefold()
    # an unknown column is kept whole under labels, dots and all
    return path if path.startswith("labels.") else f"labels.{path or f'column {position}'}"


def _listed(names: Sequence[str]) -> str:
    """Column names as a hint. What does not look like a name is left out: a file without a header starts with words."""
    plain = [name for name in names if _PLAIN_NAME.fullmatch(name)][:20]
    return f"its columns are: {', '.join(plain)}" if plain else "does the file start with a header row?"
