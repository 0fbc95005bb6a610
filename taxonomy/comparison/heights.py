"""Cophenetic correlation: whether pairs of labels meet at similar heights in two trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import HierarchyError
from taxonomy.comparison.cells import meeting_pairs
from taxonomy.labels import check_same_labels
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from taxonomy.similarity import DenseSimilarity


def cophenetic_correlation(a: Hierarchy, b: Hierarchy) -> float:
    """Return the cophenetic correlation: Pearson's, of the heights at which pairs of labels meet.

    The height of a node is its merge height or, in a tree without merge heights, the most edges
    down to a leaf. Range [-1, 1], 1 for equal trees, near 0 for unrelated ones; higher is more
    similar. Heights count as they are, so ties need no rule, and all pairs that meet at a multiway
    node join at its one height. NaN where one tree joins all labels at one height. Its mean under
    random relabelling is exactly 0. Source: Sokal & Rohlf 1962, Taxon 11.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> round(cophenetic_correlation(a, a), 9)
    1.0
    """
    same_labels(a, b)
    u, v, pairs = meeting_pairs(a, b)
    return correlation(a.height[u], b.height[v], pairs)


def expected_cophenetic_correlation(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `cophenetic_correlation` over all relabellings of one tree: exactly 0.

    A relabelled pair is equally likely to be any pair, so that its expected height is the mean
    one. Source: Mantel 1967, Cancer Research 27.

    >>> expected_cophenetic_correlation(Hierarchy.star("abc"), Hierarchy.star("abc"))
    0.0
    """
    same_labels(a, b)
    return 0.0


def cophenetic_fit(tree: Hierarchy, similarity: DenseSimilarity) -> float:
    """Return the correlation of the heights at which pairs of labels meet with their distances.

    Distances are 1 - similarity: the classical cophenetic correlation coefficient of a dendrogram.
    The height of a node is its merge height or, in a tree without merge heights, the most edges
    down to a leaf. Range [-1, 1], near 0 for a tree that has nothing to do with the similarity;
    higher is a better fit. Heights count as they are, so ties need no rule, and all pairs that
    meet at a multiway node join at its one height. NaN where the tree joins all labels at one
    height, or all are equally similar. Of a similarity with more labels than the tree only the
    tree's count. Its mean under random relabelling is exactly 0. Source: Sokal & Rohlf 1962,
    Taxon 11.

    Args:
        tree: a tree of at least three labels.
        similarity: of these labels and, maybe, others.

    Raises:
        HierarchyError: fewer than three labels.
        LabelError: the similarity lacks a label.

    >>> from taxonomy.similarity import DenseSimilarity
    >>> s = DenseSimilarity(["a", "b", "c"], [[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    >>> round(cophenetic_fit(Hierarchy.from_nested([["a", "b"], "c"]), s), 3)
    0.971
    """
    same_labels(tree, tree)
    values = similarity.all_pairs().restrict(tree.leaves).values
    return correlation(_joins(tree), 1 - values[np.triu_indices(len(values), 1)])


def expected_cophenetic_fit(tree: Hierarchy, similarity: DenseSimilarity) -> float:
    """Return the mean of `cophenetic_fit` over all relabellings of the tree: exactly 0.

    >>> from taxonomy.similarity import DenseSimilarity
    >>> expected_cophenetic_fit(Hierarchy.star("abc"), DenseSimilarity("abc", np.eye(3)))
    0.0
    """
    same_labels(tree, tree)
    similarity.restrict(tree.leaves)
    return 0.0


def _joins(tree: Hierarchy) -> FloatArray:
    """Return the heights at which each two labels join, pair by pair."""
    heights: FloatArray = tree.height[
        tree.lowest_common_ancestors[np.triu_indices(len(tree.leaves), 1)]
    ]
    return heights


def correlation(one: FloatArray, other: FloatArray, weight: IntArray | None = None) -> float:
    """Return Pearson's correlation, NaN where one side is constant.

    Args:
        one: values.
        other: as many.
        weight: how often each two come; once without.

    >>> round(correlation(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), np.array([1, 1, 2])), 3)
    0.426
    """
    # Average linkage of equal similarities gives heights that differ by rounding alone.
    if any(np.ptp(values) <= 1e-12 * np.abs(values).max() for values in (one, other)):
        return float("nan")
    covariance = np.cov(one, other, fweights=weight)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def same_labels(a: Hierarchy, b: Hierarchy) -> None:
    """Check that two trees have the same labels, at least three.

    Raises:
        HierarchyError: they do not.
    """
    check_same_labels(a.leaves, b.leaves, HierarchyError)
    if len(a.leaves) < 3:
        raise HierarchyError("Comparison needs trees of at least three labels.")
