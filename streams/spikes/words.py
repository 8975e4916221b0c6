"""Which words tell the posts of an alert from the brand's earlier complaints, before they have a topic of their own.

Class-based TF-IDF (`streams.learning.keywords`) over English words and the labels of topics, counted in posts. What
came within a day is no baseline yet, so that a rise does not explain itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

import msgspec
from msgspec import Struct

from schemas.signals import Signal
from streams.learning.keywords import document_frequencies, keywords, names_in, terms_of

RECENT = 150
"""Complaints that are remembered one by one."""
TERMS = 20
"""Of one complaint."""
LABELS = 5
"""Of one complaint, and of an alert."""
KNOWN = 1_500
"""Terms of the baseline: then all counts are halved, and what came once is forgotten."""
LEAST_KNOWN = 20.0
"""Complaints that the baseline needs before a word can be called unusual."""
LEAST_POSTS = 3
LEAST_SHARE = 0.1
"""Of an alert's posts, and at least two: one post of something else says nothing of the alert."""
LIFT = 2.0
"""A word stands in so many times its usual share of the posts."""


class Heard(Struct, kw_only=True, omit_defaults=True):
    """What a brand's complaints say. `terms` holds the fading number of posts with each; `recent` is not in it yet."""

    posts: float = 0.0
    terms: dict[str, float] = msgspec.field(default_factory=dict)
    recent: dict[int, tuple[int, list[str], list[str]]] = msgspec.field(default_factory=dict)
    """Bucket, terms and labels of topics by 32 bits of the identity, in order of arrival."""


def hear(heard: Heard, member: int, bucket: int, signal: Signal, *, day: int) -> None:
    """Takes in a complaint; those that are over a `day` (buckets) older, or too many, become the baseline."""
    heard.recent[member] = (bucket, said(signal), [label for _, label in signal.topics[:LABELS]])
    oldest = next(iter(heard.recent))
    while len(heard.recent) > RECENT or heard.recent[oldest][0] <= bucket - day:
        _, terms, _ = heard.recent.pop(oldest)
        heard.posts += 1.0
        for term in terms:
            heard.terms[term] = heard.terms.get(term, 0.0) + 1.0
        oldest = next(iter(heard.recent), member)
    if len(heard.terms) > KNOWN:
        heard.posts /= 2.0
        halved = ((term, count / 2.0) for term, count in heard.terms.items())
        heard.terms = dict(islice(((term, count) for term, count in halved if count > 0.5), KNOWN // 2))


def unhear(heard: Heard, member: int) -> bool:
    """Forgets a complaint that is remembered by itself, True where it was; once in the baseline it is but a number."""
    return heard.recent.pop(member, None) is not None


def said(signal: Signal) -> list[str]:
    """Terms of a complaint's English, names left out, and of its topics' labels."""
    text = signal.translation or (signal.excerpt if signal.language == "en" else "")
    names = names_in((text, text))  # twice: one capital is enough here
    own = (term for term in sorted(terms_of(text)) if names.isdisjoint(term.split()))
    labels = (word for _, label in signal.topics for word in label.lower().replace(",", " ").split())
    return list(islice(dict.fromkeys((*labels, *own)), TERMS))


def standing_out(heard: Heard, members: Iterable[int]) -> list[str]:
    """Up to five terms of these posts, the most telling first; none while too little is known of other times."""
    inside = [set(heard.recent[member][1]) for member in members if member in heard.recent]
    if heard.posts < LEAST_KNOWN or len(inside) < LEAST_POSTS:
        return []
    counts = document_frequencies(inside)
    everywhere = Counter({term: round(heard.terms.get(term, 0.0)) + count for term, count in counts.items()})
    usual = {term: (heard.terms.get(term, 0.0) + 0.5) / (heard.posts + 1.0) for term in counts}
    telling = {t for t, n in counts.items() if n >= LEAST_POSTS and n >= LIFT * usual[t] * len(inside)}
    return keywords([terms & telling for terms in inside], everywhere, round(heard.posts) + len(inside))


def shared_topics(heard: Heard, members: Iterable[int]) -> list[str]:
    """Labels of the topics that several of these posts have, the most frequent first."""
    inside = [heard.recent[member][2] for member in members if member in heard.recent]
    counts = document_frequencies(inside)
    held = [label for label, n in counts.items() if n >= max(2.0, LEAST_SHARE * len(inside))]
    return sorted(held, key=lambda label: (-counts[label], label))[:LABELS]
