"""Hierarchical mutual information: what two trees tell about one another, level by level."""

from __future__ import annotations

from math import log

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.comparison.cells import blocks
from taxonomy.comparison.heights import same_labels
from taxonomy.comparison.mutual_information import expected_shares
from taxonomy.trees.hierarchy import Hierarchy


def hierarchical_mutual_information(a: Hierarchy, b: Hierarchy) -> float:
    """Return the hierarchical mutual information of two trees, adjusted for chance.

    Both trees are descended side by side from their roots. Where one has come to the node u and
    the other to v, their children part the labels that u and v share in two ways, and the mutual
    information of these two counts by the share of all labels that u and v share. The sum over all
    such pairs of nodes of one depth, I, is log n for a tree with itself. The value is ``(I - E) /
    (log n - E)``, with E the mean of I over all relabellings, which is exact. So 1 stands for
    equal trees and 0 for chance. Range [-1, 1]; higher is more similar. Heights and their ties play
    no part, but depth does: clades that are alike and at different depths tell nothing about one
    another, so that one node more near the root is dear. A multiway node parts its labels at once;
    nodes with a single child are left out. NaN where all relabellings are equal trees. Its mean
    under random relabelling is exactly 0. Sources: Perotti, Tessone & Caldarelli 2015, Physical
    Review E 92, for I; Perotti, Almeida & Saracco 2020, Physical Review E 101, that it has the
    bounds of mutual information, and for adjusting it.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> round(hierarchical_mutual_information(a, b), 3)
    0.635
    """
    same_labels(a, b)
    a, b = (tree.collapse_unary() for tree in (a, b))
    most, expected = log(len(a.leaves)), expected_information(a, b)
    if most - expected < 1e-9:
        return float("nan")
    return (information(a, b) - expected) / (most - expected)


def expected_hierarchical_mutual_information(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean over all relabellings of one tree: exactly 0, as it is adjusted.

    >>> expected_hierarchical_mutual_information(Hierarchy.star("abc"), Hierarchy.star("abc"))
    0.0
    """
    same_labels(a, b)
    return 0.0


def information(a: Hierarchy, b: Hierarchy) -> float:
    """Return the hierarchical mutual information, in nats, of trees without single children.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> round(information(tree, tree) / log(2), 3)  # two bits: which half, and which of the two
    2.0
    """
    total = 0.0
    for cells in blocks(a, b):
        one, other = cells.a, cells.b
        level, level_b = one.depth[cells.x], other.depth[cells.y]
        below_both = (level == level_b) & (cells.y > 0)
        signs = 1 * (cells.is_row & below_both)
        signs += cells.is_node & (level == level_b) & other.inner[cells.y]
        signs -= cells.is_row & (level == level_b + 1) & other.inner[cells.y]
        signs -= cells.is_node & (level + 1 == level_b)
        count = cells.count
        # With x labels in a cell of a table of n, in a row of r and a column of c, a table's
        # information is the sum of x * log(x * n / (r * c)): four sums of x * log(x).
        total += float(np.dot(signs, count * np.log(count)))
    return total / len(a.leaves)


def expected_information(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `information` over all relabellings of one tree, exactly.

    The labels that two clades share are hypergeometric, and so is each of the four sums.

    >>> star = Hierarchy.star("abc")
    >>> round(expected_information(star, star) / log(3), 6)  # log 3, whatever the labels
    1.0
    """
    n = len(a.leaves)
    one, other = ([_sizes(tree, inner) for inner in (False, True)] for tree in (a, b))
    codes, weights = [], []
    for level in range(min(int(a.depth.max()), int(b.depth.max())) + 1):
        for ours, theirs, sign in (
            (one[0].get(level) if level else None, other[0].get(level), 1),
            (one[1].get(level), other[1].get(level), 1),
            (one[0].get(level + 1), other[1].get(level), -1),
            (one[1].get(level), other[0].get(level + 1), -1),
        ):
            # Levels at which one tree has leaves alone are the end of the descent.
            if ours is None or theirs is None:
                continue
            codes.append(np.add.outer(ours[0] * (n + 1), theirs[0]).ravel())
            weights.append(sign * np.multiply.outer(ours[1], theirs[1]).ravel())
    distinct, place = np.unique(np.concatenate(codes), return_inverse=True)
    weight = np.bincount(place, np.concatenate(weights))
    kept = weight != 0
    r, c = distinct[kept] // (n + 1), distinct[kept] % (n + 1)
    mean: FloatArray = expected_shares(r, c, n) + r * c / n**2 * np.log(r * c / n)
    return float(np.dot(weight[kept], mean))


def _sizes(tree: Hierarchy, inner: bool) -> dict[int, tuple[IntArray, IntArray]]:
    """Return, by depth, the distinct sizes of clades and how many have each."""
    found = {}
    for depth in range(int(tree.depth.max()) + 1):
        here = tree.depth == depth
        if inner:
            here &= ~tree.is_leaf
        if here.any():
            found[depth] = np.unique(tree.leaf_counts[here], return_counts=True)
    return found
