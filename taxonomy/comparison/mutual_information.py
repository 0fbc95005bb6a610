"""Adjusted mutual information of two trees' cuts: shared information beyond chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.comparison.cuts import PairedCut, paired_cuts
from taxonomy.comparison.heights import same_labels
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 1_000_000
"""Terms of the hypergeometric sums held in memory at once."""


def adjusted_mutual_information_curve(a: Hierarchy, b: Hierarchy) -> pd.DataFrame:
    """Return the adjusted mutual information of the trees' cuts for every k.

    ``(I - E) / ((H_a + H_b) / 2 - E)``, with I the mutual information of the two cuts, H their
    entropies, and E the mean of I over all relabellings, which is exact. So 1 stands for equal
    cuts and 0 for what chance gives, at every k; higher is more similar, and values below 0 (down
    to -1) are less than chance. 0 where one cut is a single cluster. The trees are cut into every
    k, but 1 and n, that at least one of them can be cut into, the other at its finest cut with at
    most k clusters; `taxonomy.comparison.cuts` fixes heights, ties, and what that means for
    multiway nodes. A star against a star has no such k, and the table no rows. Source: Vinh, Epps
    & Bailey 2010, Journal of Machine Learning Research 11.

    Returns:
        one row for every k, ascending: ``k``, ``clusters_a``, ``clusters_b``,
        ``adjusted_mutual_information``.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> adjusted_mutual_information_curve(a, b).round(3).to_numpy().tolist()
    [[2.0, 1.0, 2.0, 0.0], [3.0, 3.0, 2.0, 0.635]]
    """
    import pandas as pd

    same_labels(a, b)
    pairs = list(paired_cuts(a, b))
    return pd.DataFrame(
        {
            "k": [pair.clusters for pair in pairs],
            "clusters_a": [len(pair.rows) for pair in pairs],
            "clusters_b": [len(pair.columns) for pair in pairs],
            "adjusted_mutual_information": _adjusted(pairs),
        }
    )


def adjusted_mutual_information(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean adjusted mutual information over the cuts of the curve.

    Range [-1, 1], 1 for equal trees; higher is more similar. Heights, ties and multiway nodes as in
    `adjusted_mutual_information_curve`. NaN where neither tree has a cut between the whole and
    the single labels. Its mean under random relabelling is exactly 0. Source: Vinh, Epps & Bailey
    2010.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> round(adjusted_mutual_information(a, b), 3)
    0.318
    """
    same_labels(a, b)
    values = _adjusted(list(paired_cuts(a, b)))
    return float(np.mean(values)) if len(values) else float("nan")


def expected_adjusted_mutual_information(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean over all relabellings of one tree: exactly 0, as every cut is adjusted.

    >>> expected_adjusted_mutual_information(Hierarchy.star("abc"), Hierarchy.star("abc"))
    0.0
    """
    same_labels(a, b)
    return 0.0


def _adjusted(pairs: list[PairedCut]) -> FloatArray:
    """Return the adjusted mutual information of each paired cut."""
    if not pairs:
        return np.zeros(0)
    n = int(pairs[0].rows.sum())
    expected = _expected_informations(pairs, n)
    found = np.array([_information(pair, n) for pair in pairs])
    entropy = np.array([(_entropy(pair.rows, n) + _entropy(pair.columns, n)) / 2 for pair in pairs])
    single = np.array([len(pair.rows) == 1 or len(pair.columns) == 1 for pair in pairs])
    values: FloatArray = (found - expected) / (entropy - expected)
    return np.where(single, 0.0, values)


def _information(pair: PairedCut, n: int) -> float:
    ratio = n * pair.cells / (pair.row_of_cell * pair.column_of_cell)
    return float(np.sum(pair.cells / n * np.log(ratio)))


def _entropy(sizes: IntArray, n: int) -> float:
    return float(-np.sum(sizes / n * np.log(sizes / n)))


def _expected_informations(pairs: list[PairedCut], n: int) -> FloatArray:
    """Return the mean mutual information of random clusters of each paired cut's sizes.

    Clusters of equal sizes contribute equally, and the same sizes come again at other cuts, so
    each two sizes are worked out once.
    """
    codes, weights = [], []
    for pair in pairs:
        rows, of_row = np.unique(pair.rows, return_counts=True)
        columns, of_column = np.unique(pair.columns, return_counts=True)
        codes.append(np.add.outer(rows * (n + 1), columns).ravel())
        weights.append(np.multiply.outer(of_row, of_column).ravel())
    where = np.repeat(np.arange(len(pairs)), [len(code) for code in codes])
    distinct, place = np.unique(np.concatenate(codes), return_inverse=True)
    terms = expected_shares(distinct // (n + 1), distinct % (n + 1), n)
    return np.bincount(where, np.concatenate(weights) * terms[place]).astype(np.float64)


def expected_shares(rows: IntArray, columns: IntArray, n: int) -> FloatArray:
    """Return, for each two cluster sizes, the mean of their cell's share of the information.

    That is ``x / n * log(n * x / (r * c))`` for x labels in clusters of r and c. The cell is
    hypergeometric: from max(1, r + c - n) to min(r, c) labels (Vinh et al., eq. 24).
    """
    log_factorial = np.append(0.0, np.cumsum(np.log(np.arange(1, n + 1))))
    least = np.maximum(1, rows + columns - n)
    lengths = np.minimum(rows, columns) - least + 1
    terms = np.zeros(len(rows))
    chunks = np.split(
        np.arange(len(rows)), np.flatnonzero(np.diff(np.cumsum(lengths) // CHUNK)) + 1
    )
    for chunk in chunks:
        count = lengths[chunk]
        starts = np.cumsum(count) - count
        cell = np.arange(count.sum()) + np.repeat(least[chunk] - starts, count)
        r, c = np.repeat(rows[chunk], count), np.repeat(columns[chunk], count)
        log_chance = log_factorial[r] + log_factorial[c] - log_factorial[n]
        log_chance += log_factorial[n - r] + log_factorial[n - c] - log_factorial[cell]
        log_chance -= log_factorial[r - cell] + log_factorial[c - cell]
        log_chance -= log_factorial[n - r - c + cell]
        share = cell / n * np.log(n * cell / (r * c)) * np.exp(log_chance)
        terms[chunk] = np.add.reduceat(share, starts)
    return terms
