"""Agglomerative clustering: a similarity in, a dendrogram or a tree of bounded groups out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from taxonomy import _io
from taxonomy._registry import lookup
from taxonomy.errors import ClusteringError
from taxonomy.hierarchy import Hierarchy
from taxonomy.raw_tree import RawTree

if TYPE_CHECKING:
    from taxonomy.similarity import Similarity

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LINKAGES: dict[str, Callable[[FloatArray], np.floating]] = {
    "average": np.mean,
    "weighted": np.mean,
    "complete": np.min,
    "single": np.max,
}
"""scipy's linkages that hold for any dissimilarity, and what each makes of two groups' pairs.

Ward, centroid and median linkage need Euclidean distances, which ``1 - similarity`` is not.
"""


def linkage(similarity: Similarity, method: str = "average") -> FloatArray:
    """Return scipy's linkage matrix on ``1 - similarity``, labels in canonical order.

    Args:
        similarity: of n >= 2 labels.
        method: one of `LINKAGES`.

    Returns:
        shape (n - 1, 4): two merged clusters, their distance in [0, 1], leaves in the new one.

    Raises:
        RegistryError: an unknown method.

    >>> from taxonomy.similarity import Similarity
    >>> s = Similarity(["a", "b", "c"], [[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    >>> linkage(s)[:, 2].round(3).tolist()
    [0.1, 0.8]
    """
    return _linkage(1.0 - similarity.values, method)


def dendrogram(similarity: Similarity, method: str = "average") -> Hierarchy:
    """Return the full binary dendrogram as a hierarchy with merge heights.

    >>> from taxonomy.similarity import Similarity
    >>> s = Similarity(["a", "b", "c"], [[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    >>> dendrogram(s).height.round(3).tolist()
    [0.8, 0.1, 0.0, 0.0, 0.0]
    """
    n = len(similarity)
    made = {
        **_io.provenance("dendrogram", ("scipy",), linkage=method, similarity=similarity.digest),
        "source": similarity.provenance,
    }
    if n == 1:
        return Hierarchy.from_nested(list(similarity.ids), made)
    merges = linkage(similarity, method)
    parent = np.full(2 * n - 1, -1, dtype=np.int64)
    for step, merge in enumerate(merges):
        parent[merge[:2].astype(int)] = n + step
    raw = RawTree(
        parent=parent.tolist(),
        leaf=[*similarity.ids, *[None] * (n - 1)],
        name=[""] * (2 * n - 1),
        height=[0.0] * n + merges[:, 2].tolist(),
    )
    return Hierarchy.from_raw(raw, made)


def bounded_levels(
    similarity: Similarity,
    levels: Sequence[int] = (12, 48),
    method: str = "average",
    slack: float = 1.5,
    least: int = 2,
) -> Hierarchy:
    """Return a tree with at most so many groups a level, each within bounds of size.

    The finest level is made first, by cutting the dendrogram of the classes where clades reach
    the bound and merging the most similar pieces that still fit; each coarser level groups the
    groups of the level below in the same way. Plain cuts at a height leave one huge group and
    many singletons, whose branches would starve and waste.

    Args:
        similarity: of n labels.
        levels: groups per level, coarse to fine, such as ``(12, 48)``.
        method: one of `LINKAGES`.
        slack: a group holds at most ``ceil(slack * n / groups)`` classes; at least 1.
        least: fewest classes of a group of the finest level.

    Raises:
        ClusteringError: levels that do not increase, or bounds that cannot be met.
        RegistryError: an unknown method.
    """
    n = len(similarity)
    lookup("linkage", LINKAGES, method)
    _check_bounds(n, levels, slack, least)
    units: list[list[int]] = [[i] for i in range(n)]
    made: list[list[list[int]]] = []
    for groups in reversed(levels):
        most = math.ceil(slack * n / groups)
        smallest = least if len(units) == n else 1
        units = _partition(similarity.values, units, groups, most, smallest, method)
        made.append(units)
    raw = RawTree()
    above = {i: raw.add(-1) for i in [0]}
    place = dict.fromkeys(range(n), above[0])
    for level in reversed(made):
        for group in level:
            node = raw.add(place[group[0]])
            place.update(dict.fromkeys(group, node))
    for i, label_id in enumerate(similarity.ids):
        raw.add(place[i], leaf=label_id)
    options = {"levels": list(levels), "linkage": method, "slack": slack, "least": least}
    return Hierarchy.from_raw(
        raw,
        {
            **_io.provenance("bounded_levels", ("scipy",), **options, similarity=similarity.digest),
            "source": similarity.provenance,
        },
    )


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


def _linkage(distances: FloatArray, method: str) -> FloatArray:
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    lookup("linkage", LINKAGES, method)
    condensed = squareform(distances, checks=False)
    merges: FloatArray = hierarchy.linkage(condensed, method=method)
    return merges


def _partition(
    values: FloatArray,
    units: list[list[int]],
    groups: int,
    most: int,
    least: int,
    method: str,
) -> list[list[int]]:
    """Join units (lists of class indices) into at most ``groups`` lists of bounded size."""
    between = _between(values, units, method)
    sizes = [len(unit) for unit in units]
    parts = _maximal_clades(1 - between, sizes, most, method)
    parts = _merge_fitting(between, parts, sizes, groups, most, method)
    parts = _dissolve_surplus(between, parts, sizes, groups, most)
    parts = _fill_small(between, parts, sizes, most, least)
    return sorted(sorted(i for u in part for i in units[u]) for part in parts)


def _between(values: FloatArray, units: list[list[int]], method: str) -> FloatArray:
    """Return the similarity between every two units, shape (units, units)."""
    join = LINKAGES[method]
    if all(len(unit) == 1 for unit in units):
        order = [unit[0] for unit in units]
        return values[np.ix_(order, order)]
    between = np.ones((len(units), len(units)))
    for i, one in enumerate(units):
        for j in range(i):
            between[i, j] = between[j, i] = join(values[np.ix_(one, units[j])])
    return between


def _maximal_clades(
    distances: FloatArray, sizes: list[int], most: int, method: str
) -> list[list[int]]:
    """Return the largest clades of the units' dendrogram that hold at most ``most`` classes."""
    n = len(distances)
    clades = {i: [i] for i in range(n)}
    weight = dict(enumerate(sizes))
    final = []
    if n > 1:
        distances = distances.copy()
        np.fill_diagonal(distances, 0)
        for step, merge in enumerate(_linkage(distances, method)):
            one, other = int(merge[0]), int(merge[1])
            whole = n + step
            weight[whole] = weight[one] + weight[other]
            if weight[whole] <= most:
                clades[whole] = clades.pop(one) + clades.pop(other)
    final = [sorted(part) for part in clades.values()]
    return sorted(final)


def _merge_fitting(
    between: FloatArray,
    parts: list[list[int]],
    sizes: list[int],
    groups: int,
    most: int,
    method: str,
) -> list[list[int]]:
    """Merge the two most similar parts that fit together until there are few enough."""
    join = LINKAGES[method]
    parts = [list(part) for part in parts]
    weight = np.array([_weight(part, sizes) for part in parts])
    score = _between(between, parts, method)
    np.fill_diagonal(score, -np.inf)
    while len(parts) > groups:
        fits = np.add.outer(weight, weight) <= most
        allowed = np.where(fits, score, -np.inf)
        one, other = np.unravel_index(int(np.argmax(allowed)), allowed.shape)
        if not np.isfinite(allowed[one, other]):
            break
        one, other = min(one, other), max(one, other)
        parts[one] = sorted(parts[one] + parts.pop(other))
        weight[one] += weight[other]
        weight = np.delete(weight, other)
        score = np.delete(np.delete(score, other, 0), other, 1)
        for k, part in enumerate(parts):
            if k != one:
                pair = join(between[np.ix_(parts[one], part)])
                score[one, k] = score[k, one] = pair
    return parts


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
