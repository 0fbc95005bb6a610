"""Quartet distance: how many sets of four labels two unrooted trees join differently."""

from __future__ import annotations

from math import comb, nan

from taxonomy.comparison.heavy_paths import points
from taxonomy.comparison.heights import same_labels
from taxonomy.comparison.quartets_alike import alike
from taxonomy.comparison.unresolved import WORD
from taxonomy.trees.hierarchy import Hierarchy

MOST_LABELS = 55_000
"""Up to here 64 bits hold the counts: four labels of n can be ordered in less than 2**63 ways."""


def quartet_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return the share of sets of four labels that two trees join differently, exactly.

    Without a root four labels have four shapes: one of three ways to part them two by two
    (resolved), or all four paths meeting at one node (unresolved, a shape of its own). Range
    [0, 1], 0 for equal trees; lower is more similar. 0 too for three labels, which have no four.
    Where the root is plays no part, nor do heights and their ties: two trees that differ in their
    root alone have distance 0. A multiway node leaves quartets unresolved, and these differ from
    every resolved one: a star differs from a binary tree in all. Its mean under random relabelling
    is `expected_quartet_distance`, 2/3 for two binary trees. Time and memory as for
    `triplet_distance`; NaN, not computed, beyond 55,000 labels. Sources: Estabrook, McMorris &
    Meacham 1985, Systematic Zoology 34; Brodal, Fagerberg, Mailund, Pedersen & Sand 2013, SODA, for
    sums over two nodes at a time in few steps, here over the nodes of two heavy paths.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> quartet_distance(a, b)  # cat, dog, owl with bus or car: two by two in one only
    0.4
    """
    same_labels(a, b)
    n = len(a.leaves)
    if n < 4:
        return 0.0
    if n > MOST_LABELS:
        return nan
    if a.depth.max() > b.depth.max():
        a, b = b, a  # shorter paths have fewer rows to halve
    total = sum(alike(block, n) for block in points(a, b, 2))
    return 1 - (total % WORD // 24) / comb(n, 4)


def expected_quartet_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `quartet_distance` over all relabellings of one tree, exactly.

    As for triples: with u and v the shares of unresolved quartets, two random shapes agree with
    the chance ``u * v + (1 - u) * (1 - v) / 3``.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> round(expected_quartet_distance(a, a), 3)
    0.667
    """
    same_labels(a, b)
    n = len(a.leaves)
    if n < 4:
        return 0.0
    u, v = (unresolved_quartets(tree) / comb(n, 4) for tree in (a, b))
    return 1 - u * v - (1 - u) * (1 - v) / 3


def unresolved_quartets(tree: Hierarchy) -> int:
    """Return how many sets of four labels lie on four different edges of one node.

    >>> unresolved_quartets(Hierarchy.from_nested(["cat", "dog", ["bus", "car"], "owl"]))
    2
    """
    n, size = len(tree.leaves), tree.leaf_counts.tolist()
    total = 0
    for node in tree.nodes:
        around = [n - size[node], *(size[child] for child in tree.children(node))]
        ways = [1, 0, 0, 0, 0]  # to choose so many of them, one from each
        for count in around:
            ways = [1, *(ways[k] + count * ways[k - 1] for k in range(1, 5))]
        total += ways[4]
    return total
