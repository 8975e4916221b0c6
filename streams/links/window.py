"""A brand's newest posts, and what finds the near ones among them in bounded time."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from sys import intern
from typing import Any, Final

import numpy as np

from streams.links.copies import bands
from streams.links.telling import Telling

SIZE: Final = 20_000
"""Posts of a brand that are remembered; the oldest by arrival goes first."""
NEAREST: Final = 16
"""Posts that a vector, a person, a number or a band leads to, each."""
PER_TOPIC: Final = 1_000
EXACT: Final = 1_000
"""Posts up to which every vector is looked at: an index takes 16 MB at least, and most brands are small."""
_LONG_NUMBER = 4


@dataclass(slots=True)
class _Place:
    telling: Telling
    key: int


class Window:
    """The tellings of one brand by identity, in order of arrival.

    Vectors are found by an HNSW index of signed bytes (usearch); people, long numbers and copied texts by tables
    whose rows hold the newest few.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._places: OrderedDict[str, _Place] = OrderedDict()
        self._by_key: dict[int, str] = {}
        self._next = 0
        self._vectors: dict[int, bytes] = {}
        self._index: Any = None
        self._rows: dict[object, list[str]] = {}
        self._bands: dict[int, int | list[int]] = {}
        self._frequency: Counter[str] = Counter()
        self._topics: dict[str, dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Telling]:
        return (place.telling for place in self._places.values())

    def get(self, identity: str) -> Telling | None:
        """The post, where it is remembered."""
        place = self._places.get(identity)
        return None if place is None else place.telling

    def add(self, telling: Telling) -> list[str]:
        """Remembers a post that is not here yet. The identities that had to go for it."""
        gone = []
        while len(self._places) >= self._size:
            oldest = next(iter(self._places))
            self.remove(oldest)
            gone.append(oldest)
        key, self._next = self._next, self._next + 1
        telling.words = [intern(word) for word in telling.words]  # thousands of posts have them in common
        self._places[telling.identity] = _Place(telling, key)
        self._by_key[key] = telling.identity
        self._frequency.update(_said(telling))
        for row in _rows(telling):
            held = self._rows.setdefault(row, [])
            held.append(telling.identity)
            del held[:-NEAREST]
        for band in _bands(telling):
            self._bands[band] = key if (sharing := self._sharing(band)) == [] else [*sharing, key][-NEAREST:]
        for topic in telling.topics if telling.grievance else ():
            times = self._topics.setdefault(topic, {})
            times[telling.identity] = telling.time
            if len(times) > PER_TOPIC:
                del times[next(iter(times))]
        if telling.vector:
            self._put(key, telling.vector)
        return gone

    def remove(self, identity: str) -> None:
        """Forgets a post."""
        place = self._places.pop(identity)
        del self._by_key[place.key]
        self._frequency.subtract(_said(place.telling))
        for row in _rows(place.telling):
            held = self._rows.get(row, [])
            if identity in held:
                held.remove(identity)
            if not held:
                self._rows.pop(row, None)
        for band in _bands(place.telling):
            left = [key for key in self._sharing(band) if key != place.key]
            if left:
                self._bands[band] = left if len(left) > 1 else left[0]
            else:
                self._bands.pop(band, None)
        for topic in place.telling.topics:
            self._topics.get(topic, {}).pop(identity, None)
            if not self._topics.get(topic, True):
                del self._topics[topic]
        if self._vectors.pop(place.key, None) is not None and self._index is not None:
            self._index.remove(place.key)

    def rarity(self, said: str) -> float:
        """How much a stem, a number or a name says: log((posts + 20) / (posts that have it + 1)).

        The twenty keep a young window from trusting every word.
        """
        return math.log((len(self._places) + 20) / (self._frequency[said] + 1))

    def candidates(self, telling: Telling) -> list[Telling]:
        """Posts that may tell the same: the nearest by meaning, the newest of the person and of each long number."""
        found = dict.fromkeys(self.near(telling, NEAREST))
        for row in _rows(telling):
            found.update(dict.fromkeys(self._rows.get(row, ())))
        found.pop(telling.identity, None)
        return [self._places[identity].telling for identity in found]

    def near(self, telling: Telling, count: int) -> list[str]:
        """Identities of the `count` nearest by meaning, the nearest first."""
        if not telling.vector or not self._vectors or len(telling.vector) != len(next(iter(self._vectors.values()))):
            return []
        wanted = np.frombuffer(telling.vector, dtype=np.int8)
        if self._index is not None:
            keys = [int(key) for key in self._index.search(wanted, count).keys]
        else:
            known = np.frombuffer(b"".join(self._vectors.values()), dtype=np.int8).reshape(len(self._vectors), -1)
            scores = known.astype(np.float32) @ wanted.astype(np.float32)
            listed = list(self._vectors)
            keys = [listed[place] for place in np.argsort(-scores, kind="stable")[:count]]
        return [self._by_key[key] for key in keys if key in self._by_key]

    def copies(self, telling: Telling) -> list[Telling]:
        """Posts whose text shares a band with this one's."""
        found = dict.fromkeys(self._by_key[key] for band in _bands(telling) for key in self._sharing(band))
        found.pop(telling.identity, None)
        return [self._places[identity].telling for identity in found]

    def _sharing(self, band: int) -> list[int]:
        """The newest posts with a band; most have only one, which is kept without a list."""
        held = self._bands.get(band, [])
        return [held] if isinstance(held, int) else held

    def of_author(self, telling: Telling) -> list[Telling]:
        """The newest posts by the same author in the same source."""
        held = self._rows.get(("author", telling.source, telling.author), ())
        return [self._places[identity].telling for identity in held if identity != telling.identity]

    def of_person(self, telling: Telling) -> list[Telling]:
        """The newest posts of the same customer id, or by the same author in the same source."""
        rows = (("customer", telling.customer_id), ("author", telling.source, telling.author))
        found = dict.fromkeys(identity for row in rows if row[-1] for identity in self._rows.get(row, ()))
        found.pop(telling.identity, None)
        return [self._places[identity].telling for identity in found]

    def topic_count(self, topic: str, time: int, span: int) -> int:
        """Complaints with this topic in the `span` milliseconds before `time`, the newest `PER_TOPIC` looked at."""
        return sum(0 < time - then <= span for then in self._topics.get(topic, {}).values())

    def _put(self, key: int, vector: bytes) -> None:
        dimensions = len(next(iter(self._vectors.values()), vector))
        if len(vector) != dimensions:
            return  # another model's vectors cannot be compared with these
        self._vectors[key] = vector
        if self._index is not None:
            self._index.add(key, np.frombuffer(vector, dtype=np.int8))
        elif len(self._vectors) > EXACT:
            self._index = _index(dimensions)
            for known, held in self._vectors.items():
                self._index.add(known, np.frombuffer(held, dtype=np.int8))


def _said(telling: Telling) -> list[str]:
    return [*telling.words, *telling.numbers, *telling.names]


def _index(dimensions: int) -> Any:
    """An empty HNSW index of signed bytes."""
    # before usearch: the other way round, usearch's own C++ runtime stands in for onnxruntime's, which then crashes
    import onnxruntime  # noqa: F401
    from usearch.index import Index

    return Index(ndim=dimensions, metric="cos", dtype="i8")


def _rows(telling: Telling) -> list[tuple[object, ...]]:
    """The table rows that a post stands in."""
    rows: list[tuple[object, ...]] = [("number", number) for number in telling.numbers if len(number) >= _LONG_NUMBER]
    if telling.customer_id:
        rows.append(("customer", telling.customer_id))
    if telling.author:
        rows.append(("author", telling.source, telling.author))
        rows.append(("handle", telling.author.strip().removeprefix("@").casefold()))
    return rows


def _bands(telling: Telling) -> list[int]:
    """Its bands as small numbers: there are 32 of them. Two that fall together cost a comparison, nothing else."""
    return [hash(band) for band in bands(telling.signature)]
