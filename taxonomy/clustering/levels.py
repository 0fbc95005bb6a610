"""Dendrograms, and trees with a given number of groups of bounded size on each level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import ClusteringError
from taxonomy.clustering.agglomeration import (
    agglomerate,
    agglomerate_alike,
    check_euclidean,
)
from taxonomy.clustering.binary import Merges
from taxonomy.clustering.groups import tree_of_groups
from taxonomy.clustering.linkage import Linkage, get_linkage
from taxonomy.clustering.partition import Limits, merged_while_fitting
from taxonomy.clustering.sparse import agglomerate_neighbours
from taxonomy.similarity._sparse import SparseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    from taxonomy.similarity import DenseSimilarity, Similarity


def distances(similarity: DenseSimilarity, method: str = "average") -> FloatArray:
    """Return the distances that a linkage clusters by, labels in canonical order.

    ``1 - similarity``; for ward, centroid and median, which need Euclidean distances,
    ``sqrt(2 (1 - similarity))``, which is Euclidean if the similarity is an inner product.

    Raises:
        ClusteringError: the linkage needs Euclidean distances and these are not.
        RegistryError: an unknown method.
        SimilarityError: only neighbours are scored.
    """
    linkage = get_linkage(method)
    apart = linkage.distances(similarity.all_pairs().values)
    if linkage.euclidean:
        check_euclidean(apart, linkage)
    return apart


def merges_of(similarity: DenseSimilarity, method: str = "average") -> Merges:
    """Return the merges of labels in canonical order, at the distances of `distances`.

    Raises:
        ClusteringError: the linkage needs Euclidean distances and these are not.
        RegistryError: an unknown method.
        SimilarityError: only neighbours are scored.
    """
    linkage, values = get_linkage(method), similarity.all_pairs().values
    if linkage.euclidean:
        check_euclidean(linkage.distances(values), linkage)
    return agglomerate_alike(values, method)


def dendrogram(similarity: Similarity, method: str = "average") -> Hierarchy:
    """Return the full dendrogram as a hierarchy with merge heights.

    Classes or groups that are equally near merge at once, into a node with several children, so
    that the tree depends on neither the order nor the names of the labels.

    Args:
        similarity: of at least one label, dense or sparse; of a sparse one the pairs that are not
            listed count as 0, and the linkage is average, complete, single or weighted.
        method: one of `taxonomy.clustering.linkage.LINKAGES`.

    Raises:
        ClusteringError: the linkage needs Euclidean distances and these are not.
        RegistryError: an unknown method.

    >>> from taxonomy.similarity import DenseSimilarity
    >>> s = DenseSimilarity(["a", "b", "c"], [[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    >>> dendrogram(s).height.round(3).tolist()
    [0.8, 0.1, 0.0, 0.0, 0.0]
    """
    n = len(similarity)
    made = {
        **io.provenance("dendrogram", ("scipy",), linkage=method, similarity=similarity.digest),
        "source": similarity.provenance,
    }
    if isinstance(similarity, SparseSimilarity):
        listed = similarity.first, similarity.second, similarity.similarities
        merges = agglomerate_neighbours(n, *listed, method)
    else:
        merges = merges_of(similarity.all_pairs(), method)
    if n == 1:
        return Hierarchy.from_nested(list(similarity.ids), made)
    raw = RawTree(
        parent=merges.parent.tolist(),
        leaf=[*similarity.ids, *[None] * (len(merges.parent) - n)],
        name=[""] * len(merges.parent),
        height=merges.height.tolist(),
    )
    return Hierarchy.from_raw(raw, made)


def bounded_levels(
    similarity: DenseSimilarity,
    levels: Sequence[int] = (12, 48),
    method: str = "average",
    slack: float = 1.5,
    least: int = 2,
) -> Hierarchy:
    """Return a tree with at most a given number of groups on each level, all of bounded size.

    The finest level is made first, by cutting the dendrogram of the classes where clades reach
    the bound and merging the most similar pieces that still fit; each coarser level groups the
    groups of the level below in the same way. Plain cuts at a height leave one huge group and
    many singletons, whose branches would starve and waste.

    Where scores tie, which of several equal pieces merges first goes by the ids, so that the order
    of the labels never matters but a renaming can; `taxonomy.clustering.shaped.shaped_tree` is free
    of both.

    Args:
        similarity: of n labels.
        levels: groups per level, coarse to fine, such as ``(12, 48)``.
        method: one of `taxonomy.clustering.linkage.LINKAGES`; pieces are compared by the
            farthest pair with complete, the nearest with single, and the mean of all pairs with
            the others.
        slack: a group holds at most ``ceil(slack * n / groups)`` classes; at least 1.
        least: fewest classes of a group of the finest level.

    Raises:
        ClusteringError: levels that do not increase, bounds that cannot be met, or a linkage that
            needs Euclidean distances where there are none.
        RegistryError: an unknown method.
    """
    n = len(similarity)
    distances(similarity, method)
    _check_bounds(n, levels, slack, least)
    units: list[list[int]] = [[i] for i in range(n)]
    grouped: list[IntArray] = []
    for groups in reversed(levels):
        smallest = least if len(units) == n else 1
        most = largest_group(n, groups, slack)
        units = _level_of(similarity.values, units, groups, most, smallest, get_linkage(method))
        number = np.zeros(n, dtype=np.int64)
        for group, members in enumerate(units):
            number[members] = group
        grouped.append(number)
    options = {"levels": list(levels), "linkage": method, "slack": slack, "least": least}
    made = io.provenance("bounded_levels", ("scipy",), **options, similarity=similarity.digest)
    made["source"] = similarity.provenance
    return tree_of_groups(grouped[::-1], similarity.ids, made)


def largest_group(n: int, groups: int, slack: float) -> int:
    """Return how many classes one group may hold where n classes are split into groups.

    >>> largest_group(212, 48, 1.5)
    7
    """
    return math.ceil(slack * n / groups)


def _check_bounds(n: int, levels: Sequence[int], slack: float, least: int) -> None:
    if not levels or any(k < 1 for k in levels) or list(levels) != sorted(set(levels)):
        raise ClusteringError(
            f"The groups per level are {list(levels)}; give numbers that grow, such as 12,48."
        )
    if levels[-1] > n:
        raise ClusteringError(f"{levels[-1]} groups of {n} classes: ask for at most {n} groups.")
    if not slack >= 1:
        raise ClusteringError(f"The slack is {slack}; it must be at least 1.")
    if least < 1 or least * levels[-1] > n:
        raise ClusteringError(
            f"{levels[-1]} groups of at least {least} need {least * levels[-1]} classes, and there "
            f"are {n}; ask for at most {max(1, n // max(1, least))} groups in the finest level."
        )


def _level_of(
    values: FloatArray,
    units: list[list[int]],
    groups: int,
    most: int,
    least: int,
    linkage: Linkage,
) -> list[list[int]]:
    """Join units (lists of class indices) into at most ``groups`` lists of bounded size."""
    between = _between(values, units, linkage)
    sizes = [len(unit) for unit in units]
    # Means of similarities between groups are no Euclidean distances, so that ward, centroid and
    # median can shape the finest level only.
    grouped = any(len(unit) > 1 for unit in units)
    shaping = get_linkage("average") if grouped and linkage.euclidean else linkage
    parts = _maximal_clades(between, sizes, most, shaping)
    parts = _merge_fitting(between, parts, sizes, groups, most, linkage)
    parts = _dissolve_surplus(between, parts, sizes, groups, most)
    parts = _fill_small(between, parts, sizes, most, least)
    return sorted(sorted(i for u in part for i in units[u]) for part in parts)


def _between(values: FloatArray, units: list[list[int]], linkage: Linkage) -> FloatArray:
    """Return the similarity between every two units, shape (units, units)."""
    if all(len(unit) == 1 for unit in units):
        order = [unit[0] for unit in units]
        return values[np.ix_(order, order)]
    between = np.ones((len(units), len(units)))
    for i, one in enumerate(units):
        for j in range(i):
            between[i, j] = between[j, i] = linkage.joined(values[np.ix_(one, units[j])])
    return between


def _maximal_clades(
    between: FloatArray, sizes: list[int], most: int, linkage: Linkage
) -> list[list[int]]:
    """Return the largest clades of the units' dendrogram that hold at most ``most`` classes."""
    apart = linkage.distances(between)
    np.fill_diagonal(apart, 0)
    merges = agglomerate(apart, linkage.name)
    clades: list[list[int]] = [[] for _ in merges.parent]
    weight = np.zeros(len(merges.parent), dtype=np.int64)
    weight[: len(sizes)] = sizes
    for cluster, parent in enumerate(merges.parent):
        if cluster < len(sizes):
            clades[cluster] = [cluster]
        if parent >= 0:
            weight[parent] += weight[cluster]
            clades[parent] += clades[cluster]
    fits = weight <= most
    fits[: len(sizes)] = True
    top = [
        c
        for c, parent in enumerate(merges.parent)
        if fits[c] and not (parent >= 0 and fits[parent])
    ]
    return sorted(sorted(clades[cluster]) for cluster in top)


def _merge_fitting(
    between: FloatArray,
    parts: list[list[int]],
    sizes: list[int],
    groups: int,
    most: int,
    linkage: Linkage,
) -> list[list[int]]:
    """Merge the two most similar parts that fit together until there are few enough."""
    parts = [list(part) for part in parts]

    def rescored(one: int, other: int) -> FloatArray:
        parts[one], parts[other] = sorted(parts[one] + parts[other]), []
        pairs = (between[np.ix_(parts[one], part)] if part else np.zeros(1) for part in parts)
        return np.array([linkage.joined(pair) for pair in pairs])

    merged_while_fitting(
        _between(between, parts, linkage),
        size=np.array([_weight(part, sizes) for part in parts], dtype=np.float64),
        children=np.array([len(part) for part in parts], dtype=np.float64),
        count=groups,
        limits=Limits(1, most, 1, len(sizes)),
        rescored=rescored,
    )
    return [part for part in parts if part]


def _dissolve_surplus(
    between: FloatArray, parts: list[list[int]], sizes: list[int], groups: int, most: int
) -> list[list[int]]:
    """Deal the smallest parts' units out to the parts with room until there are few enough.

    Raises:
        ClusteringError: a unit fits nowhere.
    """
    parts = [list(part) for part in parts]
    while len(parts) > groups:
        smallest = min(parts, key=lambda part: (_weight(part, sizes), part))
        parts.remove(smallest)
        for unit in sorted(smallest, key=lambda unit: (-sizes[unit], unit)):
            room = [part for part in parts if _weight(part, sizes) + sizes[unit] <= most]
            if not room:
                raise ClusteringError(
                    f"No {groups} groups of at most {most} classes were found; "
                    "raise the slack or the number of groups."
                )
            max(room, key=lambda part: between[unit, part].mean()).append(unit)
    return parts


def _fill_small(
    between: FloatArray, parts: list[list[int]], sizes: list[int], most: int, least: int
) -> list[list[int]]:
    """Move the nearest units of parts that can spare them into parts that are too small.

    Raises:
        ClusteringError: no part can spare a unit that fits.
    """
    parts = [list(part) for part in parts]
    while True:
        small = min(parts, key=lambda part: (_weight(part, sizes), part))
        missing = _weight(small, sizes)
        if missing >= least:
            return parts
        givers = {
            unit: part
            for part in parts
            if part is not small
            for unit in part
            if _weight(part, sizes) - sizes[unit] >= least and missing + sizes[unit] <= most
        }
        if not givers:
            raise ClusteringError(
                f"No groups of {least} to {most} classes were found; lower the least size."
            )
        unit = max(sorted(givers), key=lambda unit: between[unit, small].mean())
        givers[unit].remove(unit)
        small.append(unit)


def _weight(part: list[int], sizes: list[int]) -> int:
    return sum(sizes[unit] for unit in part)
