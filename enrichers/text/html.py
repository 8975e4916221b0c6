"""HTML to plain text by selectolax: block elements are lines, what a reader does not see is left out."""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from enrichers.text.words import word_set

_DROPPED = word_set(
    "script style head template noscript iframe object embed svg canvas math select textarea audio video map "
    "input button meta link"
)
_BLOCKS = word_set(
    "address article aside blockquote body br center dd details dialog div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre section summary table tbody tfoot "
    "thead tr ul"
)
_PARAGRAPHS = word_set("p h1 h2 h3 h4 h5 h6 blockquote ul ol table pre")
_CELLS = frozenset(("td", "th"))
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_QUOTE = re.compile(r"gmail_quote|yahoo_quoted|moz-cite|protonmail_quote|zmail_extra", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BREAKING = re.compile(r"<\s*/?\s*(?:br|p|div|li|tr|h[1-6]|blockquote)\b[^<>]{0,2000}>", re.IGNORECASE)
_MAX_TAGS = 100_000
_MAX_OPEN = 2_000  # the parser is quadratic in depth


def html_to_text(markup: str, *, mark_quotes: bool = False) -> str:
    """The visible text of an HTML document or fragment, one line per block, entities decoded.

    With `mark_quotes`, what a mail program quotes (blockquotes, reply containers) gets "> " before each line.
    Markup with very many tags, or very many that are not closed, is not parsed: its tags are only cut out.
    """
    markup = markup.replace("\x00", "")
    tags, ends = markup.count("<"), markup.count("</")
    if tags > _MAX_TAGS or tags - 2 * ends > _MAX_OPEN:
        return html.unescape(_TAG.sub(" ", _BREAKING.sub("\n", markup)))
    root = LexborHTMLParser(markup).root
    return "" if root is None else _render(root, mark_quotes)


def _render(root: LexborNode, mark_quotes: bool) -> str:
    """Walks without recursion: hostile markup nests deeper than Python's stack."""
    writer = _Writer()
    stack: list[tuple[LexborNode | None, str]] = [(root, "")]
    while stack:
        node, closing = stack.pop()
        if node is None:
            writer.close(closing)
            continue
        tag = node.tag or ""
        if tag == "-text":
            writer.text(node.text_content or "")
            continue
        if tag in _DROPPED or tag.startswith(("-", "!")) or (tag not in ("html", "body") and _hidden(node)):
            continue
        quoted = mark_quotes and _quoting(node, tag)
        mode = "quote" if quoted else tag
        writer.open(mode)
        stack.append((None, mode))
        children = list(node.iter(include_text=True))
        stack.extend((child, "") for child in reversed(children))
    return writer.finish()


class _Writer:
    """Collects lines; knows how deep in quotes it stands."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.verbatim = 0

    def text(self, text: str) -> None:
        if self.verbatim:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self.line.append(first)
            for line in rest:
                self.end()
                self.line.append(line)
        else:
            self.line.append(_SPACE.sub(" ", text))

    def open(self, mode: str) -> None:
        if mode == "quote":
            self.end()
            self.quotes += 1
        elif mode == "br":
            self.end(always=True)
        elif mode in _BLOCKS:
            self.end()
            if mode == "li":
                self.line.append("- ")
            if mode == "pre":
                self.verbatim += 1

    def close(self, mode: str) -> None:
        if mode in _CELLS:
            self.line.append(" ")
        elif mode == "quote":
            self.end()
            self.quotes -= 1
            self.blank()
        elif mode in _BLOCKS and mode != "br":
            self.end()
            if mode in _PARAGRAPHS:
                self.blank()
            if mode == "pre":
                self.verbatim -= 1

    def end(self, *, always: bool = False) -> None:
        text = "".join(self.line).strip()
        self.line = []
        if text == "-":
            text = ""
        if text or always:
            self.lines.append("> " * min(self.quotes, 3) + text)

    def blank(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def finish(self) -> str:
        self.end()
        return "\n".join(self.lines).strip()


def _hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style") or ""))


def _quoting(node: LexborNode, tag: str) -> bool:
    if tag == "blockquote":
        return True
    attributes = node.attributes
    return tag == "div" and bool(_QUOTE.search(attributes.get("class") or ""))
