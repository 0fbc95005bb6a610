"""Dasgupta's cost: how well a tree fits a similarity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.errors import HierarchyError
from taxonomy.comparison.meetings import pairs_at
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from taxonomy.similarity import DenseSimilarity


def dasgupta_cost(
    tree: Hierarchy, similarity: DenseSimilarity, *, normalised: bool = False
) -> float:
    """Return Dasgupta's cost: the sum over pairs of similarity times the size of their least clade.

    Alike labels that part near the root are dear. Lower is better. Range [2w, nw], w being the
    pairs' total similarity; nw is what a star costs. Normalised the cost is divided by nw, and
    then in [2 / n, 1]: the share of all labels that is, on average, in the least clade of a pair
    drawn by its similarity. Heights and their ties play no part. A multiway node charges all that
    meets there with its whole size, so that splitting a node further never costs more. Of a
    similarity with more labels than the tree only the tree's count. The mean under random
    relabelling is `expected_dasgupta_cost`. Source: Dasgupta 2016, STOC.

    Args:
        tree: a tree of n labels.
        similarity: of these labels and, maybe, others.
        normalised: divide by n times the total similarity.

    Raises:
        HierarchyError: fewer than two labels, or nothing is similar to anything.
        LabelError: the similarity lacks a label.

    >>> from taxonomy.similarity import DenseSimilarity
    >>> s = DenseSimilarity(["a", "b", "c"], [[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    >>> tree = Hierarchy.from_nested([["a", "b"], "c"])
    >>> round(dasgupta_cost(tree, s), 3)  # 0.9 * 2 + 0.1 * 3 + 0.3 * 3
    3.0
    >>> round(dasgupta_cost(tree, s, normalised=True), 3)  # 3 / (3 * 1.3)
    0.769
    """
    values = _similarities(tree, similarity)
    upper = np.triu_indices(len(tree.leaves), 1)
    sizes = tree.leaf_counts[tree.lowest_common_ancestors[upper]]
    cost = float(np.dot(values[upper], sizes))
    return cost / (len(tree.leaves) * float(values[upper].sum())) if normalised else cost


def expected_dasgupta_cost(tree: Hierarchy, similarity: DenseSimilarity) -> float:
    """Return the mean of `dasgupta_cost` over all relabellings of the tree, exactly.

    Every pair of labels is equally likely to meet at any place, so the mean is the pairs' mean
    similarity times the sum of their clades' sizes.

    >>> from taxonomy.similarity import DenseSimilarity
    >>> s = DenseSimilarity(["a", "b", "c"], [[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    >>> round(expected_dasgupta_cost(Hierarchy.from_nested([["a", "b"], "c"]), s), 3)  # 1.3 / 3 * 8
    3.467
    """
    values = _similarities(tree, similarity)
    mean = values[np.triu_indices(len(tree.leaves), 1)].mean()
    return float(mean * np.dot(pairs_at(tree), tree.leaf_counts[tree.nodes]))


def share_of_chance(tree: Hierarchy, similarity: DenseSimilarity) -> float:
    """Return what a tree costs as a share of what it costs by chance, whatever the scale.

    Dasgupta's cost takes 0 for "nothing in common", but every source has its own zero: unrelated
    words have a cosine of 0.2, unrelated things in WordNet are both entities. So only what a pair
    is more alike than the average pair counts here, and adding to all similarities or multiplying
    them changes nothing. By chance is the mean over all relabellings of the same tree, exactly: 1
    is a random tree or a star, and lower is better. A tree that was fitted to random numbers is
    below 1 too, the more so the fewer labels it has. Range (0, 2).

    Args:
        tree: a tree of n labels.
        similarity: of these labels and, maybe, others.

    Returns:
        the share; nan where all pairs are equally alike.

    Raises:
        HierarchyError: fewer than two labels.
        LabelError: the similarity lacks a label.

    >>> from taxonomy.similarity import DenseSimilarity
    >>> s = DenseSimilarity(["a", "b", "c"], [[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    >>> round(share_of_chance(Hierarchy.from_nested([["a", "b"], "c"]), s), 3)  # 2 / (8 / 3)
    0.75
    """
    if len(tree.leaves) < 2:
        raise HierarchyError("The cost of a tree needs at least two labels.")
    upper = np.triu_indices(len(tree.leaves), 1)
    pairs = similarity.all_pairs().restrict(tree.leaves).values[upper]
    above = pairs - pairs.mean()
    above[above < 1e-12] = 0.0  # rounding of the mean
    if not above.any():
        return float("nan")
    sizes = tree.leaf_counts[tree.lowest_common_ancestors[upper]]
    return float(np.dot(above, sizes) / (above.sum() * sizes.mean()))


def _similarities(
    tree: Hierarchy, similarity: DenseSimilarity
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    if len(tree.leaves) < 2:
        raise HierarchyError("The cost of a tree needs at least two labels.")
    values = similarity.all_pairs().restrict(tree.leaves).values
    if not values[np.triu_indices(len(values), 1)].any():
        raise HierarchyError("All similarities of the tree's labels are 0: every tree costs 0.")
    return values
