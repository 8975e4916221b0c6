"""mbox and .eml: the messages of a stream in bounded memory, one post each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from enrichers.text.mail import MailLimits
from schemas.errors import RejectedInput
from streams.files.base import Caps, Defaults, Item, Post, Reject, rejected
from streams.files.fields import Assembler
from streams.files.lines import BOM, lines_of, read_capped
from streams.files.mail import mail_record

_SEPARATOR = re.compile(rb"From \S.{0,300}\d{1,2}:\d{2}.{0,100}\r?\n?")
_ESCAPED = re.compile(rb">+From ")
_BLANK = (b"\n", b"\r\n")
_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Reads an mbox (RFC 4155): messages apart by `From ` lines. `single`: the stream is one message (.eml).

    `mapping` is header field, in any case, to field of a post.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    single: bool = False
    derive_ids: bool = True
    caps: Caps = field(default_factory=Caps)

    def __call__(self, stream: BinaryIO, defaults: Defaults) -> Iterator[Item]:
        defaults = replace(defaults, channel=defaults.channel or "email")
        assembler = Assembler(defaults, derive_ids=self.derive_ids)
        cap = self.caps.record_bytes
        limits = MailLimits(max_bytes=cap)
        for number, message, whole in _one(stream, cap) if self.single else _messages(stream, cap):
            if not whole:
                text = f"the message is larger than {self.caps.record_bytes} bytes; take its attachments out"
                yield Reject(number, "too-large", text, message)
                continue
            try:
                yield Post(assembler.post(mail_record(message, limits, self.mapping)), number)
            except RejectedInput as error:
                yield rejected(error, number, message)


def _one(stream: BinaryIO, cap: int) -> Iterator[tuple[int, bytes, bool]]:
    """The stream as one message; some mail programs save it with an mbox line before it."""
    data = read_capped(stream, cap)
    if data is None:
        yield 1, b"", False
        return
    data = data.removeprefix(BOM)
    number = 1
    if data.startswith(b"From "):
        number, data = 2, data.partition(b"\n")[2]
    yield number, data, True


def _messages(stream: BinaryIO, cap: int) -> Iterator[tuple[int, bytes, bool]]:
    """(line of its start, its bytes, False where it was too large and only its beginning is given)."""
    held: list[bytes] = []
    size, start, whole, blank_before = 0, 1, True, True
    for number, data, too_long in lines_of(stream, cap):
        if blank_before and data.startswith(b"From ") and (number == 1 or _SEPARATOR.fullmatch(data)):
            if message := b"".join(held).strip(b"\r\n"):
                yield start, message, whole
            held, size, start, whole, blank_before = [], 0, number, True, False
            continue
        blank_before = data in _BLANK
        size += len(data)
        if whole and (too_long or size > cap):
            whole, held = False, [b"".join(held)[:_KEPT]]
        if whole:
            held.append(data[1:] if data.startswith(b">") and _ESCAPED.match(data) else data)
    if message := b"".join(held).strip(b"\r\n"):
        yield start, message, whole
