"""Which classes moved: those whose neighbours differ most between two trees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import HierarchyError
from taxonomy._core.spelling import counted
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd


def moved(a: Hierarchy, b: Hierarchy, neighbours: int = 3) -> pd.DataFrame:
    """Return how far each class moved from one tree to the other, the farthest first.

    In each tree a class has the others near or far: the fewer labels in the least clade that holds
    both, the nearer. A class moved by one minus Spearman's correlation of that order in the two
    trees. Range [0, 2]: 0 it has the same neighbours in the same order, 1 its neighbours in one
    tell nothing about those in the other, 2 the near ones are the far ones now. Classes in one
    clade of a multiway node are equally near and share their mean rank. A class to which all
    others are equally near (one that hangs at the root) has no order: it moved by 0 if that is so
    in both trees and by 1 if in one. Heights play no part. Trees of different labels are
    restricted to the shared ones. Source: Spearman 1904 for the correlation; the measure is this
    toolkit's own.

    Args:
        a: a tree.
        b: a tree that shares three or more labels with it.
        neighbours: how many near classes to name.

    Returns:
        one row for every shared class, the farthest first, equal ones by id: ``label``,
        ``moved``, and the ``near_a`` and ``near_b``, each a tuple of the nearest classes.

    Raises:
        HierarchyError: fewer than three labels are shared.

    >>> a = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "dog"], ["bus", "car", "owl"]])
    >>> table = moved(a, b, neighbours=2)
    >>> print(table.head(2).round(2).to_string(index=False))
    label  moved     near_a     near_b
      owl   2.00 (cat, dog) (bus, car)
      bus   0.42 (car, cat) (car, owl)
    """
    import pandas as pd

    shared = sorted(set(a.leaves) & set(b.leaves))
    if len(shared) < 3:
        raise HierarchyError(
            f"The trees share {counted(len(shared), 'label')}; movement needs 3 or more."
        )
    one, other = (_Nearness.of(tree.restrict(shared, unary="collapse")) for tree in (a, b))
    rows = []
    for i, label in enumerate(shared):
        sizes = one.clade_sizes(i), other.clade_sizes(i)
        distance = 1 - _correlation(_ranks(sizes[0]), _ranks(sizes[1]), i)
        near = (tuple(shared[j] for j in _nearest(size, neighbours)) for size in sizes)
        rows.append((label, distance, *near))
    table = pd.DataFrame(rows, columns=["label", "moved", "near_a", "near_b"])
    return table.sort_values(["moved", "label"], ascending=[False, True], ignore_index=True)


@dataclass(frozen=True)
class _Nearness:
    """How near the labels of a tree are to one another, one label at a time.

    All pairs of 10,000 labels would take a gigabyte a table.

    Args:
        place: of every label, its place in the tree's preorder.
        between: per place but the first, the size of the least clade that holds the labels there
            and before it.
    """

    place: IntArray
    between: IntArray

    @classmethod
    def of(cls, tree: Hierarchy) -> _Nearness:
        in_preorder = np.flatnonzero(tree.is_leaf)
        # What follows a leaf in preorder is the branch that parts from it where the two meet.
        meet = tree.parent[in_preorder[:-1] + 1]
        return cls(np.searchsorted(in_preorder, tree.leaf_entries), tree.leaf_counts[meet])

    def clade_sizes(self, i: int) -> IntArray:
        """Return the size of the least clade that holds a label and each other; 1 for itself."""
        p = self.place[i]
        sizes = np.ones(len(self.place), dtype=np.int64)
        # The clade that holds both ends of a stretch is the largest of those between neighbours.
        np.maximum.accumulate(self.between[p:], out=sizes[p + 1 :])
        np.maximum.accumulate(self.between[:p][::-1], out=sizes[:p][::-1])
        return sizes[self.place]


def _ranks(sizes: IntArray) -> FloatArray:
    """Return ranks, equal ones sharing their mean, of the sizes of the clades about one label.

    A clade of size s holds s labels, so that those of the next size have the ranks above s.
    """
    there = np.flatnonzero(np.bincount(sizes))
    rank = np.zeros(int(there[-1]) + 1)
    rank[there] = (np.append(0, there[:-1]) + 1 + there) / 2
    ranks: FloatArray = rank[sizes]
    return ranks


def _correlation(one: FloatArray, other: FloatArray, own: int) -> float:
    """Return Pearson's correlation of two rows of ranks, without the label's own.

    Two constant rows count as equal, and a constant one as unrelated to any other.
    """
    # A label comes first in its own row, so that the others' mean rank is that of 2 to n.
    one, other = (ranks - (len(ranks) + 2) / 2 for ranks in (one, other))
    one[own] = other[own] = 0
    squares = float(one @ one), float(other @ other)
    scale = math.sqrt(squares[0] * squares[1])
    if scale == 0:
        return float(squares == (0, 0))
    # Rounding makes an unmoved class exactly unmoved, and equal ones equal.
    return round(min(1.0, max(-1.0, float(one @ other) / scale)), 12)


def _nearest(sizes: IntArray, count: int) -> list[int]:
    """Return the nearest labels but the one itself, equally near ones by number."""
    n = len(sizes)
    keys = sizes * n + np.arange(n)  # the label itself has the least one, as its size is 1
    count = min(count, n - 1)
    nearest = np.sort(np.partition(keys, count)[: count + 1])[1:] % n
    return [int(label) for label in nearest]
