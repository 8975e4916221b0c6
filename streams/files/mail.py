"""One e-mail message to a raw post's fields, by the standard library's parser, with caps before it runs."""

from __future__ import annotations

import email
import html
import re
from dataclasses import dataclass
from datetime import UTC
from email.errors import MessageError
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

from schemas.errors import RejectedInput
from streams.files.charsets import decoded_body, decoded_header

_BOUNDARY = re.compile(rb'boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_NESTING = re.compile(rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_DASHED = re.compile(rb"^--(.*?)\r?$", re.MULTILINE)
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,100}:")
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,998})>")
_BODY_TYPES = ("text/plain", "text/html")


@dataclass(frozen=True, slots=True)
class MailCaps:
    """Limits on one message, looked at before it is parsed: 200,000 parts would take the parser seconds."""

    parts: int = 1_000
    dashed_lines: int = 20_000
    nested: int = 200
    header_bytes: int = 512 * 1024
    attachments: int = 100


def mail_record(data: bytes, caps: MailCaps) -> dict[str, Any]:
    """The fields of the message's post; quotes and signatures stay in `text`. Raises RejectedInput (`bad-mail`)."""
    _check(data, caps)
    try:
        # compat32: the newer policies parse every header by a grammar that is slow, and raises, on hostile ones
        return _record(email.message_from_bytes(data, policy=compat32), caps)
    except (MessageError, RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        raise RejectedInput("bad-mail", "the message is malformed beyond reading") from None


def _check(data: bytes, caps: MailCaps) -> None:
    if not _HEADER_LINE.match(data):
        raise RejectedInput("bad-mail", "the message does not start with mail headers")
    if len(data) > caps.header_bytes and not _HEADER_END.search(data, 0, caps.header_bytes):
        raise RejectedInput("bad-mail", f"the message's headers are larger than {caps.header_bytes} bytes")
    nested = sum(1 for _ in _NESTING.finditer(data))
    if nested > caps.nested:
        raise RejectedInput("bad-mail", f"the message holds more than {caps.nested} messages or groups of parts")
    boundaries = {quoted or bare for quoted, bare in _BOUNDARY.findall(data)}
    parts = 0
    for count, found in enumerate(_DASHED.finditer(data), 1):
        mark = found[1].rstrip()
        parts += mark in boundaries or mark.removesuffix(b"--") in boundaries
        if parts > caps.parts or (nested and count > caps.dashed_lines):
            raise RejectedInput("bad-mail", f"the message has more than {caps.parts} parts")


def _record(message: Message[str, str], caps: MailCaps) -> dict[str, Any]:
    bodies, attached = _contents(message)
    text, content_type, guessed = _text(bodies)
    references = _MESSAGE_ID.findall(_header(message, "References"))
    answered = _MESSAGE_ID.findall(_header(message, "In-Reply-To"))
    own = _MESSAGE_ID.findall(_header(message, "Message-ID"))
    in_reply_to = answered[0] if answered else references[-1] if references else None
    labels: dict[str, Any] = {"charset_guessed": True} if guessed else {}
    if len(attached) > caps.attachments:
        labels["attachments_in_all"] = len(attached)
    record: dict[str, Any] = {
        "id": own[0] if own else None,
        "text": text,
        "content_type": content_type,
        "title": _header(message, "Subject").strip() or None,
        "created_at": _date(_header(message, "Date")),
        "author": _author(message),
        "in_reply_to": in_reply_to,
        # the first message of a thread is its root, so that its answers meet it
        "thread_id": references[0] if references else in_reply_to or (own[0] if own else None),
        "attachments": [_attachment(part) for part in attached[: caps.attachments]],
        "labels": labels,
    }
    return {name: value for name, value in record.items() if value is not None}


def _contents(message: Message[str, str]) -> tuple[list[Message[str, str]], list[Message[str, str]]]:
    """The parts that are the message's words, and those that are attached, in order."""
    bodies: list[Message[str, str]] = []
    attached: list[Message[str, str]] = []
    waiting = [message]
    while waiting:
        part = waiting.pop()
        kind = part.get_content_type()
        if part.is_multipart() and kind.startswith("multipart/"):
            children = [child for child in part.get_payload() if isinstance(child, Message)]
            waiting.extend([_best(children)] if kind == "multipart/alternative" and children else reversed(children))
        elif kind in _BODY_TYPES and part.get_content_disposition() != "attachment" and not part.is_multipart():
            bodies.append(part)
        else:
            attached.append(part)
    return bodies, attached


def _best(children: list[Message[str, str]]) -> Message[str, str]:
    """Of several forms of the same words, the plain one; where that is blank, the richest, which comes last."""
    for child in children:
        payload = child.get_payload(decode=True) if child.get_content_type() == "text/plain" else None
        if isinstance(payload, bytes) and payload.strip():
            return child
    return children[-1]


def _text(bodies: list[Message[str, str]]) -> tuple[str, str, bool]:
    """(text, its content type, True where a charset had to be guessed). Plain parts beside HTML become HTML."""
    decoded = []
    for part in bodies:
        payload = part.get_payload(decode=True)
        text, was_guessed = decoded_body(payload if isinstance(payload, bytes) else b"", part.get_content_charset())
        # CRLF is how mail travels, not what its writer typed
        decoded.append((text.replace("\r\n", "\n"), was_guessed))
    guessed = any(was_guessed for _, was_guessed in decoded)
    kinds = [part.get_content_type() for part in bodies]
    if "text/html" not in kinds:
        return "\n\n".join(text for text, _ in decoded), "text/plain", guessed
    pieces = [
        text if kind == "text/html" else f"<pre>{html.escape(text)}</pre>"
        for (text, _), kind in zip(decoded, kinds, strict=True)
    ]
    return "\n".join(pieces), "text/html", guessed


def _header(message: Message[str, str], name: str) -> str:
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            return decoded_header(value)
    return ""


def _author(message: Message[str, str]) -> dict[str, str] | None:
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == "from"), "")
    # the address is taken from the header as it stands: an encoded name may hold what looks like one
    name, address = parseaddr(" ".join(raw[:2_000].split()))
    author = {"id": decoded_header(address).strip().lower(), "name": decoded_header(name).strip()}
    return {field: value for field, value in author.items() if value} or None


def _date(text: str) -> str | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _attachment(part: Message[str, str]) -> dict[str, Any]:
    payload = part.get_payload(decode=True)
    name = decoded_header(part.get_filename() or "")[:255]
    known: dict[str, Any] = {"content_type": part.get_content_type()}
    if name:
        known["name"] = name
    if isinstance(payload, bytes):
        known["size"] = len(payload)
    return known
