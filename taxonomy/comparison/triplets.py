"""Triplet distance: how many triples of labels two trees arrange differently."""

from __future__ import annotations

from math import comb

import numpy as np

from taxonomy.comparison.cells import blocks, twice_pairs
from taxonomy.comparison.heights import same_labels
from taxonomy.comparison.unresolved import three_apart
from taxonomy.trees.hierarchy import Hierarchy


def triplet_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return the share of label triples that two trees arrange differently, exactly.

    Three labels have four shapes: one of three pairs closer to each other than to the third
    (resolved), or all three meeting at one node (unresolved, a shape of its own). Range [0, 1], 0
    for equal trees; lower is more similar. Heights and their ties play no part. A multiway node
    makes triples unresolved, and these differ from every resolved one: a star differs from a
    binary tree in all triples. Its mean under random relabelling is `expected_triplet_distance`,
    2/3 for two binary trees. Time grows with the pairs of clades that share labels: for two trees
    of like depth less than the number of labels times the square of the depth.
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
    twice_resolved = unresolved = 0
    for cells in blocks(a, b):
        pairs = twice_pairs(cells)
        u, v = cells.x[cells.tables], cells.y[cells.tables]
        # The third label of a resolved triple lies outside the nodes at which the pair meets.
        outside = len(a.leaves) - cells.a.size[u] - cells.b.size[v] + cells.count[cells.tables]
        twice_resolved += int(np.dot(pairs, outside))
        wide = (cells.a.children[u] > 2) & (cells.b.children[v] > 2) & (pairs > 0)
        unresolved += three_apart(cells, cells.tables[wide])
    return 1 - (twice_resolved // 2 + unresolved) / comb(len(a.leaves), 3)


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
