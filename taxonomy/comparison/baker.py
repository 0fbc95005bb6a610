"""Baker's gamma: whether two trees separate pairs of labels in the same order."""

from __future__ import annotations

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.comparison.cells import meeting_pairs
from taxonomy.comparison.cuts import most_clusters_whole
from taxonomy.comparison.heights import correlation, same_labels
from taxonomy.trees.hierarchy import Hierarchy

STRIP = 1_000_000
"""Cells of the table of both trees' values in memory at once."""


def baker_gamma(a: Hierarchy, b: Hierarchy) -> float:
    """Return Baker's gamma: the rank agreement of when two trees separate each pair of labels.

    For every pair of labels, take the largest k at which a cut into k clusters still holds both
    together (`taxonomy.comparison.cuts` says how multiway trees are cut). Of all pairs of pairs
    that differ in both trees, C have the same order in both and D the opposite one; gamma is
    ``(C - D) / (C + D)``. Range [-1, 1], 1 for equal trees; higher is more similar. Only the order
    of heights counts: merge heights or, without them, the most edges down to a leaf. Ties are
    left out, so that a coarse tree is not blamed for what it leaves open; the pairs that meet at
    one multiway node are tied. NaN where no two pairs differ in both trees. Its mean under random
    relabelling is near 0 but, because of ties, has no closed form. Source: Baker 1974, Journal of
    the American Statistical Association 69. R's dendextend gives another number this name:
    `baker_spearman`.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    >>> baker_gamma(a, b)  # cat and dog part late in both; all else is tied in one
    1.0
    """
    same_labels(a, b)
    u, v, pairs = meeting_pairs(a, b)
    same, opposite = _orders(most_clusters_whole(a)[u], most_clusters_whole(b)[v], pairs)
    return (same - opposite) / (same + opposite) if same + opposite else float("nan")


def baker_spearman(a: Hierarchy, b: Hierarchy) -> float:
    """Return Spearman's correlation of when each pair is separated: dendextend's "Baker".

    R's dendextend (``cor_bakers_gamma``) ranks the same k values as `baker_gamma`, but correlates
    them by Spearman. Range [-1, 1], 1 for equal trees; higher is more similar. Only the order of
    heights counts: merge heights or, without them, the most edges down to a leaf. Tied pairs share
    their mean rank, so that, unlike in `baker_gamma`, a coarse tree scores less against the same
    tree refined; the pairs that meet at one multiway node are tied. NaN where one tree parts all
    pairs at once. Its mean under random relabelling is exactly 0. Source: Galili 2015,
    Bioinformatics 31.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    >>> round(baker_spearman(a, b), 3)  # pair by pair, cat and dog last: 1 1 1 1 1 2, 1 2 2 1 1 2
    0.447
    """
    same_labels(a, b)
    u, v, pairs = meeting_pairs(a, b)
    one = _mean_ranks(most_clusters_whole(a)[u], pairs)
    return correlation(one, _mean_ranks(most_clusters_whole(b)[v], pairs), pairs)


def expected_baker_spearman(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `baker_spearman` over all relabellings of one tree: exactly 0.

    A relabelled pair is equally likely to be any pair, so that its expected rank is the mean one.

    >>> expected_baker_spearman(Hierarchy.star("abc"), Hierarchy.star("abc"))
    0.0
    """
    same_labels(a, b)
    return 0.0


def _orders(one: IntArray, other: IntArray, pairs: IntArray) -> tuple[int, int]:
    """Return how many pairs of pairs have the same order by both values, and how many not.

    Args:
        one: values of pairs by one tree.
        other: by the other tree.
        pairs: how many pairs have each two of them.
    """
    (i, rows), (j, columns) = map(_places, (one, other))
    order = np.argsort(i, kind="stable")
    i, j, pairs = i[order], j[order], pairs[order]
    above = np.zeros(columns, dtype=np.int64)
    same = opposite = 0
    step = max(1, STRIP // columns)
    for first in range(0, rows, step):
        start, stop = np.searchsorted(i, [first, first + step])
        strip = np.zeros((min(step, rows - first), columns), dtype=np.int64)
        np.add.at(strip, (i[start:stop] - first, j[start:stop]), pairs[start:stop])
        before = np.cumsum(strip, axis=0)
        total = above + before[-1]
        before += above - strip
        np.cumsum(before, axis=1, out=before)
        same += int(np.vdot(strip[:, 1:], before[:, :-1]))
        opposite += int(np.vdot(strip, before[:, -1:] - before))
        above = total
    return same, opposite


def _places(values: IntArray) -> tuple[IntArray, int]:
    """Return each value's place among the distinct ones, and how many those are."""
    present = np.bincount(values) > 0
    return (np.cumsum(present) - 1)[values], int(present.sum())


def _mean_ranks(values: IntArray, pairs: IntArray) -> FloatArray:
    """Return the ranks of values of which there are so many each, equal ones sharing their mean."""
    place, count = _places(values)
    ends = np.cumsum(np.bincount(place, pairs, count))
    ranks: FloatArray = (ends + np.append(0.0, ends[:-1]) + 1) / 2
    return ranks[place]
