"""A stored post as a `Voice`: its words shortened for show, its address only where a browser may follow it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from schemas.enriched import EnrichedPost
from streams.report.model import Voice

EXCERPT = 700
"""Characters of a text that a summary keeps; the store has all of it."""
NAME = 120
_CODE = re.compile(r"[a-z]{2,3}")
_MAX_URL = 2000


def voice_of(post: EnrichedPost) -> Voice:
    """What a reader needs of a post."""
    words = post.clean_text or post.text
    author = post.author
    translation = post.translation
    return Voice(
        identity=post.identity,
        at=post.event_time,
        channel=name(post.channel),
        source=name(post.source),
        language=language_of(post),
        text=excerpt(words),
        cut=len(words) > EXCERPT,
        title=name(post.title) if post.title else None,
        translation=excerpt(translation.text) if translation and translation.text else None,
        translation_status=translation.status if translation else None,
        author=name(author.handle or author.name or "") or None if author else None,
        followers=author.followers if author else None,
        brand=name(post.brand) if post.brand else None,
        product=name(post.product) if post.product else None,
        place=name(post.place) if post.place else None,
        url=followable(post.url),
        sentiment=post.sentiment.label or post.sentiment.status,
        severity=post.severity.score if post.severity else None,
        topics=tuple(name(one.label or one.id or "") for one in post.topics if one.status == "assigned")[:4],
    )


def language_of(post: EnrichedPost) -> str:
    """The dominant language's code, or `und`."""
    code = post.language or "und"
    return code if _CODE.fullmatch(code) else "und"


def excerpt(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def name(text: str) -> str:
    """The beginning of a name, on one line."""
    line = " ".join(text[: 4 * NAME].split())
    return line if len(line) <= NAME else line[: NAME - 1] + "…"


def followable(url: str | None) -> str | None:
    """The address if it is http or https and parses; None for `javascript:` and every other scheme."""
    if not url or len(url) > _MAX_URL or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None
