"""Cophenetic correlation: the heights at which labels join."""

from __future__ import annotations

import numpy as np

from taxonomy.errors import HierarchyError
from taxonomy.hierarchy import Hierarchy


def cophenetic_correlation(a: Hierarchy, b: Hierarchy) -> float:
    """Return Pearson's correlation of the heights at which each two labels join.

    The height of a node is its merge height or, in a tree without merge heights, the most edges
    down to a leaf. Range [-1, 1], 1 for equal trees, near 0 for unrelated ones; higher is more
    alike. Heights count as they are, so ties need no rule, and all pairs that meet at a multiway
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
    upper = np.triu_indices(len(a.leaves), 1)
    one, other = (tree.height[tree.lowest_common_ancestors[upper]] for tree in (a, b))
    # Average linkage of equal similarities gives heights that differ by rounding alone.
    if any(np.ptp(heights) <= 1e-12 * np.abs(heights).max() for heights in (one, other)):
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def expected_cophenetic_correlation(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `cophenetic_correlation` over all relabellings of one tree: exactly 0.

    A relabelled pair is equally likely to be any pair, so that its expected height is the mean
    one. Source: Mantel 1967, Cancer Research 27.

    >>> expected_cophenetic_correlation(Hierarchy.star("abc"), Hierarchy.star("abc"))
    0.0
    """
    same_labels(a, b)
    return 0.0


def same_labels(a: Hierarchy, b: Hierarchy) -> None:
    """Check that two trees have the same labels, at least three.

    Raises:
        HierarchyError: they do not.
    """
    if a.leaves != b.leaves:
        only = sorted(set(a.leaves) ^ set(b.leaves))
        raise HierarchyError(
            f"The trees have different labels, {only[0]!r} being in one only; restrict both to "
            "the labels they share, or use compare()."
        )
    if len(a.leaves) < 3:
        raise HierarchyError("Comparison needs trees of at least three labels.")
