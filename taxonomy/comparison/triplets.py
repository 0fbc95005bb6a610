"""Triplet distance: how many triples of labels two trees arrange differently."""

from __future__ import annotations

from math import comb

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.comparison.heights import same_labels
from taxonomy.comparison.spans import SharedCounts, pairs_meeting
from taxonomy.trees.hierarchy import Hierarchy


def triplet_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return the share of label triples that two trees arrange differently, exactly.

    Three labels have four shapes: one of three pairs closer to each other than to the third
    (resolved), or all three meeting at one node (unresolved, a shape of its own). Range [0, 1], 0
    for equal trees; lower is more similar. Heights and their ties play no part. A multiway node
    makes triples unresolved, and these differ from every resolved one: a star differs from a
    binary tree in all triples. Its mean under random relabelling is `expected_triplet_distance`,
    2/3 for two binary trees. Time and memory grow with the square of the number of labels.
    Sources: Dobson 1975, Combinatorial Mathematics III; Sand, Holt, Johansen, Fagerberg, Brodal,
    Pedersen & Mailund 2013, Biology 2, for unresolved triples.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    >>> triplet_distance(a, b)  # cat, dog, car alone keep their shape
    0.75
    """
    same_labels(a, b)
    shared = SharedCounts(a, b)
    same = _resolved_alike(a, b, shared) + _unresolved_alike(a, b, shared)
    return 1 - same / comb(len(a.leaves), 3)


def expected_triplet_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `triplet_distance` over all relabellings of one tree, exactly.

    With u and v the trees' shares of unresolved triples, two random shapes agree with the chance
    ``u * v + (1 - u) * (1 - v) / 3``, as a resolved triple is equally likely to be any of three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> round(expected_triplet_distance(a, a), 3)
    0.667
    """
    same_labels(a, b)
    u, v = (unresolved_triples(tree) / comb(len(tree.leaves), 3) for tree in (a, b))
    return 1 - u * v - (1 - u) * (1 - v) / 3


def unresolved_triples(tree: Hierarchy) -> int:
    """Return how many label triples lie in three different children of one node.

    >>> unresolved_triples(Hierarchy.from_nested([["cat", "dog"], "bus", "car"]))
    2
    """
    size = tree.leaf_counts.tolist()
    total = 0
    for node in tree.nodes:
        below = [size[child] for child in tree.children(node)]
        one, two, three = (sum(count**power for count in below) for power in (1, 2, 3))
        total += (one**3 - 3 * one * two + 2 * three) // 6
    return total


def _resolved_alike(a: Hierarchy, b: Hierarchy, shared: SharedCounts) -> int:
    """Count triples ij|k of both trees: pairs ij times labels outside both nodes they meet at."""
    n = len(a.leaves)
    inside_both = shared.between(a.nodes, b.nodes).astype(np.int64)
    pairs = inside_both * (inside_both - 1) // 2
    pairs_meeting(a, pairs)
    pairs_meeting(b, pairs.T)
    outside = inside_both + n
    outside -= a.leaf_counts[a.nodes][:, None]
    outside -= b.leaf_counts[b.nodes]
    return int(np.vdot(pairs, outside))


def _unresolved_alike(a: Hierarchy, b: Hierarchy, shared: SharedCounts) -> int:
    """Count triples that lie in three children of one node in both trees."""
    columns, starts = _children_of_multiway(b)
    if not len(starts):
        return 0
    total = 0
    for node in a.nodes:
        children = a.children(node)
        if len(children) > 2:
            cells = shared.between(np.array(children), columns).astype(np.float64)
            total += _triples_in_distinct_cells(cells, starts)
    return total


def _children_of_multiway(tree: Hierarchy) -> tuple[IntArray, IntArray]:
    """Return the children of all nodes with three or more, and where each node's ones start."""
    families = [tree.children(node) for node in tree.nodes]
    families = [family for family in families if len(family) > 2]
    sizes = [len(family) for family in families]
    members = np.array([child for family in families for child in family], dtype=np.int64)
    starts = np.cumsum([0, *sizes[:-1]]) if sizes else np.zeros(0)
    return members, starts.astype(np.int64)


def _triples_in_distinct_cells(cells: FloatArray, starts: IntArray) -> int:
    """Count triples of labels in three different rows and columns of contingency tables.

    The tables lie side by side in ``cells``, their first columns at ``starts``. By inclusion and
    exclusion over which of the three labels share a row and which share a column; every term is a
    whole number below n**3, which float64 holds for n up to 200,000.
    """
    rows = np.add.reduceat(cells, starts, axis=1)
    whole = rows.sum(0)
    table = np.repeat(np.arange(len(starts)), np.diff([*starts, cells.shape[1]]))
    column = cells.sum(0)
    square = np.einsum("cd,cd->d", cells, cells)
    cube = np.einsum("cd,cd,cd->d", cells, cells, cells)
    wide = rows[:, table]
    with_row = np.einsum("cd,cd->d", cells, wide)
    square_row = np.einsum("cd,cd,cd->d", cells, cells, wide)
    inner = 2 * column**3 + 6 * column * with_row - 6 * square_row - 6 * column * square + 4 * cube
    by_table = np.add.reduceat(inner, starts)
    by_table += 3 * whole * np.add.reduceat(square - column**2, starts)
    by_table += whole**3 - 3 * whole * (rows**2).sum(0) + 2 * (rows**3).sum(0)
    return round(float(by_table.sum()) / 6)
