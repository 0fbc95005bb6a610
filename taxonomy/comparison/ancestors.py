"""Ancestor F1: how many ancestor-descendant pairs two trees share."""

from __future__ import annotations

from typing import Literal

import numpy as np

from taxonomy._core.arrays import IntArray, WordArray
from taxonomy._core.errors import HierarchyError, check_choice
from taxonomy.comparison.clades import same_clade_numbers
from taxonomy.comparison.heights import same_labels
from taxonomy.trees.hierarchy import Hierarchy

Match = Literal["clade", "name"]


def ancestor_f1(a: Hierarchy, b: Hierarchy, match: Match = "clade") -> float:
    """Return the F1 of the ancestor-descendant pairs that two trees share.

    A pair is an inner node and a node or label anywhere below it. Two pairs of the trees are the
    same if their ancestors match and their descendants match: labels by id; nodes by the set of
    labels below them (``match="clade"``), or by name where they have one and by that set where
    they have none (``match="name"``). The root is no ancestor here, as it holds everything in any
    tree; in a match by clade, neither is any other node that holds everything. F1 is ``2 * shared
    / (pairs of a + pairs of b)``, the harmonic mean of precision and recall. Range [0, 1], 1 for
    equal trees; higher is more similar. 1 too where neither tree has a pair. Heights and their ties
    play no part; a multiway node is one ancestor. Nodes of one name are taken for one, and a
    node's pair with another of the same name, or of the same labels, is left out. The mean of the
    match by clade under random relabelling is `expected_ancestor_f1`. Sources: Bansal, Burkett,
    de Melo & Klein 2014, ACL, for pairs by name; by clade it is this toolkit's own, for trees
    without names: a clade that only one tree has costs as much as there is below it.

    Args:
        a: a tree.
        b: a tree over the same labels.
        match: ``"clade"`` or ``"name"``.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three, or there is no such
            way to match.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> round(ancestor_f1(a, b), 3)  # 2 pairs shared, of 4 and 2
    0.667
    """
    shared, of_a, of_b = shared_pairs(a, b, match)
    return 2 * shared / (of_a + of_b) if of_a + of_b else 1.0


def shared_pairs(a: Hierarchy, b: Hierarchy, match: Match = "clade") -> tuple[int, int, int]:
    """Return how many ancestor-descendant pairs both trees have, ``a`` has, and ``b`` has.

    Precision of ``a`` is the first over the second, recall the first over the third.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> shared_pairs(a, b)
    (2, 4, 2)
    """
    check_choice("match", match, Match, HierarchyError)
    of_a, of_b = same_clade_numbers(a, b)
    known: dict[object, int] = {}
    one, other = keys_of(a, of_a, match, known), keys_of(b, of_b, match, known)
    pairs_a, pairs_b = (
        _pairs(tree, keys, len(known), match) for tree, keys in ((a, one), (b, other))
    )
    shared = np.intersect1d(pairs_a, pairs_b, assume_unique=True)
    return len(shared), len(pairs_a), len(pairs_b)


def expected_ancestor_f1(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `ancestor_f1` by clade over all relabellings of one tree, exactly.

    A pair of r labels within s lands on a given such pair with the chance
    ``1 / (C(n, s) * C(s, r))``.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> round(expected_ancestor_f1(a, a), 3)  # 4 pairs of 1 within 2, each of chance 1 / 12
    0.333
    """
    same_labels(a, b)
    return expected_f1(len(a.leaves), _sizes_of_pairs(a), _sizes_of_pairs(b))


def expected_f1(n: int, one: IntArray, other: IntArray) -> float:
    """Return the mean F1 of pairs of clades, one within the other, over all relabellings.

    Args:
        n: how many labels there are.
        one: one tree's pairs, each by its sizes s and r as s * (n + 1) + r.
        other: the other tree's.

    >>> pair = np.array([2 * 5 + 1])  # one label within two of four
    >>> round(expected_f1(4, pair, pair), 3)  # shared in 1 of 12 relabellings
    0.083
    """
    total = len(one) + len(other)
    if not total:
        return 1.0
    (one, of_one), (other, of_other) = (
        np.unique(codes, return_counts=True) for codes in (one, other)
    )
    common, i, j = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    log_factorial = np.append(0.0, np.cumsum(np.log(np.arange(1, n + 1))))
    outer, inner = common // (n + 1), common % (n + 1)
    # C(n, s) * C(s, r) is the multinomial of n - s, s - r and r.
    log_ways = log_factorial[n] - log_factorial[n - outer]
    log_ways -= log_factorial[outer - inner] + log_factorial[inner]
    return float(2 * np.sum(of_one[i] * of_other[j] * np.exp(-log_ways)) / total)


def keys_of(tree: Hierarchy, clades: WordArray, match: Match, known: dict[object, int]) -> IntArray:
    """Return a number per entry that matching entries share, adding new keys to ``known``."""
    keys: list[object] = clades.tolist()
    if match == "name":
        for i in tree.nodes:
            keys[i] = tree.name[i] or ("clade", keys[i])
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)


def _pairs(tree: Hierarchy, keys: IntArray, base: int, match: Match) -> IntArray:
    """Return the distinct pairs, each as ancestor key * base + descendant key, ascending."""
    no_ancestor = np.arange(len(tree)) == 0
    if match == "clade":
        no_ancestor |= tree.leaf_counts == len(tree.leaves)
    found = [np.zeros(0, dtype=np.int64)]
    descendant = np.arange(1, len(tree))
    ancestor = tree.parent[descendant]
    while len(descendant):
        counts = ~no_ancestor[ancestor] & (keys[ancestor] != keys[descendant])
        found.append(keys[ancestor[counts]] * base + keys[descendant[counts]])
        ancestor = tree.parent[ancestor]
        descendant, ancestor = descendant[ancestor > 0], ancestor[ancestor > 0]
    pairs = np.sort(np.concatenate(found))  # np.unique hashes, which takes 40 times as long here
    return pairs[np.diff(pairs, prepend=-1) > 0]


def _sizes_of_pairs(tree: Hierarchy) -> IntArray:
    """Return the sizes of the distinct pairs, each as s * (n + 1) + r."""
    known: dict[object, int] = {}
    keys = keys_of(tree, same_clade_numbers(tree, tree)[0], "clade", known)
    pairs = _pairs(tree, keys, len(known), "clade")
    return codes_of_sizes(tree, keys, pairs // len(known), pairs % len(known))


def codes_of_sizes(
    tree: Hierarchy, keys: IntArray, ancestor: IntArray, descendant: IntArray
) -> IntArray:
    """Return the sizes s and r of the clades of two keys each, as s * (n + 1) + r."""
    size = np.zeros(int(keys.max()) + 1, dtype=np.int64)
    size[keys] = tree.leaf_counts
    codes: IntArray = size[ancestor] * (len(tree.leaves) + 1) + size[descendant]
    return codes
