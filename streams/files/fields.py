"""A record's fields to a RawPost: columns mapped, gaps filled by the defaults, a missing id made from the content."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.codec import raw_post
from schemas.errors import RejectedInput, SettingsError
from schemas.raw import Author, Point, Rating, RawPost
from streams.files.base import Defaults

_FLAT = frozenset(RawPost.__struct_fields__) - {"author", "rating", "place_point", "labels"}
FIELDS = (
    _FLAT
    | {f"author.{name}" for name in Author.__struct_fields__}
    | {f"rating.{name}" for name in Rating.__struct_fields__}
    | {f"place_point.{name}" for name in Point.__struct_fields__}
)
"""Every field that a column can fill, nested ones with a dot. `labels.<anything>` is one too."""
_SLOTS = 1 << 22
_ESSENTIAL = ("id", "channel", "source", "text")
_HINTS = {
    "id": "add one, or use --derive-ids to make it from the content",
    "channel": "add it, or use --channel",
    "source": "add it, or use --source",
    "text": "add it, or name the column that holds it with --map",
}


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raises SettingsError where a target of `--map column=field` is no field of a post."""
    for column, field in mapping.items():
        if field not in FIELDS and field != "rating" and not field.startswith("labels."):
            raise SettingsError(
                f"--map {column}={field}: a post has no field `{field}`; use one of {', '.join(sorted(FIELDS))}, "
                "or labels.NAME for anything else"
            )


def put(record: dict[str, Any], path: str, value: Any) -> None:
    """Sets `path`, such as `text` or `author.handle`, in a record of nested objects."""
    head, dot, rest = path.partition(".")
    if not dot:
        record[head] = value
        return
    inner = record.setdefault(head, {})
    if not isinstance(inner, dict):
        raise RejectedInput("wrong-type", f"`{head}` holds both a value and fields of its own")
    inner[rest] = value


class Assembler:
    """Makes the posts of one file.

    With `derive_ids`, a record without an id gets one from its channel, source, time, author and text, so that reading
    the file again gives the same ids. Where time or author is missing too, equal records are different people's words:
    the n-th of them is told apart by its count, kept in a table of fixed size (8 MiB, made at first need).
    """

    def __init__(self, defaults: Defaults, *, derive_ids: bool) -> None:
        self._fill = {"channel": defaults.channel, "source": defaults.source, "brand": defaults.brand}
        self._company = frozenset(map(_comparable, defaults.company))
        self._derive_ids = derive_ids
        self._seen: array[int] | None = None

    def post(self, record: Mapping[str, Any]) -> RawPost:
        """The record as a post; raises RejectedInput with the reason."""
        fields = dict(record)
        for name, value in self._fill.items():
            if value is not None and _absent(fields.get(name)):
                fields[name] = value
        if _absent(fields.get("updated_at")) and not _absent(fields.get("created_at")):
            fields["updated_at"] = fields["created_at"]
        derive = self._derive_ids and _absent(fields.get("id"))
        if derive:
            fields["id"] = "derived"
        for name in _ESSENTIAL:
            if fields.get(name) is None:
                raise RejectedInput("missing-field", f"the required field `{name}` is missing or null: {_HINTS[name]}")
        post = raw_post(fields)
        if derive:
            post = self._with_derived_id(post)
        if post.author is not None and self._is_company(post.author):
            # before redaction, which leaves of an e-mail's author a hash
            post = msgspec.structs.replace(post, author=msgspec.structs.replace(post.author, role="company"))
        return post

    def _is_company(self, author: Author) -> bool:
        names = {
            _comparable(name) for known in (author.id, author.handle) if known for name in (known, _address(known))
        }
        return not self._company.isdisjoint(names)

    def _with_derived_id(self, post: RawPost) -> RawPost:
        author = None if post.author is None else msgspec.structs.asdict(post.author)
        parts: list[Any] = [post.channel, post.source, post.created_at, author, post.text]
        digest = hashlib.sha256(msgspec.json.encode(parts))
        if post.created_at is None or post.author is None:
            nth = self._count(digest.digest())
            if nth > 1:
                digest = hashlib.sha256(msgspec.json.encode([*parts, nth]))
        return msgspec.structs.replace(post, id=digest.hexdigest(), labels={**post.labels, "id_derived": True})

    def _count(self, digest: bytes) -> int:
        if self._seen is None:
            self._seen = array("H", bytes(2 * _SLOTS))
        slot = int.from_bytes(digest[:4], "big") % _SLOTS
        self._seen[slot] = min(self._seen[slot] + 1, 0xFFFF)
        return self._seen[slot]


def _comparable(name: str) -> str:
    return name.strip().removeprefix("@").casefold()


def _address(name: str) -> str:
    """The address in "Ana <ana@example.org>"; else the name as it is."""
    return name.rpartition("<")[2].partition(">")[0] if name.endswith(">") else name


def _absent(value: Any) -> bool:
    return value is None or value == ""
