"""Puts marks in the place of personal data, and a keyed hash in the place of an e-mail's author."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from enrichers.base import Draft
from enrichers.text.personal import Found, redact_text
from schemas.enriched import EnrichedPost, Redaction
from schemas.errors import SettingsError
from schemas.raw import Author

__all__ = ["Redact", "author_hash", "redact_text"]

_ADDRESS = re.compile(r"[^\s<>@\"(),;:]{1,64}@[^\s<>@\"(),;:]{1,255}")
_HASH = re.compile(r"[0-9a-f]{64}")
_FIELDS = ("text", "title", "clean_text")


class Redact:
    """Marks e-mail addresses, phone, card and account numbers in `text`, `title`, `clean_text` and `labels`.

    Raises SettingsError where `secret`, the one that all workers share, is missing: a hash without a secret can be
    undone by trying addresses.
    """

    name = "redact"
    version = "1"

    def __init__(self, secret: bytes | None) -> None:
        if not secret:
            raise SettingsError("the secret for authors' hashes is missing; set one that all workers share")
        self._secret = secret

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts without personal data in their texts; a mail's author is only a hash."""
        return [draft.with_post(**self._redacted(draft.post)) for draft in drafts]

    def close(self) -> None:
        """Nothing to free."""

    def _redacted(self, post: EnrichedPost) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        places: list[Redaction] = []
        for name in _FIELDS:
            value = getattr(post, name)
            if not value:
                continue
            markup = name == "text" and post.content_type == "text/html"
            fields[name], found = redact_text(value, markup=markup)
            places += [_place(name, item) for item in found]
        fields["redactions"] = places
        if post.labels:
            fields["labels"] = _redact_value(post.labels)
        if post.attachments:
            fields["attachments"] = [
                msgspec.structs.replace(one, name=redact_text(one.name)[0] if one.name else None)
                for one in post.attachments
            ]
        if post.channel == "email" and post.author is not None:
            fields["author"] = hidden_author(post.author, self._secret)
        return fields


def hidden_author(author: Author, secret: bytes) -> Author:
    """The author as a keyed hash, with role and customer id; without name, handle and followers."""
    known = next((text for text in (author.id, author.handle, author.name) if text and _ADDRESS.search(text)), None)
    known = known or author.id or author.handle or author.name
    hashed = known if known and _HASH.fullmatch(known) else author_hash(known, secret) if known else None
    return Author(id=hashed, customer_id=author.customer_id, role=author.role)


def author_hash(address: str, secret: bytes) -> str:
    """HMAC-SHA256 (64 hex digits) of the lower-cased address in "Ana <ana@example.org>", or of the text."""
    found = _ADDRESS.search(address)
    plain = (found[0] if found else address).strip().lower()
    return hmac.new(secret, plain.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _redact_value(value: Any) -> Any:
    """Every string of a JSON value redacted; numbers, keys and structure as they are."""
    if isinstance(value, str):
        return redact_text(value)[0]
    if isinstance(value, dict):
        return {key: _redact_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_redact_value(item) for item in value]
    return value


def _place(field: str, found: Found) -> Redaction:
    start, end, kind = found
    return Redaction(field=field, start=start, end=end, kind=kind)
