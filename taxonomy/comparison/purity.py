"""Dendrogram purity: how well a tree keeps given groups of labels together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy._core.errors import HierarchyError
from taxonomy.comparison.meetings import pairs_at, pairs_meeting
from taxonomy.trees.consensus import leaf_spans
from taxonomy.trees.hierarchy import Hierarchy


def dendrogram_purity(tree: Hierarchy, groups: Mapping[str, Hashable]) -> float:
    """Return dendrogram purity: the mean share of a group in the least clade of two of its labels.

    The clade is the least that holds both; 1 where every group is a union of sibling subtrees
    that meet nothing else. Range (0, 1], higher is better. Every pair counts the same, so that
    large groups weigh by the square of their size. Heights and their ties play no part. At a
    multiway node the pairs that meet there have its whole clade, so that a star scores what the
    sizes of the groups give; splitting a node further may raise the purity. Groups of labels that
    the tree lacks are left out. Its mean under random relabelling is `expected_dendrogram_purity`.
    Source: Heller & Ghahramani 2005, ICML.

    Args:
        tree: a tree.
        groups: the group of every label of the tree, such as a class's published superclass.

    Raises:
        HierarchyError: a label has no group, or no two labels share one.

    >>> tree = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    >>> groups = {"cat": "pet", "dog": "pet", "bus": "vehicle", "car": "vehicle"}
    >>> round(dendrogram_purity(tree, groups), 3)  # (2 / 3 + 2 / 4) / 2
    0.583
    """
    member = _members(tree, groups)
    start, stop = leaf_spans(tree)
    running = np.zeros((len(tree.leaves) + 1, member.shape[1]), dtype=np.int64)
    running[stop[tree.leaf_entries]] = member
    np.cumsum(running, axis=0, out=running)
    inside = running[stop[tree.nodes]] - running[start[tree.nodes]]
    pairs = inside * (inside - 1) // 2
    total = pairs[0].sum()
    pairs_meeting(tree, pairs)
    share = np.einsum("uc,uc->u", pairs, inside) / tree.leaf_counts[tree.nodes]
    return float(share.sum() / total)


def expected_dendrogram_purity(tree: Hierarchy, groups: Mapping[str, Hashable]) -> float:
    """Return the mean of `dendrogram_purity` over all relabellings of the tree, exactly.

    A pair is equally likely to meet at any place; in a clade of s labels it has, beside itself,
    an expected ``(s - 2) * (m - 2) / (n - 2)`` of its group of m.

    >>> tree = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    >>> groups = {"cat": "pet", "dog": "pet", "bus": "vehicle", "car": "vehicle"}
    >>> round(expected_dendrogram_purity(tree, groups), 3)  # half of 6 pairs meet at each node
    0.583
    """
    n = len(tree.leaves)
    size = _members(tree, groups).sum(0)
    weight = size * (size - 1) / np.sum(size * (size - 1))
    clade = tree.leaf_counts[tree.nodes]
    meets = pairs_at(tree)
    others = np.multiply.outer(clade - 2, size - 2) / max(1, n - 2)
    share = (2 + others) / clade[:, None]
    return float(meets @ share @ weight / meets.sum())


def _members(tree: Hierarchy, groups: Mapping[str, Hashable]) -> IntArray:
    """Return which label is in which group of two or more; shape (n_leaves, n_groups)."""
    if missing := [label for label in tree.leaves if label not in groups]:
        raise HierarchyError(
            f"The label {missing[0]!r} has no group ({len(missing)} in all); give every label of "
            "the tree one, or restrict the tree first."
        )
    number: dict[Hashable, int] = {}
    place = [number.setdefault(groups[label], len(number)) for label in tree.leaves]
    member = np.zeros((len(place), len(number)), dtype=np.int64)
    member[np.arange(len(place)), place] = 1
    member = member[:, member.sum(0) > 1]
    if not member.shape[1]:
        raise HierarchyError("No two labels of the tree share a group; purity needs a pair.")
    return member
