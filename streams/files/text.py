"""Plain text: the whole file is one post, or each line is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from schemas.errors import RejectedInput
from streams.files.base import EXCERPT, Caps, Defaults, Item, Post, Reject, rejected
from streams.files.fields import Assembler
from streams.files.lines import BOM, lines_of, read_capped


@dataclass(frozen=True, slots=True)
class PlainText:
    """Reads text in UTF-8. A file or line without words is passed over; the text is kept as it stands."""

    each_line: bool = False
    derive_ids: bool = True
    caps: Caps = field(default_factory=Caps)

    def __call__(self, stream: BinaryIO, defaults: Defaults) -> Iterator[Item]:
        assembler = Assembler(defaults, derive_ids=self.derive_ids)
        for number, data in self._records(stream):
            if data is None:
                yield Reject(number, "too-large", f"the text is larger than {self.caps.record_bytes} bytes; split it")
            elif data.strip():
                yield self._post(assembler, number, data)

    def _records(self, stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
        if self.each_line:
            for line in lines_of(stream, self.caps.record_bytes):
                yield line.number, None if line.too_long else line.data.rstrip(b"\r\n")
        else:
            data = read_capped(stream, self.caps.record_bytes)
            yield 1, None if data is None else data.removeprefix(BOM)

    @staticmethod
    def _post(assembler: Assembler, number: int, data: bytes) -> Item:
        try:
            return Post(assembler.post({"text": decoded(data)}), number)
        except RejectedInput as error:
            return rejected(error, number, data[:EXCERPT])


def decoded(data: bytes) -> str:
    """UTF-8 text; raises RejectedInput for another encoding and for binary data."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RejectedInput("not-utf8", "the text is in UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RejectedInput(
            "not-utf8", f"the text is not valid UTF-8 (line {line} of it, byte {error.start}); save it as UTF-8"
        ) from None
    if "\0" in text:
        raise RejectedInput("bad-value", "the text holds a NUL character: it looks like binary data")
    return text
