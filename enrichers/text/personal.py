"""Finds e-mail addresses, phone, card and account numbers, and puts marks such as `[EMAIL]` in their place.

Linear in the text's length; careful with dates, prices, order and product codes, handles and web addresses.
"""

from __future__ import annotations

import re
from typing import Final

from enrichers.text.numbers import find_accounts, find_numbers, masked
from enrichers.text.view import View, plain_view, shown_view
from schemas.enriched import RedactionKind

Found = tuple[int, int, RedactionKind]
"""Start, end (code points) and what stands there."""

MARK: Final = re.compile(r"\[(EMAIL|PHONE|CARD|ACCOUNT)\]")
_ROUNDS = 4  # a number that stood beside another one may only be told once that one is gone

# without one of these, nothing is personal
_SIGN = re.compile(r"[@\d&\uff20\ufe6b]+|[(\[{<]\s?(?:at|arroba|chiocciola|chez)\b", re.IGNORECASE)
_WINDOWED = 20_000
_AROUND = 1_000
_AT = re.compile(
    r"[\w.+%'*-]@(?=[\w-])|[\w+-]\s?[(\[{<]\s?(?:at|arroba|chiocciola|chez)\s?[)\]}>]\s?(?=\w)", re.IGNORECASE
)
_LOCAL = re.compile(r"[\w.+%'*-]{1,64}\Z")
_DOMAIN = re.compile(
    r"(?:[\w-]{1,63}(?:\.|\s?[(\[{]\s?(?:dot|punto|ponto|point|punkt)\s?[)\]}]\s?)){1,8}[^\W\d_]{2,24}(?![\w@])",
    re.IGNORECASE,
)
_SPACED = re.compile(
    r"[\w.+-]{1,64}\s?@\s?(?:gmail|hotmail|outlook|yahoo|icloud|live|gmx|protonmail|libero|orange|web)"
    r"\s?\.\s?(?:com|es|it|fr|de|net|me|co\.uk|com\.br|pt)\b",
    re.IGNORECASE,
)


def redact_text(text: str, *, markup: bool = False) -> tuple[str, list[Found]]:
    """The text with marks, and where they stand in it (also marks that stood there before).

    With `markup` the text is HTML: numbers that its tags cut through are found too. Redacting the result again
    changes nothing.
    """
    for _ in range(_ROUNDS):
        found = find_personal(text, markup=markup)
        if not found:
            break
        text = _replaced(text, found)
    return text, marks(text)


def marks(text: str) -> list[Found]:
    """Where marks stand in a text."""
    kinds: dict[str, RedactionKind] = {"EMAIL": "EMAIL", "PHONE": "PHONE", "CARD": "CARD", "ACCOUNT": "ACCOUNT"}
    return [(match.start(), match.end(), kinds[match[1]]) for match in MARK.finditer(text)]


def find_personal(text: str, *, markup: bool = False) -> list[Found]:
    """What is personal in a text, in order, without overlaps."""
    if len(text) <= _WINDOWED:
        return _find_in(text, markup=markup) if _SIGN.search(text) else []
    found: list[Found] = []
    for start, end in _windows(text):
        found += [(start + a, start + b, kind) for a, b, kind in _find_in(text[start:end], markup=markup)]
    return found


def _windows(text: str) -> list[tuple[int, int]]:
    """The stretches of a long text that hold anything to look at, with what stands around it."""
    windows: list[tuple[int, int]] = []
    for match in _SIGN.finditer(text):
        start, end = max(0, match.start() - _AROUND), min(len(text), match.end() + _AROUND)
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
    return windows


def _find_in(text: str, *, markup: bool) -> list[Found]:
    found: list[Found] = []
    for view in (plain_view(text), shown_view(text)) if markup and "<" in text else (plain_view(text),):
        found += [(*view.source(start, end), kind) for start, end, kind in _find(view)]
    found.sort(key=lambda item: (item[0], -item[1]))
    kept: list[Found] = []
    for item in found:
        if kept and item[0] < kept[-1][1]:
            start, end, kind = kept[-1]
            kept[-1] = (start, max(end, item[1]), kind)
        else:
            kept.append(item)
    return kept


def _find(view: View) -> list[Found]:
    """What is personal in one view of a text, in places of the view."""
    text = view.text
    emails = _find_emails(text)
    text = masked(text, emails, "@")
    accounts = find_accounts(text)
    return [*emails, *accounts, *find_numbers(text, accounts)]


def _find_emails(text: str) -> list[Found]:
    found: list[Found] = []
    reached = 0
    for match in _AT.finditer(text):
        if match.start() < reached:
            continue
        domain = _DOMAIN.match(text, match.end())
        if domain is None:
            continue
        end_of_local = match.start() + 1
        local = _LOCAL.search(text, max(reached, end_of_local - 64), end_of_local)
        start = local.start() if local else match.start()
        while start < end_of_local - 1 and text[start] in ".'*-":
            start += 1
        found.append((start, domain.end(), "EMAIL"))
        reached = domain.end()
    if "@" in text:
        # the provider's name first: a search from every letter for an "@" far away would be quadratic
        found += [
            (match.start(), match.end(), "EMAIL")
            for match in _SPACED.finditer(text)
            if not any(start < match.end() and match.start() < end for start, end, _ in found[:200])
        ]
    return sorted(found)


def _replaced(text: str, found: list[Found]) -> str:
    pieces: list[str] = []
    place = 0
    for start, end, kind in found:
        pieces += [text[place:start], f"[{kind}]"]
        place = end
    return "".join([*pieces, text[place:]])
