"""Characters that people did not mean: control and zero-width characters, escapes, mojibake, odd white space."""

from __future__ import annotations

import html
import re
import unicodedata

import ftfy

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?")
_ESCAPED_BREAKS = re.compile(r"(?:\\[nrt]){2,}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d{0,2});")
_TERMINAL = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_JOINER = re.compile("[\u200c\u200d]")
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,20}\U000e007f)|[\U000e0000-\U000e0fff]")
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_BREAK = re.compile(r" ?\n ?")
_MANY_BREAKS = re.compile(r"\n{3,}")
_C1 = re.compile("[\x80-\x9f]")

_MOJIBAKE = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    remove_control_chars=False,
    normalization=None,
    explain=False,
)
_LONGEST_LINE = 20_000  # ftfy tries several decodings: longer lines are not prose, and would cost seconds


def tidy(text: str) -> str:
    """Text in NFC without control, zero-width and bidi characters, mojibake or visible escapes.

    Spaces become single, lines are stripped, and paragraphs stay apart by one empty line.
    """
    if "\\" in text:
        text = _ESCAPED_BREAKS.sub("\n", _ESCAPE.sub(_unescape, text))
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    if not text.isascii():
        text = _fix_mojibake(text)
    text = _BREAKS.sub("\n", _TERMINAL.sub("", text))
    text = _CONTROL.sub("", text)
    if not text.isascii():
        text = _TAGS.sub(lambda match: match[1] or "", text)
        text = _JOINER.sub(_joiner, text)
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
    text = _AROUND_BREAK.sub("\n", _SPACES.sub(" ", text))
    return _MANY_BREAKS.sub("\n\n", text).strip()


def _unescape(match: re.Match[str]) -> str:
    """A visible `\\uXXXX` as its character: text that was JSON-escaped once too often."""
    code, low = int(match[1], 16), match[2]
    if 0xD800 <= code < 0xDC00 and low:
        return chr(0x10000 + ((code - 0xD800) << 10) + (int(low, 16) - 0xDC00))
    return match[0] if 0xD800 <= code < 0xE000 else chr(code) + (f"\\u{low}" if low else "")


def _fix_mojibake(text: str) -> str:
    """Repairs lines that ftfy finds clearly broken; every other line stays as it is."""
    if not (ftfy.badness.is_bad(text) or _C1.search(text)):
        return text
    lines = text.split("\n")
    return "\n".join(
        ftfy.fix_text(line, _MOJIBAKE) if len(line) <= _LONGEST_LINE and _broken(line) else line for line in lines
    )


def _broken(line: str) -> bool:
    return ftfy.badness.is_bad(line) or _C1.search(line) is not None


def _joiner(match: re.Match[str]) -> str:
    """Keeps a zero-width (non-)joiner inside an emoji sequence or a script that writes with it."""
    text, place = match.string, match.start()
    before = text[place - 1] if place else ""
    after = text[place + 1] if place + 1 < len(text) else ""
    if not before or not after:
        return ""
    if match[0] == "\u200d" and _pictograph(before) and _pictograph(after):
        return match[0]
    return match[0] if _needs_joiners(before) and _needs_joiners(after) else ""


def _pictograph(character: str) -> bool:
    code = ord(character)
    return code >= 0x1F000 or 0x2190 <= code <= 0x2BFF or code in (0xFE0F, 0x20E3)


def _needs_joiners(character: str) -> bool:
    """Arabic, Syriac, N'Ko, the Indic scripts, Myanmar, Khmer, Mongolian."""
    code = ord(character)
    return 0x0600 <= code <= 0x109F or 0x1780 <= code <= 0x18AF or 0xA840 <= code <= 0xABFF
