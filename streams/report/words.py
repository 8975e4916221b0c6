"""Small decisions on wording that the terminal and the page share. Times are UTC."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from schemas.identity import parse_time
from streams.report.model import Feelings, Summary, TopicLine

REPLACED = "\N{REPLACEMENT CHARACTER}"
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of what follows them (Unicode Standard Annex 9)."""

LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "gl": "Galician", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian",
    "nb": "Norwegian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese", "und": "not told",
}  # fmt: skip


def language_name(code: str) -> str:
    """The English name of a language, or its code where it is none of ours."""
    return LANGUAGES.get(code, code)


def day_name(day: date, *, year: bool = False) -> str:
    """Such as `24 Mar` or `24 Mar 2026`."""
    return f"{day.day} {day:%b %Y}" if year else f"{day.day} {day:%b}"


def time_name(text: str) -> str:
    """Such as `24 Mar 2026, 07:12`; the text itself where it is no time."""
    moment = parse_time(text)
    return text if moment is None else f"{day_name(moment.date(), year=True)}, {moment:%H:%M}"


def period(summary: Summary) -> str:
    """First to last day of the posts."""
    days = [moment.date() for text in (summary.first, summary.last) if (moment := parse_time(text)) is not None]
    if not days:
        return "no posts"
    first, last = days[0], days[-1]
    if first == last:
        return day_name(first, year=True)
    return f"{day_name(first, year=first.year != last.year)} to {day_name(last, year=True)}"


def percent(part: float, whole: float) -> str:
    """A whole percentage; `–` of nothing; never 0 % or 100 % where it is not exactly that."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 1:
        return "<1 %"
    if 99 < share < 100:
        return ">99 %"
    return f"{share:.0f} %"


def negative_share(feelings: Feelings) -> str:
    """Negatives among the posts that could be scored."""
    return percent(feelings.negative, feelings.scored)


def trend(topic: TopicLine) -> str:
    """The last 7 days against the 7 before, in words."""
    now, before = topic.last_week, topic.week_before
    if now == before:
        return "steady" if now else "quiet"
    if now == topic.posts:
        return f"new ({now})"
    return f"{'up' if now > before else 'down'} ({before} to {now})"


def visible(text: str) -> str:
    """The text with control characters and lone surrogates made visible; everything else stays as it is."""
    return "".join(REPLACED if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" else c for c in text)


def one_line(text: str | None, width: int) -> str:
    """One line of at most `width` characters for a terminal, where nothing can turn the direction of the rest."""
    line = visible(_TURNING.sub(REPLACED, " ".join((text or "").split())))
    return line if len(line) <= width else line[: width - 1] + "…"
