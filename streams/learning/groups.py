"""Groups of kindred topics, for when there are many: communities of their centroids, with ids that stay. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from schemas.vectors import Vector, decode_vector
from streams.learning.catalog import Catalog
from streams.learning.graph import communities, neighbour_graph

FEWEST = 12
"""With fewer topics a list is all that one needs."""
AGAIN = 1.5
"""All are grouped anew when there are so many times more topics than at the last time."""
_NEIGHBOURS = 5
_RESOLUTION = 1.2


def keep_grouped(catalog: Catalog, grouped: int) -> int:
    """Gives every active topic a group, once there are many.

    All are grouped anew only where their number has grown much since that was last done with `grouped` topics (0:
    never); else what is new joins the group of its nearest. How many there were when all were last grouped.
    """
    active = [topic for topic in catalog.active() if topic.centroid]
    anew = len(active) >= max(FEWEST, AGAIN * grouped)
    new = active if anew else [topic for topic in active if topic.group is None]
    if not new or not (anew or grouped):
        return grouped
    rows = {topic.id: decode_vector(topic.centroid) for topic in active}
    if anew:
        names = grouped_anew(list(rows), np.stack(list(rows.values())), [topic.group for topic in active])
    else:
        known = [topic for topic in active if topic.group is not None]
        if not known:
            return grouped
        names = nearest_group(
            np.stack([rows[topic.id] for topic in known]),
            [topic.group or "" for topic in known],
            np.stack([rows[topic.id] for topic in new]),
        )
    for topic, name in zip(new, names, strict=True):
        catalog.put(replace(topic, group=name))
    return len(active) if anew else grouped


def grouped_anew(ids: Sequence[str], rows: Vector, before: Sequence[str | None]) -> list[str]:
    """The group of each topic. `rows` (n, d): centroids; a group keeps the id that most of its topics had before."""
    centred = rows - rows.mean(0)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    community = communities(neighbour_graph(centred / np.maximum(norms, 1e-9), _NEIGHBOURS), _RESOLUTION)
    members = [np.flatnonzero(community == number).tolist() for number in range(int(community.max(initial=-1)) + 1)]
    claims = Counter((old, number) for number, own in enumerate(members) for i in own if (old := before[i]) is not None)
    names: dict[int, str] = {}
    for old, number in sorted(claims, key=lambda one: (-claims[one], one)):
        if number not in names and old not in names.values():
            names[number] = old
    taken = {old for old in before if old is not None}
    found = [""] * len(ids)
    for number, own in enumerate(members):
        name = names.get(number) or _new_name(sorted(ids[i] for i in own), taken)
        taken.add(name)
        for i in own:
            found[i] = name
    return found


def nearest_group(rows: Vector, groups: Sequence[str], new: Vector) -> list[str]:
    """For topics that came since: the group of the nearest topic that has one."""
    return [groups[int(place)] for place in (new @ rows.T).argmax(1)]


def _new_name(ids: Sequence[str], taken: set[str]) -> str:
    """An id that no group has had."""
    for one in ids:
        if (name := f"g-{hashlib.sha256(one.encode()).hexdigest()[:12]}") not in taken:
            return name
    return f"g-{hashlib.sha256(':'.join(ids).encode()).hexdigest()[:12]}"
