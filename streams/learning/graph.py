"""A graph of what lies near what, and its communities. Pure and deterministic: the same rows give the same groups.

Edges join nearest neighbours and weigh how many neighbours both ends share (Jarvis & Patrick 1973), so that a group is
told by its own density and not by one distance for all. Communities maximise modularity (Blondel et al. 2008, with the
resolution of Reichardt & Bornholdt 2006).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.vectors import Vector

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEVELS: Final = 12
_VISITS: Final = 20
"""Times that a node may be looked at in one level: a bound, far above what is needed."""
_BLOCK: Final = 1024
_NEAR: Final = 4


@dataclass(frozen=True, slots=True)
class Graph:
    """Undirected edges `a[i]`–`b[i]` with weight `weight[i]` > 0 over `size` nodes; `degree` sums a node's weights.

    `near` is the median cosine to the fourth neighbour: how alike alike sentences are here.
    """

    size: int
    a: Ints
    b: Ints
    weight: Floats
    degree: Floats
    near: float

    def surplus(self, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
        """Weight between two groups of nodes over what chance would put there; above 1 they belong together."""
        crossing = (one[self.a] & other[self.b]) | (other[self.a] & one[self.b])
        total = 2.0 * float(self.weight.sum())
        expected = float(self.degree[one].sum()) * float(self.degree[other].sum()) / total if total else 0.0
        return float(self.weight[crossing].sum()) / expected if expected else 0.0


def neighbour_graph(vectors: Vector, neighbours: int) -> Graph:
    """Each row (unit length) joined to its nearest `neighbours`, weighted by the share of neighbours in common."""
    count = len(vectors)
    k = min(neighbours, count - 1)
    if k < 1:
        none = np.zeros(0, np.int64)
        return Graph(count, none, none, np.zeros(0), np.zeros(count), 1.0)
    nearest = np.empty((count, k), np.int64)
    fourth = np.empty(count)
    for start in range(0, count, _BLOCK):  # never the whole square of similarities at once
        stop = min(count, start + _BLOCK)
        cosines = vectors[start:stop] @ vectors.T
        cosines[np.arange(stop - start), np.arange(start, stop)] = -2.0
        nearest[start:stop] = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        own = np.take_along_axis(cosines, nearest[start:stop], axis=1)
        fourth[start:stop] = -np.partition(-own, min(_NEAR, k) - 1, axis=1)[:, min(_NEAR, k) - 1]
    rows, columns = np.repeat(np.arange(count), k), nearest.ravel()
    keys = np.unique(np.minimum(rows, columns) * count + np.maximum(rows, columns))
    a, b = keys // count, keys % count
    shared = (nearest[a][:, :, None] == nearest[b][:, None, :]).sum((1, 2)).astype(np.float64)
    # each end counts as a neighbour of itself, so that two rows that know only each other are joined too
    shared += 0.5 * (nearest[a] == b[:, None]).any(1) + 0.5 * (nearest[b] == a[:, None]).any(1)
    weight = shared / (2 * k - shared)
    degree = _sums(a, weight, count) + _sums(b, weight, count)
    return Graph(count, a, b, weight, degree, float(np.median(fourth)))


def communities(graph: Graph, resolution: float) -> Ints:
    """The community of every node, numbered from 0: Louvain's method, nodes in their order, ties to the first."""
    size, a, b, weight = graph.size, graph.a, graph.b, graph.weight
    inner: Floats = np.zeros(size)
    community: Ints = np.arange(size)
    for _ in range(_LEVELS):
        chosen = _moved(size, a, b, weight, inner, resolution)
        names, index = np.unique(chosen, return_inverse=True)
        community = index[community]
        if len(names) == size:
            break
        size = len(names)
        ends_a, ends_b = index[a], index[b]
        within = ends_a == ends_b
        inner = _sums(index, inner, size) + _sums(ends_a[within], weight[within], size)
        low, high = np.minimum(ends_a, ends_b)[~within], np.maximum(ends_a, ends_b)[~within]
        keys, place = np.unique(low * size + high, return_inverse=True)
        weight = _sums(place, weight[~within], len(keys))
        a, b = keys // size, keys % size
    return community


def _moved(size: int, a: Ints, b: Ints, weight: Floats, inner: Floats, resolution: float) -> Ints:
    """One level: every node joins the neighbouring group that gains most, until none gains."""
    total = 2.0 * float(weight.sum()) + 2.0 * float(inner.sum())
    if total <= 0.0:
        return np.arange(size)
    joined: list[list[tuple[int, float]]] = [[] for _ in range(size)]
    for one, other, value in zip(a.tolist(), b.tolist(), weight.tolist(), strict=True):
        joined[one].append((other, value))
        joined[other].append((one, value))
    degree = (_sums(a, weight, size) + _sums(b, weight, size) + 2.0 * inner).tolist()
    sums, group = list(degree), list(range(size))
    waiting, queued = deque(range(size)), [True] * size
    for _ in range(_VISITS * size):
        if not waiting:
            break
        node = waiting.popleft()
        queued[node] = False
        own, own_degree = group[node], degree[node]
        links: dict[int, float] = {}
        for other, value in joined[node]:
            links[group[other]] = links.get(group[other], 0.0) + value
        sums[own] -= own_degree
        best, gain = own, links.get(own, 0.0) - resolution * own_degree * sums[own] / total
        for candidate, value in links.items():
            here = value - resolution * own_degree * sums[candidate] / total
            if here > gain + 1e-12:
                best, gain = candidate, here
        sums[best] += own_degree
        if best != own:
            group[node] = best
            for other, _value in joined[node]:
                if group[other] != best and not queued[other]:
                    queued[other] = True
                    waiting.append(other)
    return np.array(group, np.int64)


def _sums(places: Ints, weights: Floats, size: int) -> Floats:
    """The weights that fall on each place; zeros, not whole numbers, where there are none."""
    return np.bincount(places, weights, size).astype(np.float64)
