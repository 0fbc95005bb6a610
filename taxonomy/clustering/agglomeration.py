"""Agglomerative clustering in which ties merge at once, so that label order never matters.

Ordinary agglomeration merges two clusters a step; where several pairs are equally near, which one
comes first is an accident of their order. Here all pairs that tie for nearest merge together into
one multiway node (variable-group agglomeration: Fernandez & Gomez 2008, "Solving non-uniqueness in
agglomerative hierarchical clustering using multidendrograms").

A step merges every group that is ready: clusters joined by nearest-neighbour links of one length,
with no shorter link leaving the group. For the reducible linkages a ready group stays ready
whatever merges elsewhere, so a step can merge many groups and the tree is that of one-at-a-time
agglomeration. Centroid and median linkage are not reducible; there, only the groups at the
smallest distance of all merge in a step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.clustering.linkage import Linkage, get_linkage, needs_euclidean

TOLERANCE = 1e-9
"""Distances that differ by no more than this share of themselves are equal."""


class Merges(NamedTuple):
    """A multiway dendrogram: the first n clusters are the items, then one cluster a merge.

    Attributes:
        parent: the cluster that each cluster merged into, -1 for the last; shape (clusters,).
        height: the distance at which each cluster's parts merged, 0 for items.
    """

    parent: IntArray
    height: FloatArray


def agglomerate(distances: FloatArray, method: str = "average") -> Merges:
    """Cluster items by their distances, equal distances merging at once.

    Args:
        distances: symmetric, at least 0, shape (n, n) with n >= 1; not changed.
        method: one of `taxonomy.clustering.linkage.LINKAGES`; for ward, centroid and median the
            distances must be Euclidean.

    Returns:
        the merges; heights are rounded to 12 digits after the point, so that the order of
        summation does not show. With ward they are scaled as scipy's: those of two items are
        their distance.

    Raises:
        RegistryError: an unknown method.

    >>> line = np.abs(np.subtract.outer([0.0, 1.0, 2.0, 9.0], [0.0, 1.0, 2.0, 9.0]))
    >>> merges = agglomerate(line, "average")
    >>> merges.parent.tolist(), merges.height.tolist()
    ([4, 4, 4, 5, 5, -1], [0.0, 0.0, 0.0, 0.0, 1.0, 8.0])
    """
    linkage = get_linkage(method)
    n = len(distances)
    if n > 1 and linkage.scipy:
        binary = _binary(distances, linkage)
        if linkage.unique or _is_unique(distances, binary, linkage):
            return _from_binary(binary, n, dissolve=linkage.unique)
    state = _State(distances, linkage)
    parent, height = [-1] * n, [0.0] * n
    while state.alive.sum() > 1:
        groups, levels = ready(state.edges, state.nearest, reducible=linkage.reducible)
        for group, level in zip(groups, levels, strict=True):
            for slot in group:
                parent[state.cluster[slot]] = len(parent)
            state.cluster[group[0]] = len(parent)
            parent.append(-1)
            height.append(float(np.sqrt(level)) if linkage.euclidean else float(level))
        state.merge(groups)
    return Merges(np.array(parent, dtype=np.int64), np.round(height, 12))


def check_euclidean(distances: FloatArray, linkage: Linkage) -> None:
    """Check that distances are Euclidean, as a linkage needs them.

    They are if the doubly centred matrix of their squares, times -1/2, has no negative eigenvalue
    (Schoenberg 1935; Gower 1966).

    Raises:
        ClusteringError: they are not.
    """
    squares = distances**2
    mean = squares.mean(0)
    gram = -0.5 * (squares - mean[:, None] - mean[None, :] + mean.mean())
    slack = 1e-9 * max(1.0, float(np.trace(gram)))
    try:
        np.linalg.cholesky(gram + slack * np.eye(len(gram)))
    except np.linalg.LinAlgError:
        raise needs_euclidean(linkage, ", and these are not") from None


def _binary(distances: FloatArray, linkage: Linkage) -> FloatArray:
    """Return scipy's linkage matrix, ties broken by order."""
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    name: Any = linkage.name
    return hierarchy.linkage(squareform(distances, checks=False), method=name)


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
        inner = np.flatnonzero(parent[n:-1] >= 0) + n
        dissolved[inner] = height[parent[inner]] <= height[inner] * (1 + TOLERANCE)
    for cluster in range(2 * n - 2, -1, -1) if dissolved.any() else ():
        above = parent[cluster]
        if above >= 0 and dissolved[above]:
            parent[cluster] = parent[above]
    place = np.cumsum(~dissolved) - 1
    kept = ~dissolved
    parent = np.where(parent >= 0, place[parent], -1)
    return Merges(parent[kept], np.round(height[kept], 12))


def ready(
    edges: tuple[IntArray, IntArray], nearest: FloatArray, *, reducible: bool = True
) -> tuple[list[IntArray], FloatArray]:
    """Return the groups of clusters to merge now, and the distance of each.

    Args:
        edges: every cluster and each of its neighbours at its smallest distance.
        nearest: every cluster's smallest distance; infinite where it has no neighbour.
        reducible: as for `Linkage`.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    source, target = edges
    n = len(nearest)
    # A link is mutual where each end is a nearest neighbour of the other; a cluster with a
    # link that is not has a neighbour that merges first.
    mutual = nearest[source] <= nearest[target] * (1 + TOLERANCE)
    ends = (source[mutual], target[mutual])
    links = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(n, n))
    count, label = connected_components(links, directed=False)
    late = np.zeros(count, dtype=bool)
    late[label[source[~mutual]]] = True
    if not reducible:
        late[label[nearest > nearest.min() * (1 + TOLERANCE)]] = True
    linked = np.zeros(n, dtype=bool)
    linked[ends[0]] = True
    members = np.flatnonzero(linked & ~late[label])
    members = members[np.argsort(label[members], kind="stable")]
    starts = np.flatnonzero(np.diff(label[members], prepend=-1))
    return np.split(members, starts[1:]), np.minimum.reduceat(nearest[members], starts)


class _State:
    """Distances between the clusters that are alive, and each one's nearest neighbours.

    A cluster lives in the slot of its first part; ``cluster`` says which. ``edges`` holds, for
    every living cluster, all neighbours at its smallest distance.
    """

    def __init__(self, distances: FloatArray, linkage: Linkage) -> None:
        self.linkage = linkage
        self.d = distances.astype(np.float64, copy=True)
        if linkage.euclidean:
            self.d **= 2
        n = len(self.d)
        np.fill_diagonal(self.d, np.inf)
        self.cluster = np.arange(n)
        self.size = np.ones(n)
        self.alive = np.ones(n, dtype=bool)
        self.nearest = np.full(n, np.inf)
        self.edges: tuple[IntArray, IntArray] = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._look_again(np.arange(n))

    def merge(self, groups: list[IntArray]) -> None:
        """Merge every group into the slot of its first member."""
        merged = np.concatenate(groups)
        keep = np.array([group[0] for group in groups])
        starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
        rows = self._between(groups, merged, starts)
        gone = np.setdiff1d(merged, keep)
        self.size[keep] = np.add.reduceat(self.size[merged], starts)
        self.d[keep] = rows
        self.d[:, keep] = rows.T
        self.d[gone] = np.inf
        self.d[:, gone] = np.inf
        self.d[keep, keep] = np.inf
        self.alive[gone] = False
        self.nearest[gone] = np.inf
        hit = np.zeros(len(self.d), dtype=bool)
        hit[merged] = True
        source, target = self.edges
        again = np.zeros(len(self.d), dtype=bool)
        again[keep] = True
        again[source[hit[target]]] = True
        # Only linkages that are not reducible can bring a cluster nearer than its nearest.
        again |= (self.d[:, keep] <= self.nearest[:, None] * (1 + TOLERANCE)).any(1)
        self._look_again(np.flatnonzero(again & self.alive))
        self._compact()

    def _between(self, groups: list[IntArray], merged: IntArray, starts: IntArray) -> FloatArray:
        """Return the distances of the merged groups to all slots, shape (groups, slots)."""
        owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        part = self.d[merged]
        if (extreme := self.linkage.extreme_distance) is not None:
            rows = extreme.reduceat(part, starts, axis=0)
            across = extreme.reduceat(rows[:, merged], starts, axis=1)
        else:
            weight = np.ones(len(merged)) if self.linkage.weighted else self.size[merged]
            share = weight / np.add.reduceat(weight, starts)[owner]
            centred = self._to_centroids(part, merged) if self.linkage.ward else part
            inner = np.zeros(len(groups))
            if self.linkage.euclidean:
                inner = self._spread(centred[:, merged], share, owner, len(groups))
            finite = np.where(np.isfinite(centred), centred, 0.0)
            rows = np.add.reduceat(finite * share[:, None], starts, axis=0) - inner[:, None]
            across = np.add.reduceat((rows[:, merged] + 0.0) * share, starts, axis=1)
            across -= inner[None, :]
            if self.linkage.ward:
                new = np.add.reduceat(self.size[merged], starts)
                rows *= _ward_factor(new[:, None], self.size[None, :])
                across *= _ward_factor(new[:, None], new[None, :])
        rows[:, ~self.alive] = np.inf
        rows[:, merged[starts]] = (across + across.T) / 2
        return rows

    def _to_centroids(self, part: FloatArray, merged: IntArray) -> FloatArray:
        """Turn Ward's squared distances into squared distances of centroids."""
        return part / _ward_factor(self.size[merged][:, None], self.size[None, :])

    @staticmethod
    def _spread(within: FloatArray, share: FloatArray, owner: IntArray, groups: int) -> FloatArray:
        """Return each group's weighted mean squared distance of its parts from its centroid."""
        same = owner[:, None] == owner[None, :]
        np.fill_diagonal(same, val=False)
        pairs = np.where(same, within, 0.0) * share[:, None] * share[None, :]
        spread: FloatArray = np.bincount(owner, pairs.sum(1) / 2, groups).astype(np.float64)
        return spread

    def _look_again(self, rows: IntArray) -> None:
        """Look up the nearest neighbours of some clusters again."""
        source, target = self.edges
        stale = np.zeros(len(self.d), dtype=bool)
        stale[rows] = True
        stale[~self.alive] = True
        kept = ~stale[source]
        found = [(source[kept], target[kept])]
        step = max(1, 2**24 // max(1, len(self.d)))
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            part = self.d[some]
            self.nearest[some] = part.min(1)
            near = part <= self.nearest[some, None] * (1 + TOLERANCE)
            near &= np.isfinite(part)
            one, other = np.nonzero(near)
            found.append((some[one], other))
        self.edges = (
            np.concatenate([pair[0] for pair in found]),
            np.concatenate([pair[1] for pair in found]),
        )

    def _compact(self) -> None:
        """Drop the empty slots once they are half of all."""
        if 2 * self.alive.sum() > len(self.alive):
            return
        kept = np.flatnonzero(self.alive)
        place = np.cumsum(self.alive) - 1
        self.d = self.d[np.ix_(kept, kept)]
        self.cluster, self.size = self.cluster[kept], self.size[kept]
        self.nearest, self.alive = self.nearest[kept], self.alive[kept]
        source, target = self.edges
        self.edges = (place[source], place[target])


def _ward_factor(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return what turns squared distances of centroids into Ward's squared distances."""
    factor: FloatArray = 2 * one * other / (one + other)
    return factor
