"""Robinson-Foulds distance: how many clades only one of two trees has."""

from __future__ import annotations

from collections import Counter
from math import comb

import numpy as np

from taxonomy._core.arrays import WordArray
from taxonomy.comparison.heights import same_labels
from taxonomy.trees.consensus import clade_numbers
from taxonomy.trees.hierarchy import Hierarchy


def robinson_foulds(a: Hierarchy, b: Hierarchy) -> float:
    """Return the rooted Robinson-Foulds distance, normalised.

    The share of clades, other than single labels and the whole, that only one tree has:
    ``|A Δ B| / (|A| + |B|)``. Range [0, 1], 0 for equal trees; lower is more similar. 0 too where
    neither tree has such a clade. Heights and their ties play no part; a multiway node is one
    clade, so that splitting it further costs a share for every clade added; a node with a single
    child adds nothing. Its mean under random relabelling is `expected_robinson_foulds`, near 1.
    Source: Robinson & Foulds 1981, Mathematical Biosciences 53; the rooted form is also called
    the cluster distance.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> round(robinson_foulds(a, b), 3)
    0.333
    """
    of_a, of_b = same_clade_numbers(a, b)
    one, other = _distinct_clades(a, of_a), _distinct_clades(b, of_b)
    total = len(one) + len(other)
    both = np.sort(np.concatenate([one, other]))
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return (total - 2 * shared) / total if total else 0.0


def expected_robinson_foulds(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `robinson_foulds` over all relabellings of one tree, exactly.

    A clade of s labels lands on a given set of s labels in one of C(n, s) relabellings, so the
    expected number of shared clades is the sum of ``a_s * b_s / C(n, s)`` over sizes s.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> round(expected_robinson_foulds(a, a), 3)  # 2 of 6 pairs, each of 2 clades
    0.667
    """
    same_labels(a, b)
    n = len(a.leaves)
    one, other = _sizes(a), _sizes(b)
    total = one.total() + other.total()
    shared = sum(count * other[size] / comb(n, size) for size, count in one.items())
    return 1 - 2 * shared / total if total else 0.0


def same_clade_numbers(a: Hierarchy, b: Hierarchy) -> tuple[WordArray, WordArray]:
    """Return a 64-bit number for the labels below each entry of either tree.

    The first words of `taxonomy.trees.consensus.clade_numbers`: equal clades share theirs; that any
    two of m unequal ones do has a chance of about m**2 / 2**65, 1e-13 for trees of 1,000 labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.
    """
    of_a, of_b = clade_numbers(a), clade_numbers(b)
    if a.leaf_counts[0] < 3 or (of_a[:, 0] != of_b[:, 0]).any():
        same_labels(a, b)  # slower, and says what is wrong
    return of_a[0], of_b[0]


def _distinct_clades(tree: Hierarchy, numbers: WordArray) -> WordArray:
    """Return the numbers, sorted, of the distinct clades but single labels and the whole."""
    size = tree.leaf_counts
    ordered = np.sort(numbers[(size > 1) & (size < size[0])])
    repeated = ordered[1:] == ordered[:-1]
    return np.append(ordered[:1], ordered[1:][~repeated])


def _sizes(tree: Hierarchy) -> Counter[int]:
    """Return how many distinct clades, but single labels and the whole, have each size."""
    numbers, _ = same_clade_numbers(tree, tree)
    size = tree.leaf_counts
    _, first = np.unique(numbers, return_index=True)
    return Counter(s for s in size[first].tolist() if 1 < s < size[0])
