"""How many pairs of labels meet at each node of a tree."""

from __future__ import annotations

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy.trees.hierarchy import Hierarchy


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
