"""Groups of topics as people read them: a name by what most of their sentences speak of. Pure; no vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

UNGROUPED = "without a group"


def shown(topics: Sequence[Mapping[str, Any]], limit: int) -> list[dict[str, Any]]:
    """The `limit` largest groups of topic documents, each with `group`, `label`, `count` and its `topics`."""
    groups: dict[str | None, list[Mapping[str, Any]]] = {}
    for topic in topics:
        groups.setdefault(topic.get("group"), []).append(topic)
    usual = Counter(word for topic in topics for word in _words(topic))
    found = [
        {
            "group": key,
            "label": _label(own, usual) if key is not None else UNGROUPED,
            "count": sum(topic.get("count", 0) for topic in own),
            "topics": sorted(own, key=lambda topic: (-topic.get("count", 0), topic["id"])),
        }
        for key, own in groups.items()
    ]
    return sorted(found, key=lambda group: (-group["count"], group["group"] or ""))[:limit]


def _label(own: Sequence[Mapping[str, Any]], usual: Counter[str]) -> str:
    """Words that many topics of the group have and few others; each topic counts by its sentences."""
    inside = Counter(word for topic in own for word in _words(topic))
    weight: Counter[str] = Counter()
    for topic in own:
        for word in _words(topic):
            weight[word] += topic.get("count", 0) + 1
    best = sorted(weight, key=lambda word: (-weight[word] * inside[word] / usual[word], word))
    return ", ".join(best[:3])


def _words(topic: Mapping[str, Any]) -> set[str]:
    """Keywords, pairs of words as their words; the label's own where there are none."""
    terms = topic.get("keywords") or str(topic.get("label", "")).split(",")
    return {word for term in terms for word in term.lower().split()}
