"""Bytes of mail to text: declared charsets where they hold, a marked guess where they do not."""

from __future__ import annotations

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header

_HEADER_CHARACTERS = 10_000
_SURROGATE = re.compile("[\ud800-\udfff]")
# quadratic, or no charset of text: a mail that names one of them is not believed
_REFUSED = {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"}


def decoded_body(data: bytes, charset: str | None) -> tuple[str, bool]:
    """(text, True where the charset was guessed): the declared one, else UTF-8, else Windows-1252."""
    codec = _codec(charset)
    if codec is not None:
        try:
            return _clean(data.decode(codec)), False
        except UnicodeError:
            pass
    try:
        return _clean(data.decode("utf-8")), charset is not None and not data.isascii()
    except UnicodeDecodeError:
        return _clean(data.decode("cp1252", "replace")), True


def decoded_header(raw: object) -> str:
    """A header's value as one line of text: RFC 2047 words decoded, raw 8-bit bytes as UTF-8 or Windows-1252."""
    text = " ".join(str(raw)[:_HEADER_CHARACTERS].split())
    if _SURROGATE.search(text):
        text, _ = decoded_body(text.encode("utf-8", "surrogateescape"), None) if _escaped_only(text) else (text, True)
    try:
        pieces = decode_header(text)
    except HeaderParseError:
        return _clean(text)
    return _clean("".join(_piece(piece, charset) for piece, charset in pieces))


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    # decode_header gives the words between encoded ones in this form
    return piece.decode("raw_unicode_escape", "replace") if charset is None else decoded_body(piece, charset)[0]


def _codec(charset: str | None) -> str | None:
    if not charset:
        return None
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    return None if name.replace("-", "_") in _REFUSED or not codecs.lookup(charset)._is_text_encoding else name


def _escaped_only(text: str) -> bool:
    """True where every surrogate stands for a raw byte."""
    return all("\udc80" <= found <= "\udcff" for found in _SURROGATE.findall(text))


def _clean(text: str) -> str:
    """Without lone surrogates, which JSON cannot carry; each becomes U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)
