"""What a post's document says of its topics, from its sentences in memory. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.enriched import TopicRef
from schemas.topics import Sentence
from streams.learning.catalog import Catalog


def references(sentences: Sequence[Sentence], topics: Catalog) -> list[TopicRef]:
    """The topics of one post's sentences, the one with most text first, what is emerging last."""
    groups: dict[str | None, list[Sentence]] = {}
    for one in sentences:
        groups.setdefault(one.told, []).append(one)
    references = []
    for key in sorted(groups, key=lambda name: (name is None, -sum(len(one.text) for one in groups[name]), name or "")):
        spans = [one.place for one in groups[key]]
        if key is None:
            references.append(TopicRef(status="emerging", spans=spans))
            continue
        topic = topics[key]
        references.append(TopicRef(status="assigned", id=key, label=topic.label, keywords=topic.keywords, spans=spans))
    return references
