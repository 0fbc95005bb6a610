"""Merges of two clusters at a time: where nothing ties, or where ties do not matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.clustering.linkage import Linkage

TOLERANCE = 1e-9
"""Distances that differ by no more than this share of themselves are equal."""


Distances = Callable[[FloatArray], FloatArray]
"""Makes distances of a part of a matrix."""


class Merges(NamedTuple):
    """A multiway dendrogram: the first n clusters are the items, then one cluster a merge.

    Attributes:
        parent: the cluster that each cluster merged into, -1 for the last; shape (clusters,).
        height: the distance at which each cluster's parts merged, 0 for items.
    """

    parent: IntArray
    height: FloatArray


def by_scipy(values: FloatArray, linkage: Linkage, distances: Distances) -> Merges | None:
    """Return the merges of scipy, which breaks ties by order, if there are none; else None."""
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    if not linkage.scipy:
        return None
    name: Any = linkage.name
    condensed = distances(squareform(values, checks=False))
    binary = hierarchy.linkage(condensed, method=name)
    del condensed
    if not _is_unique(distances(values), binary, linkage):
        return None
    return _from_binary(binary, len(values), dissolve=False)


def by_spanning_tree(values: FloatArray, distances: Distances) -> Merges:
    """Return the merges of single linkage, of which a shortest spanning tree tells all.

    Its clusters are the connected components at each distance (Gower & Ross 1969, Applied
    Statistics 18). The tree grows from one item by the nearest that is left (Prim 1957), a row of
    the matrix at a time.
    """
    n = len(values)
    apart, source = np.full(n, np.inf), np.zeros(n, dtype=np.int64)
    inside = np.zeros(n)  # infinite where an item is in the tree
    edges = np.empty((n - 1, 3))
    item = 0
    for i in range(n - 1):
        inside[item] = apart[item] = np.inf
        row = distances(values[item]) + inside
        np.copyto(source, item, where=row < apart)
        np.minimum(apart, row, out=apart)
        item = int(apart.argmin())
        edges[i] = source[item], item, apart[item]
    edges = edges[np.argsort(edges[:, 2], kind="stable")]
    above = list(range(2 * n - 1))
    for made, (one, other, _) in enumerate(edges.tolist(), n):
        for column, entry in enumerate((int(one), int(other))):
            top = entry
            while above[top] != top:
                above[top] = above[above[top]]
                top = above[top]
            edges[made - n, column] = top
            above[top] = made
    return _from_binary(edges, n, dissolve=True)


def _is_unique(distances: FloatArray, binary: FloatArray, linkage: Linkage) -> bool:
    """Return whether no merge had a tie, by replaying scipy's merges and looking at the runners-up.

    This and scipy take about as long as scipy twice, and spare the search where nothing ties. A
    runner-up shares a cluster with the merging pair or, for linkages that are not reducible, is
    any other pair.
    """
    d = distances.astype(np.float64, copy=True)
    if linkage.euclidean:
        d **= 2
    np.fill_diagonal(d, np.inf)
    n = len(d)
    size, slot = [1.0] * n, [*range(n)]
    sizes = np.ones(n)
    nearest = None if linkage.reducible else _RowMinima(d)
    for a, b, height, _ in binary.tolist():
        one, other = slot[int(a)], slot[int(b)]
        slot.append(one)
        limit = (height**2 if linkage.euclidean else height) * (1 + TOLERANCE)
        d_one, d_other, between = d[one], d[other], d[one, other]
        d_one[other] = d_other[one] = np.inf
        if d_one.min() <= limit or d_other.min() <= limit:
            return False
        row = linkage.merged(d_one, d_other, float(between), (size[one], size[other]), sizes)
        size[one] += size[other]
        sizes[one] = size[one]
        d[one], d[:, one] = row, row
        d[other], d[:, other] = np.inf, np.inf
        if nearest is not None and nearest.merged(one, other) <= limit:
            return False
    return True


class _RowMinima:
    """The smallest distance of every row of a matrix in which clusters merge.

    A row's minimum is looked for again only when the cluster that it belonged to has merged.
    """

    def __init__(self, d: FloatArray) -> None:
        self.d = d
        self.which = d.argmin(1)
        self.least = d.min(1)

    def merged(self, one: int, other: int) -> float:
        """Take in that ``other`` joined ``one``; return the least distance without the new one."""
        self.least[[one, other]] = np.inf
        stale = ((self.which == one) | (self.which == other)) & np.isfinite(self.least)
        for row in np.flatnonzero(stale):
            rest = self.d[row].copy()
            rest[one] = np.inf
            self.which[row] = rest.argmin()
            self.least[row] = rest[self.which[row]]
        least = float(self.least.min())
        column = self.d[one]
        self.which[one], self.least[one] = column.argmin(), column.min()
        nearer = column < self.least
        self.which[nearer], self.least[nearer] = one, column[nearer]
        return least


def _from_binary(binary: FloatArray, n: int, *, dissolve: bool) -> Merges:
    """Turn scipy's linkage matrix into merges.

    Args:
        binary: the matrix, one merge a row.
        n: how many items there are.
        dissolve: whether to join a cluster to its parent at equal height. With single linkage
            that is all there is to ties: its clusters are the connected components at each
            distance.
    """
    parent = np.full(2 * n - 1, -1, dtype=np.int64)
    height = np.concatenate([np.zeros(n), binary[:, 2]])
    parent[binary[:, :2].astype(np.int64).T] = np.arange(n, 2 * n - 1)
    dissolved = np.zeros(2 * n - 1, dtype=bool)
    if dissolve:
        inner = np.arange(n, 2 * n - 2)
        dissolved[inner] = height[parent[inner]] <= height[inner] * (1 + TOLERANCE)
    for cluster in range(2 * n - 2, -1, -1) if dissolved.any() else ():
        above = parent[cluster]
        if above >= 0 and dissolved[above]:
            parent[cluster] = parent[above]
    place = np.cumsum(~dissolved) - 1
    kept = ~dissolved
    parent = np.where(parent >= 0, place[parent], -1)
    return Merges(parent[kept], np.round(height[kept], 12))
