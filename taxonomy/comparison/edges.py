"""Edge F1: how many parent-child pairs two trees share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy._core.errors import HierarchyError, check_choice
from taxonomy.comparison.ancestors import Match, codes_of_sizes, expected_f1, keys_of
from taxonomy.comparison.clades import same_clade_numbers
from taxonomy.comparison.heights import same_labels
from taxonomy.trees.hierarchy import Hierarchy


class EdgeAgreement(NamedTuple):
    """Which share of the edges of two trees is in the other.

    Attributes:
        precision: shared edges over those of the first tree.
        recall: shared edges over those of the second.
        f1: their harmonic mean.
    """

    precision: float
    recall: float
    f1: float


def edge_f1(a: Hierarchy, b: Hierarchy, match: Match = "clade") -> float:
    """Return the F1 of the parent-child pairs that two trees share.

    Two edges are the same if their parents match and their children match: labels by id, roots
    always, other nodes by the set of labels below them (``match="clade"``), or by name where they
    have one and by that set where they have none (``match="name"``). F1 is ``2 * shared / (edges
    of a + edges of b)``. Range [0, 1], 1 for equal trees; higher is more similar. Heights and
    their ties play no part. A multiway node has one edge to each child, so that a node put between
    it and some of them costs their edges and no others, where `ancestor_f1` would keep them in
    part. Nodes that match within one tree are one, such as those of a chain of single children; an
    edge between them is left out. The mean of the match by clade under random relabelling is
    `expected_edge_f1`. Source: Bansal, Burkett, de Melo & Klein 2014, ACL, for edges by name; by
    clade it is this toolkit's own, for trees without names.

    Args:
        a: a tree.
        b: a tree over the same labels.
        match: ``"clade"`` or ``"name"``.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three, or there is no such
            way to match.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> round(edge_f1(a, b), 3)  # 3 edges shared, of 6 and 5
    0.545
    """
    return edge_agreement(a, b, match).f1


def edge_agreement(a: Hierarchy, b: Hierarchy, match: Match = "name") -> EdgeAgreement:
    """Return precision, recall and F1 of the edges of one tree in another.

    Edges match as in `edge_f1`, where a tree to be judged is the first and the one it should be
    the second.

    >>> found = Hierarchy.from_nested({"pets": ["cat", "dog"], "cars": ["bus", "van", "cow"]})
    >>> truth = Hierarchy.from_nested({"pets": ["cat", "dog", "cow"], "cars": ["bus", "van"]})
    >>> edge_agreement(found, truth).f1  # of 7 edges each all but that of the cow
    0.8571428571428571
    """
    check_choice("match", match, Match, HierarchyError)
    of_a, of_b = same_clade_numbers(a, b)
    known: dict[object, int] = {}
    edges_a, edges_b = (
        _edges(_as_one_root(tree, keys_of(tree, of_tree, match, known)), tree)
        for tree, of_tree in ((a, of_a), (b, of_b))
    )
    shared = len(edges_a & edges_b)
    f1 = 2 * shared / (len(edges_a) + len(edges_b))
    return EdgeAgreement(shared / len(edges_a), shared / len(edges_b), f1)


def expected_edge_f1(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `edge_f1` by clade over all relabellings of one tree, exactly.

    As for `taxonomy.comparison.ancestor_f1`: an edge from s labels to r of them lands on a given
    such edge with the chance ``1 / (C(n, s) * C(s, r))``.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> round(expected_edge_f1(a, a), 3)  # 2 edges from 4 to 2, of chance 1/6; 4 of chance 1/12
    0.333
    """
    same_labels(a, b)
    codes = []
    for tree in (a, b):
        keys = keys_of(tree, same_clade_numbers(tree, tree)[0], "clade", {})
        parent, child = np.array(list(_edges(keys, tree))).T
        codes.append(codes_of_sizes(tree, keys, parent, child))
    return expected_f1(len(a.leaves), *codes)


def _as_one_root(tree: Hierarchy, keys: IntArray) -> IntArray:
    """Return the keys with one of their own for roots, whatever these are called."""
    is_root = (tree.leaf_counts == len(tree.leaves)) & (keys == keys[0])
    return np.where(is_root, -1, keys)


def _edges(keys: IntArray, tree: Hierarchy) -> set[tuple[int, int]]:
    """Return the distinct edges, each as the keys of parent and child."""
    parents, children = keys[tree.parent[1:]].tolist(), keys[1:].tolist()
    return {edge for edge in zip(parents, children, strict=True) if edge[0] != edge[1]}
