"""Metrics of the sets of labels that nodes hold."""

from __future__ import annotations

import numpy as np

from taxonomy.comparison.heights import same_labels
from taxonomy.hierarchy import Hierarchy


def robinson_foulds(a: Hierarchy, b: Hierarchy) -> float:
    """Return the rooted Robinson-Foulds distance, normalised.

    The share of clades, other than single labels and the whole, that only one tree has. Range
    [0, 1], 0 for equal trees; 0 too where neither has such a clade. Source: Robinson & Foulds 1981.

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
    one, other = clade_hashes(a), clade_hashes(b)
    total = len(one) + len(other)
    return len(one ^ other) / total if total else 0.0


def clade_hashes(tree: Hierarchy) -> set[int]:
    """Return one 128-bit number for every clade but single labels and the whole.

    A clade's number is the sum of its labels' random numbers, so two clades of trees over the same
    labels share a number if they are equal, and else with a chance of about 2**-128.
    """
    rng = np.random.default_rng(len(tree.leaves))
    drawn = rng.integers(0, 2**32, (len(tree.leaves), 4), dtype=np.int64)
    number = [0] * len(tree)
    for entry, words in zip(tree.leaf_entries, drawn.tolist(), strict=True):
        number[entry] = sum(word << (32 * i) for i, word in enumerate(words))
    for i in range(len(tree) - 1, 0, -1):
        number[tree.parent[i]] += number[i]
    whole = len(tree.leaves)
    inner = (n for n in tree.nodes if 1 < tree.leaf_counts[n] < whole)
    return {number[n] for n in inner}
