"""In words: why a post's severity, sentiment, intents, topics, flags and cases are what they are. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from schemas.cases import Case
from schemas.enriched import EnrichedPost, Relevance, Sentiment
from streams.report.words import language_name, time_name

COUNTS = ("followers", "views", "shares", "likes")
RECURRENCE = {
    "author_recurrence": "the same person has complained before",
    "topic_recurrence": "others have lately complained about the same topic",
}


class Reason(Struct, frozen=True):
    """What one field is, in a few words, and why, in sentences."""

    field: str
    value: str
    why: list[str]


def explained(post: EnrichedPost, cases: Sequence[Case] = ()) -> list[Reason]:
    """One reason per field, the severity first. Nothing that the document does not hold is claimed."""
    reasons = [_severity(post), _sentiment(post), _intents(post), _topics(post), _language(post)]
    reasons.append(_flags(post))
    if post.relevance is not None:
        reasons.append(_relevance(post.relevance))
    if post.links:
        reasons.append(_links(post))
    reasons += [_case(case) for case in cases]
    if not cases:
        reasons.append(Reason("case", "none", [_no_case(post)]))
    if post.correction is not None:
        reasons.append(_correction(post))
    return reasons


def _severity(post: EnrichedPost) -> Reason:
    cost = post.severity
    if cost is None:
        return Reason("severity", "unknown", ["The words could not be scored, so what they can cost is not known."])
    if cost.negativity == 0:
        company = post.author is not None and post.author.role == "company"
        none = "It is the company's own post." if company else "The words are not negative, so the post costs nothing."
        return Reason("severity", f"{cost.score:.2f}", [none])
    why = [f"Severity is how negative the words are ({cost.negativity:.2f}) weighed by how far they reach."]
    told = [_counted(post, name, cost.factors[name]) for name in COUNTS if name in cost.factors]
    if told:
        why.append(f"They reach {cost.reach:.2f} of what a post can reach; the strongest counts: {'; '.join(told)}.")
    else:
        why.append(
            "The channel tells nothing of the audience: a complaint that nobody else sees still counts a little."
        )
    if complaint := cost.factors.get("complaint"):
        why.append(f"It complains ({complaint:.0%} sure), which adds to the negativity.")
    why += [
        f"Also, {words} ({cost.factors[name]:.2f})." for name, words in RECURRENCE.items() if cost.factors.get(name)
    ]
    return Reason("severity", f"{cost.score:.2f}", why)


def _counted(post: EnrichedPost, name: str, factor: float) -> str:
    count = (post.author.followers if post.author else None) if name == "followers" else getattr(post, name)
    said = f"{count:,} {name}" if count is not None else name
    return f"{said} ({factor:.2f} on a scale where each tenfold is one step)"


def _feeling(mood: Sentiment) -> str:
    return (
        f"{mood.label} ({mood.score:+.2f}, {mood.confidence or 0:.0%} sure)" if mood.score is not None else "unscored"
    )


def _sentiment(post: EnrichedPost) -> Reason:
    mood = post.sentiment
    if mood.status == "unscored":
        return Reason(
            "sentiment", "unscored", ["Nothing in the words could be judged; that is not the same as neutral."]
        )
    parts: dict[str, int] = {}
    for span in post.spans:
        if span.sentiment is not None and span.sentiment.label is not None:
            parts[span.sentiment.label] = parts.get(span.sentiment.label, 0) + 1
    why = []
    if sum(parts.values()) > 1:
        told = ", ".join(f"{count} {label}" for label, count in sorted(parts.items()))
        why.append(f"Of its sentences, {told}; longer and clearer ones count for more.")
    if post.rating is not None:
        rated = f"The channel's own rating is {post.rating.value:g} of {post.rating.best:g}"
        agrees = {True: ", which says the opposite of the words", False: ", which agrees", None: ""}
        why.append(f"{rated}{agrees[post.rating_disagrees]}; it is kept apart and did not decide.")
    return Reason("sentiment", _feeling(mood), why or ["From its words in their own language, and their English."])


def _intents(post: EnrichedPost) -> Reason:
    if not post.intents:
        return Reason("intents", "none", ["The post was not read for what it wants."])
    told = ", ".join(f"{intent.label} ({intent.confidence:.0%} sure)" for intent in post.intents)
    why = "A post may want several things; each has a probability of its own."
    if post.intents[0].label == "other":
        why = "It neither complains nor suggests, asks or praises clearly enough."
    return Reason("intents", told, [why])


def _topics(post: EnrichedPost) -> Reason:
    named = [topic for topic in post.topics if topic.id is not None]
    if not named:
        return Reason("topics", "emerging", ["It fits none of the known topics; a handful of alike posts makes one."])
    why = []
    for topic in named:
        near = f", {topic.similarity:.2f} near" if topic.similarity is not None else ""
        words = f", known by {', '.join(topic.keywords[:5])}" if topic.keywords else ""
        spans = f", in sentence {', '.join(str(place + 1) for place in topic.spans)}" if topic.spans else ""
        why.append(f"{topic.label or topic.id}{near}{spans}{words}.")
    return Reason("topics", ", ".join(topic.label or topic.id or "" for topic in named), why)


def _language(post: EnrichedPost) -> Reason:
    names = ", ".join(dict.fromkeys(language_name(code) for code in post.languages or [post.language or "und"]))
    translation = post.translation
    status = translation.status if translation else None
    why = {
        "identity": "It was written in English.",
        "translated": "All of it was translated.",
        "partial": "Some of it has no translation engine here; that part stands in its own words only.",
        "unsupported": "No engine here translates it: it was judged by its own words, where they say enough.",
        None: "It holds no words.",
    }[status]
    known = translation.confidence if translation else None
    sure = [f"The engine knew {known:.0%} of the words."] if known is not None and status != "identity" else []
    return Reason("language", names, [why, *sure])


def _flags(post: EnrichedPost) -> Reason:
    flags = post.authenticity.flags
    if not flags:
        return Reason("flags", "none", ["Nothing raises a doubt about its authenticity."])
    why = [f"{flag.name}: {flag.evidence}." for flag in flags]
    return Reason("flags", ", ".join(flag.name for flag in flags), [*why, "A doubt never hides or lowers a post."])


def _relevance(judged: Relevance) -> Reason:
    value = "relevant" if judged.relevant else judged.kind or "not relevant"
    why = [f"{one[:1].upper()}{one[1:]}." for one in judged.evidence]
    stays = [] if judged.relevant else ["It does not count in alerts; it stays stored, searched and scored."]
    return Reason("relevance", value, [*why, *stays])


def _links(post: EnrichedPost) -> Reason:
    why = [f"{link.identity[:12]}, {link.confidence:.0%} sure: {'; '.join(link.evidence)}." for link in post.links]
    more = "1 more post" if len(why) == 1 else f"{len(why)} more posts"
    return Reason("links", f"told in {more}", why)


def _case(case: Case) -> Reason:
    last = next((event for event in reversed(case.history) if event.refused is None and event.state is not None), None)
    opened = {
        "complaint": "It was opened because the post is negative and complains.",
        "suggestion": "It was opened because the post suggests something.",
        "praise": "It was opened because the praise is worth an answer: it asks, reaches far, or is long.",
    }[case.queue]
    why = [opened]
    if last is not None and last.action != "open":
        who = f" by {last.actor}" if last.actor else " by a post" if last.identity else ""
        note = f" ({last.note})" if last.note else ""
        why.append(f"It is {case.state} since {time_name(last.at)}: {last.action}{who}{note}.")
    return Reason("case", f"{case.id}: {case.queue}, {case.state}", why)


def _no_case(post: EnrichedPost) -> str:
    if post.author is not None and post.author.role == "company":
        return "The company's own posts open none."
    return "It neither complains in negative words nor suggests anything, and is no praise that is worth an answer."


def _correction(post: EnrichedPost) -> Reason:
    note = post.correction
    if note is None:
        raise ValueError("the post has no correction")
    before = [
        f"The models said of {name}: {_plain(value)}." for name, value in note.model.items() if name != "severity"
    ]
    said = f"{note.actor} corrected {', '.join(note.fields)} on {time_name(note.at)}; a person's word wins."
    return Reason("correction", ", ".join(note.fields), [said, *before, *([note.note] if note.note else [])])


def _plain(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return str(next((value[name] for name in ("label", "id", "status", "kind") if value.get(name)), "relevant"))
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value) or "none"
    return str(value)
