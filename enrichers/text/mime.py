"""The parts of a MIME mail: which of them are what the author wrote, which are attachments."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from enrichers.text.html import html_to_text
from schemas.errors import RejectedInput
from schemas.raw import Attachment


@dataclass(slots=True)
class Body:
    """What reading the parts collects: text in order, the first HTML, the attachments."""

    texts: list[str] = field(default_factory=list)
    html: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    forwarded: list[Message] = field(default_factory=list)

    @property
    def plain(self) -> str | None:
        texts = [text for text in self.texts if text.strip()]
        return "\n\n".join(texts) if texts else None


_CHARSETS = {"unknown-8bit": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "utf8mb4": "utf-8", "cp-1252": "cp1252"}
_BREAK = re.compile(r"\r\n?")


def read_body(message: Message, max_parts: int, max_depth: int, *, prefer_utf8: bool) -> Body:
    """Walks the parts in order, without recursion; raises RejectedInput where there are too many or too deep."""
    body = Body()
    stack: list[tuple[Message, int]] = [(message, 0)]
    seen = 0
    while stack or (body.forwarded and body.plain is None):
        # a mail without words of its own speaks through the one that it forwards
        part, depth = stack.pop() if stack else (body.forwarded.pop(0), max_depth // 2)
        seen += 1
        if seen > max_parts:
            raise RejectedInput("too-large", f"the mail holds more than {max_parts} parts")
        if depth > max_depth:
            raise RejectedInput("too-deep", f"the mail's parts are nested more than {max_depth} levels deep")
        kind = part.get_content_type()
        children: Any = part.get_payload()
        if kind == "message/rfc822" and isinstance(children, list):
            body.forwarded += children[:1]
        if kind == "message/rfc822" or not isinstance(children, list):
            _leaf(part, kind, body, prefer_utf8=prefer_utf8)
        elif kind == "multipart/alternative":
            stack += [(child, depth + 1) for child in reversed(_chosen(children, body, prefer_utf8=prefer_utf8))]
        else:
            stack += [(child, depth + 1) for child in reversed(children)]
    return body


def _chosen(children: list[Message], body: Body, *, prefer_utf8: bool) -> list[Message]:
    """Of several forms of one text, the plain one if it says anything, else the last (the richest)."""
    for child in children:
        if child.get_content_type() == "text/html" and body.html is None:
            body.html = _decoded(child, prefer_utf8=prefer_utf8)
    plain = [child for child in children if child.get_content_type() == "text/plain"]
    others = [child for child in children if child.get_content_type() not in ("text/plain", "text/html")]
    html = [child for child in children if child.get_content_type() == "text/html"]
    if plain and _decoded(plain[0], prefer_utf8=prefer_utf8).strip():
        return [plain[0], *(child for child in others if not child.is_multipart())]
    return html[-1:] if html else others[-1:] or plain[:1]


def _leaf(part: Message, kind: str, body: Body, *, prefer_utf8: bool) -> None:
    name = part.get_filename()
    attached = part.get_content_disposition() == "attachment" or bool(name)
    if kind not in ("text/plain", "text/html") or attached:
        body.attachments.append(Attachment(name=_short(name), content_type=_short(kind), size=_size(part)))
        return
    text = _decoded(part, prefer_utf8=prefer_utf8)
    if kind == "text/html":
        if body.html is None:
            body.html = text
        body.texts.append(html_to_text(text, mark_quotes=True))
    else:
        flowed = str(part.get_param("format") or "").lower() == "flowed"
        delsp = str(part.get_param("delsp") or "").lower() == "yes"
        body.texts.append(_unflow(text, delsp=delsp) if flowed else text)


def _decoded(part: Message, *, prefer_utf8: bool) -> str:
    """The part's text, its line ends as \\n; a wrong or unknown charset costs characters, never the text."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    encoded = str(part.get("content-transfer-encoding") or "").strip().lower() in ("base64", "quoted-printable")
    declared = part.get_content_charset()
    declared = _CHARSETS.get(declared or "", declared or "utf-8")
    order = [declared, "utf-8"] if encoded or not prefer_utf8 else ["utf-8", declared]
    for charset in order:
        try:
            return _BREAK.sub("\n", data.decode(charset))
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return _BREAK.sub("\n", data.decode("cp1252", "replace"))


def _unflow(text: str, *, delsp: bool) -> str:
    """Lines of `format=flowed` joined again (RFC 3676): a trailing space says that the line goes on."""
    out: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        rest = line[depth:]
        rest = rest[1:] if rest.startswith(" ") else rest
        flows = rest.endswith(" ") and rest != "-- "
        if open_depth == depth and out and rest != "-- ":
            out[-1] += rest[:-1] if flows and delsp else rest
        else:
            prefix = ">" * depth + (" " if depth else "")
            out.append(prefix + (rest[:-1] if flows and delsp else rest))
        open_depth = depth if flows else None
    return "\n".join(out)


def _size(part: Message) -> int | None:
    """Bytes once decoded, without decoding."""
    payload: Any = part.get_payload()
    if not isinstance(payload, str):
        return None
    if str(part.get("content-transfer-encoding") or "").strip().lower() == "base64":
        letters = len(payload) - sum(payload.count(space) for space in "\r\n ")
        return letters * 3 // 4 - payload[-6:].count("=")
    return len(payload)


def _short(text: str | None) -> str | None:
    return "".join(character for character in text[:255] if character.isprintable()) if text else None
