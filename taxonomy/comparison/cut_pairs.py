"""Fowlkes-Mallows index B_k: how similar two trees' cuts into k clusters are, for every k."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy.comparison.cuts import PairedCut, paired_cuts
from taxonomy.comparison.heights import same_labels
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd


def fowlkes_mallows_curve(a: Hierarchy, b: Hierarchy) -> pd.DataFrame:
    """Return B_k for every k, with its mean and spread under random relabelling.

    B_k is the geometric mean of two shares: of the pairs of labels together in one cut, those
    together in the other, and the reverse. Range [0, 1], 1 for equal cuts; higher is more similar.
    The trees are cut into every k, but 1 and n, that at least one of them can be cut into, the
    other at its finest cut with at most k clusters; `taxonomy.comparison.cuts` fixes heights,
    ties, and what that means for multiway nodes. A star against a star has no such k, and the
    table no rows. Source: Fowlkes & Mallows 1983, Journal of the American Statistical Association
    78, whose mean and variance for fixed cluster sizes are exact.

    Returns:
        one row for every k, ascending: ``k``; ``clusters_a`` and ``clusters_b`` that the cuts
        have; ``fowlkes_mallows``; ``null_mean`` and ``null_sd``, in closed form; ``p``, the
        chance of as much agreement under the normal distribution of that mean and spread (an
        approximation, rough where most clusters are single labels; `null` samples instead).

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> fowlkes_mallows_curve(a, b).round(2).to_numpy().tolist()
    [[2.0, 1.0, 2.0, 0.63, 0.63, 0.0, 1.0], [3.0, 3.0, 2.0, 0.71, 0.28, 0.26, 0.05]]
    """
    import pandas as pd

    same_labels(a, b)
    columns = ["k", "clusters_a", "clusters_b", "fowlkes_mallows", "null_mean", "null_sd", "p"]
    return pd.DataFrame([_row(pair) for pair in paired_cuts(a, b)], columns=columns)


def fowlkes_mallows(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of B_k over the cuts of `fowlkes_mallows_curve`.

    Range [0, 1], 1 for equal trees; higher is more similar. Heights, ties and multiway nodes as
    there. Chance alone gives much more than 0, above all for coarse cuts: the mean under random
    relabelling is `expected_fowlkes_mallows`. NaN where neither tree has a cut between the whole
    and the single labels. Source: Fowlkes & Mallows 1983.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> round(fowlkes_mallows(a, b), 3)
    0.67
    """
    same_labels(a, b)
    values = [_agreement(pair) for pair in paired_cuts(a, b)]
    return float(np.mean(values)) if values else float("nan")


def expected_fowlkes_mallows(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `fowlkes_mallows` over all relabellings of one tree, exactly.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> round(expected_fowlkes_mallows(a, b), 3)
    0.458
    """
    same_labels(a, b)
    means = [null_moments(pair.rows, pair.columns)[0] for pair in paired_cuts(a, b)]
    return float(np.mean(means)) if means else float("nan")


def null_moments(rows: IntArray, columns: IntArray) -> tuple[float, float]:
    """Return mean and standard deviation of B_k for random clusters of the given sizes.

    Args:
        rows: sizes of one cut's clusters, not all 1.
        columns: sizes of the other's.

    >>> mean, sd = null_moments(np.array([2, 1]), np.array([2, 1]))  # 1 with chance 1/3, else 0
    >>> round(mean, 6), round(sd**2, 6)
    (0.333333, 0.222222)
    """
    n = int(rows.sum())
    (pairs, shared, apart), (pairs_b, shared_b, apart_b) = map(_pairs_of_pairs, (rows, columns))
    mean = math.sqrt(pairs * pairs_b) / (n * (n - 1))
    square = 2 / (n * (n - 1)) + 4 * shared * shared_b / (n * (n - 1) * (n - 2) * pairs * pairs_b)
    if n > 3:
        square += apart * apart_b / (n * (n - 1) * (n - 2) * (n - 3) * pairs * pairs_b)
    return mean, math.sqrt(max(0.0, square - mean**2))


def _pairs_of_pairs(sizes: IntArray) -> tuple[float, float, float]:
    """Count ordered pairs within clusters, and pairs of them with one label common, and none."""
    size = sizes.astype(np.float64)
    pairs = float(np.sum(size * (size - 1)))
    shared = float(np.sum(size * (size - 1) * (size - 2)))
    return pairs, shared, pairs**2 - 2 * pairs - 4 * shared


def _agreement(pair: PairedCut) -> float:
    both, one, other = (np.sum(size * (size - 1)) for size in (pair.cells, pair.rows, pair.columns))
    return float(both / math.sqrt(float(one) * float(other)))


def _row(pair: PairedCut) -> tuple[int, int, int, float, float, float, float]:
    value = _agreement(pair)
    mean, sd = null_moments(pair.rows, pair.columns)
    # With one cluster on either side every relabelling gives the same value.
    constant = len(pair.rows) == 1 or len(pair.columns) == 1
    p = 1.0 if constant else math.erfc((value - mean) / sd / math.sqrt(2)) / 2
    return pair.clusters, len(pair.rows), len(pair.columns), value, mean, 0.0 if constant else sd, p
