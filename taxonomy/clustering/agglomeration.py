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

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.clustering.binary import TOLERANCE, Distances, Merges, by_scipy, by_spanning_tree
from taxonomy.clustering.linkage import Linkage, get_linkage, needs_euclidean


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
    return _agglomerate(distances, get_linkage(method), lambda part: part)


def agglomerate_alike(similarities: FloatArray, method: str = "average") -> Merges:
    """Cluster items by their similarities, at the distances that `Linkage.distances` makes of them.

    The same as `agglomerate` of these distances, which are never all in memory at once.

    Args:
        similarities: symmetric, in [0, 1], shape (n, n) with n >= 1; not changed.
        method: one of `taxonomy.clustering.linkage.LINKAGES`; for ward, centroid and median the
            distances must be Euclidean (`check_euclidean`).

    Raises:
        RegistryError: an unknown method.

    >>> merges = agglomerate_alike(np.array([[1, 0.75, 0.5], [0.75, 1, 0.5], [0.5, 0.5, 1]]))
    >>> merges.parent.tolist(), merges.height.tolist()
    ([3, 3, 4, 4, -1], [0.0, 0.0, 0.0, 0.25, 0.5])
    """
    linkage = get_linkage(method)
    return _agglomerate(similarities, linkage, linkage.distances)


def check_euclidean(distances: FloatArray, linkage: Linkage) -> None:
    """Check that distances are Euclidean, as a linkage needs them.

    They are if the doubly centred matrix of their squares, times -1/2, has no negative eigenvalue
    (Schoenberg 1935; Gower 1966).

    Raises:
        ClusteringError: they are not.
    """
    from scipy.linalg import LinAlgError, cholesky

    gram = distances**2
    mean = gram.mean(0)
    gram -= mean[:, None]
    gram -= mean[None, :]
    gram += mean.mean()
    gram *= -0.5
    gram[np.diag_indices_from(gram)] += 1e-9 * max(1.0, float(np.trace(gram)))
    try:
        cholesky(gram.T, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError:
        raise needs_euclidean(linkage, ", and these are not") from None


FEW = 1000
"""Up to so many items scipy is asked first, which takes milliseconds."""

MOST_LOOKS = 8
"""How often the rows of a matrix are searched in all, in the mean, before scipy is asked."""


def _agglomerate(values: FloatArray, linkage: Linkage, distances: Distances) -> Merges:
    """Cluster items by a matrix and what makes distances of a part of it.

    Where nothing ties scipy's merges are the tree, and no search beats them where clusters join one
    by one; where much ties its merges are of no use. So it is asked where there are few items, or
    when the search for what ties takes long.
    """
    n = len(values)
    if linkage.unique:
        return by_spanning_tree(values, distances)
    if 1 < n <= FEW:
        found = by_scipy(values, linkage, distances)
        if found is not None:
            return found
    read = (lambda part: distances(part) ** 2) if linkage.euclidean else distances
    state = _State(values, read, linkage)
    parent, height = [-1] * n, [0.0] * n
    asked = n <= FEW
    while state.count > 1:
        if not asked and state.looks > MOST_LOOKS * n:
            asked = True
            found = by_scipy(values, linkage, distances)
            if found is not None:
                return found
        groups, levels = ready(state.edges, state.nearest, reducible=linkage.reducible)
        for group, level in zip(groups, levels.tolist(), strict=True):
            for cluster in state.cluster[group].tolist():
                parent[cluster] = len(parent)
            state.cluster[group[0]] = len(parent)
            parent.append(-1)
            height.append(level)
        state.merge(groups)
    heights = np.array(height, dtype=np.float64)
    if linkage.euclidean:
        heights = np.sqrt(heights)
    return Merges(np.array(parent, dtype=np.int64), np.round(heights, 12))


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
    if not reducible:
        first = nearest[source] <= nearest.min() * (1 + TOLERANCE)
        source, target = source[first], target[first]
        if len(source) == 2 and source[0] == target[1]:  # one pair, both ways
            return [np.sort(source)], nearest[source].min()[None]
    # A link is mutual where each end is a nearest neighbour of the other; a cluster with a
    # link that is not has a neighbour that merges first.
    mutual = nearest[source] <= nearest[target] * (1 + TOLERANCE)
    ends = (source[mutual], target[mutual])
    links = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(n, n))
    count, label = connected_components(links, directed=False)
    late = np.zeros(count, dtype=bool)
    late[label[source[~mutual]]] = True
    linked = np.zeros(n, dtype=bool)
    linked[ends[0]] = True
    members = np.flatnonzero(linked & ~late[label])
    members = members[np.argsort(label[members], kind="stable")]
    starts = np.flatnonzero(np.diff(label[members], prepend=-1))
    return np.split(members, starts[1:]), np.minimum.reduceat(nearest[members], starts)


class _Joining(NamedTuple):
    """How clusters become those of the next step: group by group, some of one cluster alone.

    Attributes:
        members: the old slots, group by group.
        starts: (groups,) where each group begins among the members.
        share: (members,) what each counts in its group; 1 in all.
        inner: (groups,) how far a group's parts are from its centroid, squared; 0 unless Euclidean.
        extreme: what chooses one of two distances, or None where they are averaged.
    """

    members: IntArray
    starts: IntArray
    share: FloatArray
    inner: FloatArray
    extreme: np.ufunc | None

    def blocks(self, most: int) -> Iterator[tuple[slice, IntArray]]:
        """Yield groups and their members in turn, about so many members at a time."""
        ends = np.append(self.starts, len(self.members))
        cuts = np.unique(np.searchsorted(self.starts, np.arange(0, len(self.members), most)))
        for one, other in pairwise([*cuts[cuts < len(self.starts)].tolist(), len(self.starts)]):
            yield slice(one, other), self.members[ends[one] : ends[other]]

    def folded(self, rows: FloatArray, groups: slice = slice(None)) -> FloatArray:
        """Make one row a group of one row a member; the rows given are written over."""
        begin = self.starts[groups]
        starts = begin - begin[0]
        if self.extreme is not None:
            return _folded_by_halves(self.extreme, rows, starts)
        rows *= self.share[begin[0] : begin[0] + len(rows), None]
        means = _folded_by_halves(np.add, rows, starts)
        if self.inner.any():
            means -= self.inner[groups, None]
        return means


def _folded_by_halves(join: np.ufunc, rows: FloatArray, starts: IntArray) -> FloatArray:
    """Return ``join.reduceat(rows, starts)``, for which numpy takes ten times as long."""
    sizes = np.diff(starts, append=len(rows))
    place = np.arange(len(rows)) - np.repeat(starts, sizes)
    left = np.repeat(sizes, sizes) - place
    step, most = 1, int(sizes.max())
    while step < most:
        one = np.flatnonzero((place % (2 * step) == 0) & (left > step))
        rows[one] = join(rows[one], rows[one + step])
        step *= 2
    return rows[starts]


class _State:
    """Distances between the clusters that are alive, and each one's nearest neighbours.

    A cluster lives in a slot; ``cluster`` says which. ``edges`` holds, for every living cluster,
    all neighbours at its smallest distance.

    The first step reads the matrix that was given and writes a smaller one. From then on groups
    merge into the slots of their first members, and the matrix is written anew, without the empty
    slots, once they are a share of all. Matrices are written a few rows at a time, which stay in
    the processor's cache while they are gathered, joined, turned and searched for what is nearest.
    Between Ward's clusters they hold the squared distances of centroids.

    Args:
        given: a symmetric matrix; not changed.
        read: makes distances of a part of it, squared if Euclidean.
        linkage: how clusters are far apart.
    """

    def __init__(
        self, given: FloatArray, read: Callable[[FloatArray], FloatArray], linkage: Linkage
    ) -> None:
        self.linkage, self.d, self.read = linkage, given, read
        self.count = n = len(given)
        self.cluster = np.arange(n)
        self.size = np.ones(n)
        self.alive = np.ones(n, dtype=bool)
        self.nearest = np.full(n, np.inf)
        self.given = True
        self.looks = -n  # the first search is no repetition
        self._look_again(np.arange(n))

    def merge(self, groups: list[IntArray]) -> None:
        """Merge every group."""
        fewer = sum(len(group) - 1 for group in groups)
        self.count -= fewer
        slots = len(self.d)
        if self.given or fewer > slots // 16 or self.count < slots * 3 // 4:
            self._write_anew(groups)
        else:
            self._merge_in_place(groups)

    def _joining(self, groups: list[IntArray], members: IntArray, starts: IntArray) -> _Joining:
        """Describe a step; ``groups`` are those of more than one member, in order of slots."""
        counts = np.diff(starts, append=len(members))
        weight = np.ones(len(members)) if self.linkage.weighted else self.size[members]
        share = weight / np.repeat(np.add.reduceat(weight, starts), counts)
        inner = np.zeros(len(starts))
        if self.linkage.euclidean:
            for at, group in zip(np.flatnonzero(counts > 1).tolist(), groups, strict=True):
                within = self.read(self.d[np.ix_(group, group)])
                np.fill_diagonal(within, 0)
                part = share[starts[at] : starts[at] + len(group)]
                inner[at] = part @ within @ part / 2
        return _Joining(members, starts, share, inner, self.linkage.extreme_distance)

    def _write_anew(self, groups: list[IntArray]) -> None:
        """Write the matrix of the clusters that are left, without empty slots."""
        groups = sorted(groups, key=lambda group: int(group[0]))
        into = np.arange(len(self.d))
        for group in groups:
            into[group] = group[0]
        members = np.flatnonzero(self.alive)
        members = members[np.argsort(into[members], kind="stable")]
        starts = np.flatnonzero(np.diff(into[members], prepend=-1))
        joining = self._joining(groups, members, starts)
        new = np.empty((self.count, self.count))
        self.cluster = self.cluster[members[starts]]
        self.size = np.add.reduceat(self.size[members], starts)
        self.alive = np.ones(self.count, dtype=bool)
        self.nearest = np.empty(self.count)
        found = []
        for some, parts in joining.blocks(max(1, _BLOCK // len(self.d))):
            rows = joining.folded(self.read(self.d[parts]), some)
            new[some] = joining.folded(rows.T[members]).T
            slots = np.arange(some.start, some.stop)
            new[slots, slots] = np.inf
            found.append(self._nearest(slots, new[some]))
        self.d, self.read, self.given = new, lambda part: part, False
        self.edges = _joined(found)

    def _merge_in_place(self, groups: list[IntArray]) -> None:
        """Merge every group into the slot of its first member."""
        groups = sorted(groups, key=lambda group: int(group[0]))
        merged = np.concatenate(groups)
        keep = np.array([group[0] for group in groups])
        starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
        joining = self._joining(groups, merged, starts)
        rows = joining.folded(self.d[merged])
        across = joining.folded(rows.T[merged])
        rows[:, keep] = (across + across.T) / 2
        gone = np.delete(merged, starts)
        self.size[keep] = np.add.reduceat(self.size[merged], starts)
        self.d[keep] = rows
        self.d[:, keep] = rows.T
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
        if not self.linkage.reducible:  # a cluster can come nearer than the nearest was
            again |= (rows <= self.nearest * (1 + TOLERANCE)).any(0)
        self._look_again(np.flatnonzero(again & self.alive))

    def _look_again(self, rows: IntArray) -> None:
        """Look up the nearest neighbours of some clusters again."""
        self.looks += len(rows)
        stale = ~self.alive
        stale[rows] = True
        found = []
        if not self.given:
            source, target = self.edges
            kept = ~stale[source]
            found.append((source[kept], target[kept]))
        step = max(1, _BLOCK // len(self.d))
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            part = self.read(self.d[some])
            part[np.arange(len(some)), some] = np.inf
            found.append(self._nearest(some, part))
        self.edges = _joined(found)

    def _nearest(self, slots: IntArray, rows: FloatArray) -> tuple[IntArray, IntArray]:
        """Note the smallest distance of some clusters; return the pairs at it."""
        if self.linkage.ward:  # twice what merging adds to the squares within clusters
            one, other = self.size[slots][:, None], self.size[None, :]
            rows = rows * (2 * one * other / (one + other))
        least = rows.min(1)
        self.nearest[slots] = least
        near = np.flatnonzero(rows <= least[:, None] * (1 + TOLERANCE))
        source, target = np.divmod(near, rows.shape[1])
        return slots[source], target


_BLOCK = 1 << 19
"""Numbers of a matrix that are worked on at once: 4 MiB."""


def _joined(found: list[tuple[IntArray, IntArray]]) -> tuple[IntArray, IntArray]:
    """Join lists of pairs."""
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])
