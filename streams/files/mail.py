"""One e-mail message to the fields of a raw post: the reading itself is `enrichers.text.mail`'s."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from enrichers.text.mail import MailLimits, parse_mail, thread_of

_SURROGATE = re.compile("[\ud800-\udfff]")


def mail_record(data: bytes, limits: MailLimits) -> dict[str, Any]:
    """The fields that the message fills; quoted mails and signatures stay in `text`.

    Raises RejectedInput (`bad-mail`, `too-large`, `too-deep`).
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
    return {name: _plain(value) for name, value in record.items() if value is not None}


def _plain(value: Any) -> Any:
    """Text without the lone surrogates that broken charsets leave; JSON cannot carry them."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value
