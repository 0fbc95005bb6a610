"""Which classes moved: those whose neighbours differ most between two trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import HierarchyError
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
        raise HierarchyError(f"The trees share {len(shared)} labels; movement needs 3 or more.")
    sizes = [_clade_sizes(tree.restrict(shared, unary="collapse")) for tree in (a, b)]
    distance = 1 - _row_correlations(*(_row_ranks(size) for size in sizes))
    near_a, near_b = (_nearest(size, shared, neighbours) for size in sizes)
    table = pd.DataFrame({"label": shared, "moved": distance, "near_a": near_a, "near_b": near_b})
    return table.sort_values(["moved", "label"], ascending=[False, True], ignore_index=True)


def _clade_sizes(tree: Hierarchy) -> IntArray:
    """Return the size of the least clade of each two labels, and 1 for a label with itself."""
    sizes: IntArray = tree.leaf_counts[tree.lowest_common_ancestors]
    return sizes


def _row_ranks(values: IntArray) -> FloatArray:
    """Return the ranks of the values within each row, equal ones sharing their mean."""
    from scipy.stats import rankdata

    ranks: FloatArray = rankdata(values, axis=1)
    return ranks


def _row_correlations(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return Pearson's correlation of each two rows, the diagonal left out.

    Two constant rows count as equal, and a constant one as unrelated to any other.
    """
    n = len(one)
    inside = ~np.eye(n, dtype=bool)
    # A label comes first in its own row, so that the others' mean rank is that of 2 to n.
    centred = [(ranks - (n + 2) / 2) * inside for ranks in (one, other)]
    products = np.einsum("ij,ij->i", *centred)
    squares = [np.einsum("ij,ij->i", deviation, deviation) for deviation in centred]
    scale = np.sqrt(squares[0] * squares[1])
    both_constant = (squares[0] == 0) & (squares[1] == 0)
    correlation = np.divide(products, scale, out=both_constant.astype(np.float64), where=scale > 0)
    # Rounding makes an unmoved class exactly unmoved, and equal ones equal.
    rounded: FloatArray = np.clip(correlation, -1.0, 1.0).round(12)
    return rounded


def _nearest(size: IntArray, labels: list[str], count: int) -> list[tuple[str, ...]]:
    """Return, per label, the nearest others, equally near ones by id."""
    order = np.argsort(size, axis=1, kind="stable")
    return [
        tuple(labels[j] for j in row[: count + 1].tolist() if j != i)[:count]
        for i, row in enumerate(order)
    ]
