"""Where two trees agree, from coarse cuts to fine, beside what permuted labels give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import HierarchyError
from taxonomy.comparison.cut_pairs import null_moments
from taxonomy.comparison.cuts import cuts_at_most, paired_counts, paired_cuts
from taxonomy.comparison.heights import same_labels
from taxonomy.comparison.mutual_information import _adjusted
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

BAND = (0.025, 0.975)
"""The quantiles of the relabellings between which the null band lies."""

DENSE = 16
"""Cells a label up to which a table of two cuts is counted as a whole."""


@dataclass(frozen=True)
class Agreement:
    """How two trees agree cut by cut, and what chance gives.

    Args:
        curve: one row a cut, coarse to fine: ``k`` clusters allowed, ``clusters_a`` and
            ``clusters_b`` that the cuts have, ``fowlkes_mallows`` (B_k), its exact ``null_mean``
            over all relabellings, ``null_low`` and ``null_high``, between which lie 95 % of those
            drawn, and ``adjusted_mutual_information``.
        p: the share of the relabellings, the trees as they are counted as one, whose mean B_k over
            these cuts is at least the trees' own; NaN without cuts.
        samples: relabellings drawn.
        seed: what they were drawn with.
    """

    curve: pd.DataFrame
    p: float
    samples: int
    seed: int


def agreement(
    a: Hierarchy, b: Hierarchy, *, cuts: int = 100, samples: int = 200, seed: int = 0
) -> Agreement:
    """Cut two trees side by side and compare the cuts with one another and with chance.

    The curves of `taxonomy.comparison.fowlkes_mallows_curve` and
    `taxonomy.comparison.adjusted_mutual_information_curve`, but of so many cuts at most, spaced
    evenly on a logarithmic scale, and with a band of what B_k is when the labels of one tree are
    permuted. Equal trees have 1 throughout. Sources: Fowlkes & Mallows 1983, Journal of the
    American Statistical Association 78; Vinh, Epps & Bailey 2010, Journal of Machine Learning
    Research 11.

    Args:
        a: a tree.
        b: a tree over the same labels.
        cuts: the most that are made; at least 2.
        samples: relabellings drawn; at least 2.
        seed: of the relabellings.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three; or fewer than two
            cuts or samples are asked for.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> found = agreement(a, a, samples=99)
    >>> found.curve[["k", "fowlkes_mallows", "null_mean", "null_high"]].to_numpy().tolist()
    [[3.0, 1.0, 0.2, 1.0]]
    >>> 0.02 < found.p < 0.15  # one of the 15 ways to label that shape is the tree
    True
    """
    import pandas as pd

    same_labels(a, b)
    for name, number in {"cuts": cuts, "samples": samples}.items():
        if number < 2:
            raise HierarchyError(f"`{name}` is {number}; ask for 2 or more.")
    wanted = _spread(paired_counts(a, b), cuts)
    pairs = list(paired_cuts(a, b, wanted))
    rng, labels = np.random.default_rng(seed), np.arange(len(a.leaves))
    own, *drawn = _curves(
        a, b, wanted, [labels, *(rng.permutation(labels) for _ in range(samples))]
    )
    low, high = np.quantile(drawn, BAND, axis=0)
    curve = pd.DataFrame(
        {
            "k": np.array(wanted, dtype=np.int64),
            "clusters_a": [len(pair.rows) for pair in pairs],
            "clusters_b": [len(pair.columns) for pair in pairs],
            "fowlkes_mallows": own,
            "null_mean": [null_moments(pair.rows, pair.columns)[0] for pair in pairs],
            "null_low": low,
            "null_high": high,
            "adjusted_mutual_information": _adjusted(pairs),
        }
    )
    # Equal values in another order of summation differ by rounding alone.
    reached = float(sum(one.mean() >= own.mean() - 1e-12 for one in drawn)) if wanted else math.nan
    p = (1 + reached) / (1 + samples)
    return Agreement(curve, p, samples, seed)


def _spread(counts: IntArray, most: int) -> list[int]:
    """Return so many of ascending numbers at most, spaced evenly on a logarithmic scale."""
    if len(counts) <= most:
        return [int(count) for count in counts]
    even = np.geomspace(counts[0], counts[-1], most)
    place = np.minimum(np.searchsorted(counts, even), len(counts) - 1)
    return [int(count) for count in np.unique(counts[place])]


def _curves(a: Hierarchy, b: Hierarchy, wanted: list[int], orders: list[IntArray]) -> FloatArray:
    """Return B_k for each order of the first tree's labels; shape (orders, cuts)."""
    found = np.zeros((len(orders), len(wanted)))
    both = zip(cuts_at_most(a, wanted), cuts_at_most(b, wanted), strict=True)
    for column, held in enumerate(both):
        one, other = (np.unique(cut, return_inverse=True)[1] for cut in held)
        pairs = [float(np.sum(size * (size - 1))) for size in map(np.bincount, (one, other))]
        together = [_pairs_in_both(one[order], other) for order in orders]
        found[:, column] = np.array(together) / math.sqrt(pairs[0] * pairs[1])
    return found


def _pairs_in_both(one: IntArray, other: IntArray) -> int:
    """Return how many ordered pairs of labels are together in both of two cuts."""
    codes = one * (int(other.max()) + 1) + other
    if (int(one.max()) + 1) * (int(other.max()) + 1) <= DENSE * len(one):
        cells = np.bincount(codes)
    else:
        cells = np.unique(codes, return_counts=True)[1]
    return int(np.sum(cells * (cells - 1)))
