"""Two topics into one, and back: what their records and sentences then say, and whose documents have to be told."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from enrichers.scoring.topic_model import TopicModel
from schemas.topics import Topic
from streams.learning.catalog import Catalog
from streams.learning.memory import SentenceMemory


def merge(catalog: Catalog, memory: SentenceMemory, topic: Topic, into: Topic, *, at: str, pinned: bool) -> set[str]:
    """Merges `topic` into `into`; its id stays as an alias. The posts that named it.

    `at`: RFC 3339; `pinned`: a person says so, and the model does not part them again.
    """
    at = max(at, topic.updated_at or "", into.updated_at or "")  # a document's version never goes back
    both = {topic.id, into.id}
    gone = replace(topic, status="merged", merged_into=into.id, pinned_merge=pinned, updated_at=at)
    catalog.put(replace(gone, apart=[key for key in topic.apart if key not in both]))
    whole = replace(into, count=into.count + topic.count, updated_at=at)
    catalog.put(replace(whole, apart=[key for key in into.apart if key not in both]))
    touched = [held.sentence for held in memory if topic.id in (held.topic, held.sentence.told)]
    for one in touched:
        now = into.id if one.topic == topic.id else one.topic
        memory.label(one.id, now, into.id if one.told == topic.id else one.told)
    return {one.identity for one in touched if one.told == topic.id}


def part(catalog: Catalog, memory: SentenceMemory, topic: Topic, whole: Topic, *, at: str) -> set[str]:
    """Undoes the merge that ended in `whole`: the old id means again what it meant, and the model keeps them apart.

    The posts in memory that speak of it again.
    """
    at = max(at, topic.updated_at or "", whole.updated_at or "")
    apart = sorted({*topic.apart, whole.id})
    catalog.put(replace(topic, status="active", merged_into=None, pinned_merge=False, apart=apart, updated_at=at))
    rest = replace(whole, count=max(whole.count - topic.count, 0), updated_at=at)
    catalog.put(replace(rest, apart=sorted({*whole.apart, topic.id})))
    held = [one for one in memory if one.topic == whole.id]
    if not held:
        return set()
    model = TopicModel.from_topics(catalog.all())
    if model.owners is None or topic.id not in model.ids:
        return set()  # nobody knows any more where it lies
    # the nearest decides, however far it is: these sentences belonged to one of them
    rows = (np.stack([one.vector for one in held]) @ model.centroids.T).argmax(1)
    mine = (model.owners[rows] == model.ids.index(topic.id)).tolist()
    own = [one.sentence for one, is_mine in zip(held, mine, strict=True) if is_mine]
    for one in own:
        memory.label(one.id, topic.id, topic.id if one.told == whole.id else one.told)
    return {one.identity for one in own if one.told == whole.id}
