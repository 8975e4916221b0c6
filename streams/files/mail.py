"""One e-mail message to the fields of a raw post: the reading itself is `enrichers.text.mail`'s.

Header fields that `--map` names are read here, for each shop has its own (`X-Customer-Id`, `X-Place`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email import policy
from email.parser import BytesHeaderParser
from typing import Any

import msgspec

from enrichers.text.mail import MailLimits, parse_mail, thread_of
from streams.files.cells import value_of
from streams.files.fields import put

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_LONGEST_VALUE = 4_000
"""Characters of a mapped header field that are read."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def mail_record(data: bytes, limits: MailLimits, mapping: Mapping[str, str]) -> dict[str, Any]:
    """The fields that the message fills; quoted mails and signatures stay in `text`.

    `mapping` is header field to field of a post; a header field that the message lacks fills nothing.
    Raises RejectedInput (`bad-mail`, `too-large`, `too-deep`, `bad-value`).
    """
    mail = parse_mail(data, limits)
    author = {"id": (mail.sender_address or "").lower(), "name": mail.sender_name or ""}
    record: dict[str, Any] = {
        "id": mail.message_id,
        "text": mail.body or "",
        "title": mail.subject,
        "created_at": mail.date,
        "author": {name: _plain(value) for name, value in author.items() if value} or None,
        "in_reply_to": mail.in_reply_to,
        "thread_id": thread_of(mail),
        "attachments": [
            {name: _plain(value) for name, value in msgspec.structs.asdict(attachment).items() if value is not None}
            for attachment in mail.attachments
        ],
        "labels": {"automatic": True} if mail.automatic else {},
    }
    record = {name: _plain(value) for name, value in record.items() if value is not None}
    for path, text in _mapped(data, mapping):
        if (value := value_of(path, _plain(text))) is not None:
            put(record, path, value)
    return record


def _mapped(data: bytes, mapping: Mapping[str, str]) -> list[tuple[str, str]]:
    """(field, text) of each mapped header field of a message that was found readable; the first of each name counts."""
    if not mapping:
        return []
    source = data.lstrip(b"\r\n")
    end = _HEADER_END.search(source)
    header = BytesHeaderParser(policy=policy.compat32).parsebytes(source[: end.start()] if end else source)
    first: dict[str, str] = {}
    for name, value in header.raw_items():
        first.setdefault(name.strip().casefold(), " ".join(str(value)[:_LONGEST_VALUE].split()))
    return [
        ("rating.value" if path == "rating" else path, _text(first[name.casefold()]))
        for name, path in mapping.items()
        if name.casefold() in first
    ]


def _text(value: str) -> str:
    """A header field's value: raw bytes as UTF-8 or else Latin-1, encoded words (RFC 2047) decoded."""
    if not value.isascii():
        data = value.encode("utf-8", "surrogateescape")
        try:
            value = data.decode("utf-8")
        except UnicodeDecodeError:
            value = data.decode("latin-1")
    return str(policy.default.header_factory("subject", value)) if "=?" in value else value


def _plain(value: Any) -> Any:
    """Text without the lone surrogates that broken charsets leave; JSON cannot carry them."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value
