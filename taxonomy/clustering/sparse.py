"""Agglomerative clustering of neighbours only, for tens of thousands of items.

The merges are those that `taxonomy.clustering.agglomeration.agglomerate` would make of the whole
matrix in which all pairs that are not listed have similarity 0, ties and all, up to rounding: with
average linkage, say, the similarity of two clusters is the sum over the listed pairs between them,
divided by the number of all pairs between them. Time and memory grow with the listed pairs, not
with all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.clustering.agglomeration import ready
from taxonomy.clustering.binary import TOLERANCE, Merges
from taxonomy.clustering.linkage import Linkage, get_linkage, needs_euclidean


def agglomerate_neighbours(
    n: int, first: IntArray, second: IntArray, similarities: FloatArray, method: str = "average"
) -> Merges:
    """Cluster items by the similarities of listed pairs, equal ones merging at once.

    Args:
        n: how many items there are, at least 1.
        first: (p,) one item of every listed pair, 0 … n-1.
        second: (p,) the other; no pair is listed twice.
        similarities: (p,) in [0, 1].
        method: average, complete, single or weighted.

    Returns:
        the merges, at the distance 1 - similarity. What no listed pair connects merges at once at
        distance 1, as does what is nearer than that by a share of 1e-9 only.

    Raises:
        ClusteringError: the linkage needs Euclidean distances.
        RegistryError: an unknown method.

    >>> pairs = np.array([0, 1]), np.array([1, 2])
    >>> merges = agglomerate_neighbours(4, *pairs, np.array([0.8, 0.4]))
    >>> merges.parent.tolist(), merges.height.round(2).tolist()
    ([4, 4, 5, 6, 5, 6, -1], [0.0, 0.0, 0.0, 0.0, 0.2, 0.8, 1.0])
    """
    linkage = get_linkage(method)
    if not linkage.sparse:
        raise needs_euclidean(linkage, " of all pairs, and only neighbours are known")
    state = _State.of(n, first, second, similarities)
    cluster, parent, height = np.arange(n), [-1] * n, [0.0] * n
    while len(state.row):
        groups, levels = state.ready()
        number = cluster.copy()
        for group, level in zip(groups, levels.tolist(), strict=True):
            for place in group.tolist():
                parent[cluster[place]] = len(parent)
            number[group[0]] = len(parent)
            parent.append(-1)
            height.append(level)
        state, kept = state.merged(groups, linkage)
        cluster = number[kept]
    if len(cluster) > 1:
        for one in cluster.tolist():
            parent[one] = len(parent)
        parent.append(-1)
        height.append(1.0)
    return Merges(np.array(parent, dtype=np.int64), np.round(height, 12))


@dataclass(frozen=True, eq=False)
class _State:
    """The clusters alive and the listed pairs between them, each in both directions.

    Attributes:
        size: (clusters,) items of every cluster.
        row: (pairs,) one cluster, ascending.
        column: (pairs,) the other, ascending for equal rows.
        similarity: (pairs,).
    """

    size: FloatArray
    row: IntArray
    column: IntArray
    similarity: FloatArray

    @classmethod
    def of(cls, n: int, first: IntArray, second: IntArray, similarities: FloatArray) -> _State:
        """Start with the items."""
        row, column = np.concatenate([first, second]), np.concatenate([second, first])
        both = np.concatenate([similarities, similarities])
        order = np.argsort(row * n + column, kind="stable")
        return cls(np.ones(n), row[order], column[order], both[order]).near()

    def near(self) -> _State:
        """Return the state without the pairs that are as far apart as those not listed."""
        kept = (1 - self.similarity) * (1 + TOLERANCE) < 1
        return _State(self.size, self.row[kept], self.column[kept], self.similarity[kept])

    def ready(self) -> tuple[list[IntArray], FloatArray]:
        """Return the groups of clusters to merge now, and the distance of each."""
        starts = np.flatnonzero(np.diff(self.row, prepend=-1))
        apart = 1 - self.similarity
        nearest = np.full(len(self.size), np.inf)
        nearest[self.row[starts]] = np.minimum.reduceat(apart, starts)
        near = apart <= nearest[self.row] * (1 + TOLERANCE)
        return ready((self.row[near], self.column[near]), nearest)

    def merged(self, groups: list[IntArray], linkage: Linkage) -> tuple[_State, IntArray]:
        """Return the state after merging groups, and each new cluster's first part here."""
        n = len(self.size)
        into = np.arange(n)
        counts = np.array([len(group) for group in groups])
        members = np.concatenate(groups)
        into[members] = np.repeat([group[0] for group in groups], counts)
        kept = np.flatnonzero(into == np.arange(n))
        place = (np.cumsum(into == np.arange(n)) - 1)[into]
        touched = np.zeros(n, dtype=bool)
        touched[members] = True
        size: FloatArray = np.bincount(place, self.size, len(kept)).astype(np.float64)
        parts = np.bincount(place, minlength=len(kept))

        row, column = place[self.row], place[self.column]
        changed = (touched[self.row] | touched[self.column]) & (row != column)
        still = ~(touched[self.row] | touched[self.column])
        key = row[changed] * len(kept) + column[changed]
        order = np.argsort(key, kind="stable")
        key = key[order]
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        similarity = self.similarity[changed][order]
        if len(starts):
            if (extreme := linkage.extreme) is None:
                share = 1 / parts[place] if linkage.weighted else self.size / size[place]
                weight = share[self.row[changed]] * share[self.column[changed]]
                similarity = np.add.reduceat(similarity * weight[order], starts)
            else:
                listed = np.diff(starts, append=len(key))
                similarity = extreme.reduceat(similarity, starts)
                new = key[starts]
                all_pairs = parts[new // len(kept)] * parts[new % len(kept)]
                some_zero = listed < all_pairs  # what is not listed is 0
                similarity = np.where(some_zero, extreme(similarity, 0.0), similarity)
        key = np.concatenate([row[still] * len(kept) + column[still], key[starts]])
        similarity = np.concatenate([self.similarity[still], similarity])
        order = np.argsort(key, kind="stable")  # of two sorted runs
        key = key[order]
        state = _State(size, key // len(kept), key % len(kept), similarity[order])
        return state.near(), kept
