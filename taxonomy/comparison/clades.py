"""Robinson-Foulds: which sets of labels the nodes of two trees hold."""

from __future__ import annotations

from collections import Counter
from math import comb

import numpy as np

from taxonomy.comparison.heights import same_labels
from taxonomy.comparison.spans import leaf_spans
from taxonomy.hierarchy import Hierarchy


def robinson_foulds(a: Hierarchy, b: Hierarchy) -> float:
    """Return the rooted Robinson-Foulds distance, normalised.

    The share of clades, other than single labels and the whole, that only one tree has:
    ``|A Δ B| / (|A| + |B|)``. Range [0, 1], 0 for equal trees; lower is more alike. 0 too where
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
    same_labels(a, b)
    one, other = clades(a), clades(b)
    total = len(one) + len(other)
    return len(one ^ other) / total if total else 0.0


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


def clades(tree: Hierarchy) -> set[tuple[int, int]]:
    """Return one 128-bit number for every clade but single labels and the whole."""
    size = tree.leaf_counts
    inner = np.flatnonzero((size > 1) & (size < len(tree.leaves)))
    return set(zip(*clade_numbers(tree)[:, inner].tolist(), strict=True))


def clade_numbers(tree: Hierarchy) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    """Return a 128-bit number for the labels below each entry, as two words; shape (2, entries).

    A clade's number is the sum of its labels' random numbers, so two clades of trees over the same
    labels share a number if they are equal, and else with a chance of about 2**-128.
    """
    n = len(tree.leaves)
    drawn = np.random.default_rng(n).integers(0, 2**64, (2, n), dtype=np.uint64)
    start, stop = leaf_spans(tree)
    running = np.zeros((2, n + 1), dtype=np.uint64)
    running[:, stop[tree.leaf_entries]] = drawn
    np.cumsum(running, axis=1, out=running)  # wraps around, which sums modulo 2**64 may
    return running[:, stop] - running[:, start]


def _sizes(tree: Hierarchy) -> Counter[int]:
    """Return how many distinct clades, but single labels and the whole, have each size."""
    size = tree.leaf_counts
    of_clade = {
        number: int(size[i])
        for i, number in enumerate(zip(*clade_numbers(tree).tolist(), strict=True))
    }
    return Counter(s for s in of_clade.values() if 1 < s < len(tree.leaves))
