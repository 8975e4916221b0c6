"""What other stages are told of an enriched post: `alert`, `case` and `link` a signal, `learn` a lesson. Pure."""

from __future__ import annotations

from enrichers.base import Draft
from schemas.enriched import EnrichedPost, Span
from schemas.identity import parse_time, to_millis
from schemas.signals import Lesson, LessonSpan, Signal
from schemas.vectors import encode_vector

EXCERPT = 500
"""Characters of clean text, and of its translation, that a signal carries."""
NAME = 200
"""Characters of a brand, product or place that a signal carries: it keys what is counted. The post keeps them all."""


def event_millis(post: EnrichedPost) -> int:
    """The post's event time in milliseconds."""
    moment = parse_time(post.event_time)
    return to_millis(moment) if moment else post.version


def signal_of(draft: Draft) -> Signal:
    """What `alert` and `case` need of a post."""
    post = draft.post
    author = post.author
    severity = post.severity
    translation = post.translation.text if post.translation and post.translation.status != "identity" else None
    return Signal(
        identity=post.identity,
        version=post.version,
        brand=(post.brand or post.source)[:NAME],
        event_time=event_millis(post),
        channel=post.channel,
        source=post.source,
        post_id=post.id,
        sentiment=post.sentiment.label,
        negativity=severity.negativity if severity else 0.0,
        severity=severity.score if severity else 0.0,
        reach=severity.reach if severity else 0.0,
        intents=[intent.label for intent in post.intents],
        relevant=post.relevance is None or post.relevance.relevant,
        language=post.language or "und",
        product=post.product and post.product[:NAME],
        place=post.place and post.place[:NAME],
        topics=[(topic.id, topic.label or topic.id) for topic in post.topics if topic.id is not None],
        author=(author.handle or author.id) if author else None,
        customer_id=author.customer_id if author else None,
        role=author.role if author else None,
        in_reply_to=post.in_reply_to,
        thread_id=post.thread_id,
        automatic=any(post.labels.get(name) is True for name in ("auto_reply", "automatic")),
        excerpt=post.clean_text[:EXCERPT],
        translation=translation[:EXCERPT] if translation else None,
        vector=encode_vector(draft.vector) if draft.vector is not None else None,
    )


def lesson_of(draft: Draft) -> Lesson | None:
    """What `learn` needs of a post; None where it has no vectors, or comes from the company itself."""
    post = draft.post
    if draft.vectors is None or (post.author is not None and post.author.role == "company"):
        return None
    spans = []
    said = {place: topic.id for topic in post.topics for place in topic.spans}
    for place, (span, vector) in enumerate(zip(post.spans, draft.vectors, strict=True)):
        text = _english(post, span)
        if text is not None and len(text.split()) > 2 and vector.any():
            spans.append(
                LessonSpan(vector=encode_vector(vector), text=text[:EXCERPT], place=place, topic=said.get(place))
            )
    if not spans:
        return None
    return Lesson(identity=post.identity, version=post.version, event_time=event_millis(post), spans=spans)


def _english(post: EnrichedPost, span: Span) -> str | None:
    """A span's English: its own words, or its translation; None where there is neither."""
    if span.translation is None:
        return None
    if span.translation.status == "identity":
        return post.clean_text[span.start : span.end]
    return span.translation.text
