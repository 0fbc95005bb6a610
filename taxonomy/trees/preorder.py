"""What follows from the parents of a tree's entries alone, where these stand in preorder."""

from __future__ import annotations

import numpy as np

from taxonomy._core.arrays import BoolArray, IntArray


def depths(parent: IntArray) -> IntArray:
    """Return the edges between each entry and the root.

    Args:
        parent: per entry that of its parent, which comes before it; -1 for the root, the first.

    >>> depths(np.array([-1, 0, 1, 1, 0])).tolist()
    [0, 1, 2, 2, 1]
    """
    above = np.maximum(parent, 0)
    depth = np.ones(len(parent), dtype=np.int64)
    depth[0] = 0
    while above.any():  # each round doubles how far up an entry has counted
        depth += depth[above]
        above = above[above]
    return depth


def stops(parent: IntArray) -> IntArray:
    """Return the entry after the last one below each entry.

    Args:
        parent: as `depths` reads them.

    >>> stops(np.array([-1, 0, 1, 1, 0])).tolist()
    [5, 4, 3, 4, 5]
    """
    count = len(parent)
    by_parent = np.argsort(parent[1:], kind="stable") + 1
    last = np.ones(count, dtype=bool)  # children of their parents
    siblings = parent[by_parent[1:]] == parent[by_parent[:-1]]
    last[by_parent[:-1][siblings]] = False
    stop = np.full(count, count)
    stop[by_parent[:-1][siblings]] = by_parent[1:][siblings]
    above = np.where(last, np.maximum(parent, 0), np.arange(count))
    while (above[above] != above).any():
        above = above[above]
    ends: IntArray = stop[above]
    return ends


def nearest_kept(parent: IntArray, kept: BoolArray) -> IntArray:
    """Return each entry itself where it is kept, else its nearest ancestor that is; 0 without one.

    Args:
        parent: as `depths` reads them.
        kept: which entries are kept.

    >>> nearest_kept(np.array([-1, 0, 1, 1]), np.array([True, False, True, False])).tolist()
    [0, 0, 2, 0]
    """
    nearest = np.where(kept, np.arange(len(parent)), np.maximum(parent, 0))
    while (nearest[nearest] != nearest).any():
        nearest = nearest[nearest]
    return nearest
