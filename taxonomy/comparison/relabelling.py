"""Null distributions: a metric's values when the labels of one tree are permuted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taxonomy._core.errors import HierarchyError
from taxonomy._core.registry import lookup
from taxonomy.comparison.metric import Metric
from taxonomy.comparison.table import FITS, METRICS
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import shuffle_leaves


@dataclass(frozen=True)
class Null:
    """A metric's value beside its distribution under random relabelling of the first tree.

    Args:
        value: for the trees as they are.
        mean: in closed form where one is known (see ``exact``), else of the samples.
        sd: the samples' standard deviation.
        p: one-sided p-value: the share of relabellings, the observed tree counted as one, whose
            value shows at least this much similarity.
        samples: how many relabellings were drawn.
        seed: what they were drawn with.
        exact: whether ``mean`` is the closed form.
    """

    value: float
    mean: float
    sd: float
    p: float
    samples: int
    seed: int
    exact: bool


def null(
    metric: str | Metric, tree: Hierarchy, other: Any, samples: int = 999, seed: int = 0
) -> Null:
    """Return a metric's value with its mean, spread and p-value under random relabelling.

    Each sample permutes the first tree's labels and keeps its shape and heights; ``p`` is
    one-sided, in the direction of similarity, and never below 1 / (1 + samples). All figures are
    NaN where the metric is.

    Args:
        metric: a name from `METRICS` or `FITS`, or a metric of your own.
        tree: the tree to relabel.
        other: a tree over the same labels or, for a fit, the similarity or the groups.
        samples: relabellings drawn; at least 2.
        seed: of the random numbers.

    Raises:
        RegistryError: an unknown metric.
        HierarchyError: fewer than two samples, or the metric does not apply.

    >>> a = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car", "van"]])
    >>> found = null("robinson_foulds", a, a, samples=200)
    >>> found.value, found.mean, found.exact  # each of 2 clades is one of 20 threes, 10 halvings
    (0.0, 0.9, True)
    >>> 0.05 < found.p < 0.15
    True
    """
    if samples < 2:
        raise HierarchyError(f"A null distribution of {samples} samples: ask for at least 2.")
    chosen = lookup("metric", METRICS | FITS, metric) if isinstance(metric, str) else metric
    value = chosen(tree, other)
    rng = np.random.default_rng(seed)
    drawn = np.array(
        [chosen(shuffle_leaves(tree, rng, keep_names=True), other) for _ in range(samples)]
    )
    if np.isnan(value) or np.isnan(drawn).any():
        nan = float("nan")
        return Null(nan, nan, nan, nan, samples, seed, exact=False)
    # Equal trees in another order of summation differ by rounding alone.
    slack = 1e-9 * max(1.0, abs(value))
    alike = drawn >= value - slack if chosen.alike == "high" else drawn <= value + slack
    return Null(
        value=value,
        mean=float(drawn.mean()) if chosen.expected is None else chosen.expected(tree, other),
        sd=float(drawn.std(ddof=1)),
        p=(1 + int(alike.sum())) / (1 + samples),
        samples=samples,
        seed=seed,
        exact=chosen.expected is not None,
    )
