"""Where each entry's labels lie when a tree's leaves are laid out in preorder.

The labels below an entry are then neighbours, so that counts over clades are differences of
running sums: all metrics here that visit pairs of nodes rest on that.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import IntArray
from taxonomy.trees.consensus import leaf_spans
from taxonomy.trees.hierarchy import Hierarchy


class SharedCounts:
    """How many labels two clades, one of each tree, have in common.

    Args:
        a: a tree of n labels.
        b: a tree over the same labels.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    >>> SharedCounts(a, b).between(a.nodes, b.nodes).tolist()
    [[4, 3], [2, 1], [2, 2]]
    """

    def __init__(self, a: Hierarchy, b: Hierarchy) -> None:
        n = len(a.leaves)
        self._a, self._b = leaf_spans(a), leaf_spans(b)
        grid = np.zeros((n + 1, n + 1), dtype=np.int32)
        grid[self._a[1][a.leaf_entries], self._b[1][b.leaf_entries]] = 1
        np.cumsum(grid, axis=0, out=grid)
        self._below = np.cumsum(grid, axis=1, out=grid)

    def between(self, rows: IntArray, columns: IntArray) -> npt.NDArray[np.int32]:
        """Return the counts for entries of ``a`` (rows) and of ``b`` (columns)."""
        start, stop = self._a
        strip = self._below[stop[rows]] - self._below[start[rows]]
        start, stop = self._b
        counts: npt.NDArray[np.int32] = strip[:, stop[columns]] - strip[:, start[columns]]
        return counts


def pairs_meeting(tree: Hierarchy, pairs_below: IntArray) -> None:
    """Turn counts of pairs below each node into counts of pairs that meet at it, in place.

    Args:
        tree: the tree.
        pairs_below: shape (n_nodes, …), in the order of ``tree.nodes``.
    """
    place = np.zeros(len(tree), dtype=np.int64)
    place[tree.nodes] = np.arange(len(tree.nodes))
    above = place[tree.parent[tree.nodes]]
    # Parents come before children, so that each row is still whole when its parent needs it.
    for i in range(1, len(above)):
        pairs_below[above[i]] -= pairs_below[i]


def pairs_at(tree: Hierarchy) -> IntArray:
    """Return how many pairs of labels meet at each node, in the order of ``tree.nodes``.

    >>> pairs_at(Hierarchy.from_nested([["cat", "dog"], "car"])).tolist()
    [2, 1]
    """
    size = tree.leaf_counts[tree.nodes]
    pairs: IntArray = size * (size - 1) // 2
    pairs_meeting(tree, pairs)
    return pairs
