"""Cuts: flat clusterings of a tree's labels, made by opening its nodes from the root down.

Nodes open in the order of their heights, the highest first, and **all nodes of one height open at
once**, because no order among them is given. So a tree of n labels can be cut into some numbers
of clusters only, always 1 and n among them: a binary dendrogram without ties into every number
from 1 to n, a star into 1 and n alone. A cut into at most k is the finest that has no more than k
clusters, as in scipy's ``fcluster(…, k, "maxclust")``.

A node's height is its merge height or, in a tree without merge heights, the most edges down to a
leaf. A node lower than one inside it (an inversion, which centroid and median linkage make) opens
with the highest node inside it. Heights that differ by less than 1e-9 of the greatest are equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy._core.errors import HierarchyError
from taxonomy.trees.consensus import leaf_spans
from taxonomy.trees.hierarchy import Hierarchy

EQUAL_HEIGHTS = 1e-9
"""Heights are equal if they differ by less than this share of the greatest."""


def cluster_counts(tree: Hierarchy) -> IntArray:
    """Return the numbers of clusters that a tree can be cut into, ascending from 1 to n.

    >>> cluster_counts(Hierarchy.from_nested([["cat", "dog"], "bus", "car"])).tolist()
    [1, 3, 4]
    """
    return np.unique(np.append(_clusters_above(tree), len(tree.leaves)))


def cut(tree: Hierarchy, clusters: int) -> IntArray:
    """Return the finest cut of a tree into at most ``clusters`` clusters.

    Returns:
        shape (n_leaves,): a cluster number for each label, in order of ``tree.leaves``; clusters
        are numbered from 0 in the order of their first labels.

    Raises:
        HierarchyError: less than one cluster is asked for.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> tree.leaves, cut(tree, 3).tolist(), cut(tree, 2).tolist()
    (('bus', 'car', 'cat', 'dog'), [0, 1, 2, 2], [0, 0, 0, 0])
    """
    if clusters < 1:
        raise HierarchyError(f"A cut into {clusters} clusters: ask for at least 1.")
    (held,) = cuts_at_most(tree, [clusters])
    _, first, label = np.unique(held, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[label]


def most_clusters_whole(tree: Hierarchy) -> IntArray:
    """Return, per entry, the most clusters of a cut that does not open it; 0 for leaves.

    That of the node at which two labels meet is Baker's k of the two.

    >>> most_clusters_whole(Hierarchy.from_nested([["cat", "dog"], "bus"])).tolist()
    [1, 0, 2, 0, 0]
    """
    whole = np.zeros(len(tree), dtype=np.int64)
    whole[tree.nodes] = _clusters_above(tree)[opening_order(tree)]
    return whole


def opening_order(tree: Hierarchy) -> IntArray:
    """Return the step at which each node opens, the root's being 0; in order of ``tree.nodes``."""
    height = np.full(len(tree), -np.inf)
    height[tree.nodes] = tree.height[tree.nodes]
    for i in range(len(tree) - 1, 0, -1):
        if height[i] > height[tree.parent[i]]:
            height[tree.parent[i]] = height[i]
    values, rank = np.unique(height[tree.nodes], return_inverse=True)
    apart = np.diff(values) > EQUAL_HEIGHTS * np.abs(values).max()
    step = np.append(0, np.cumsum(apart))
    order: IntArray = (step[-1] - step)[rank]
    return order


def _clusters_above(tree: Hierarchy) -> IntArray:
    """Return, per step, the number of clusters just before its nodes open."""
    more = np.bincount(tree.parent[1:], minlength=len(tree))[tree.nodes] - 1
    gained = np.bincount(opening_order(tree), weights=more)
    return 1 + np.append(0, np.cumsum(gained)[:-1]).astype(np.int64)


@dataclass(frozen=True)
class PairedCut:
    """Cuts of two trees, each the finest into at most ``clusters``, and their contingency table.

    Args:
        clusters: the number of clusters allowed; at least one tree has exactly as many.
        rows: labels in each cluster of the first tree.
        columns: labels in each cluster of the second.
        cells: labels in each two clusters that share any.
        row_of_cell: for each cell, the labels in its cluster of the first tree.
        column_of_cell: the same of the second.
    """

    clusters: int
    rows: IntArray
    columns: IntArray
    cells: IntArray
    row_of_cell: IntArray
    column_of_cell: IntArray


def paired_counts(a: Hierarchy, b: Hierarchy) -> IntArray:
    """Return the numbers of clusters, but 1 and n, that one of two trees can be cut into."""
    counts: IntArray = np.union1d(cluster_counts(a), cluster_counts(b))[1:-1]
    return counts


def paired_cuts(
    a: Hierarchy, b: Hierarchy, wanted: Sequence[int] | None = None
) -> Iterator[PairedCut]:
    """Cut two trees side by side, coarse to fine.

    Into every number of clusters, but 1 and n, that at least one of them can be cut into, or into
    the ascending ones of these that are wanted. The other is cut into that many too or, where it
    cannot be, at its finest cut with fewer: for two binary dendrograms without ties, both into
    every k from 2 to n - 1.
    """
    wanted = paired_counts(a, b).tolist() if wanted is None else wanted
    both = zip(wanted, cuts_at_most(a, wanted), cuts_at_most(b, wanted), strict=True)
    for clusters, one, other in both:
        rows, columns = np.bincount(one), np.bincount(other)
        codes, cells = np.unique(one * len(b) + other, return_counts=True)
        row_of_cell, column_of_cell = rows[codes // len(b)], columns[codes % len(b)]
        yield PairedCut(
            clusters, rows[rows > 0], columns[columns > 0], cells, row_of_cell, column_of_cell
        )


def cuts_at_most(tree: Hierarchy, wanted: Sequence[int]) -> Iterator[IntArray]:
    """Yield, for ascending numbers of clusters, the entry that stands for each label's cluster."""
    start, stop = leaf_spans(tree)
    place = start[tree.leaf_entries]
    order = opening_order(tree)
    by_step = np.split(
        tree.nodes[np.argsort(order, kind="stable")], np.cumsum(np.bincount(order))[:-1]
    )
    after = np.append(_clusters_above(tree)[1:], len(tree.leaves))
    held = np.zeros(len(tree.leaves), dtype=np.int64)
    step = 0
    for clusters in wanted:
        while step < len(after) and after[step] <= clusters:
            for node in by_step[step]:
                below = np.array(tree.children(node))
                held[start[node] : stop[node]] = np.repeat(below, tree.leaf_counts[below])
            step += 1
        yield held[place]
