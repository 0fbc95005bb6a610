"""What a metric gives for unrelated trees: its values under random relabelling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taxonomy._core.errors import HierarchyError
from taxonomy._core.registry import lookup
from taxonomy.comparison.metric import Metric
from taxonomy.comparison.table import FITS, METRICS
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree


@dataclass(frozen=True)
class Null:
    """A metric's value, and what random relabelling of the first tree gives.

    Args:
        value: for the trees as they are.
        mean: in closed form where one is known (see ``exact``), else of the samples.
        sd: the samples' standard deviation.
        p: the chance of a value at least as alike: (1 + samples that are) / (1 + samples).
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

    Each sample deals the first tree's labels out anew, its shape and heights as they are; ``p`` is
    one-sided, in the direction of being alike, and never below 1 / (1 + samples). All figures are
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
    drawn = np.array([chosen(relabelled(tree, rng), other) for _ in range(samples)])
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


def relabelled(tree: Hierarchy, rng: np.random.Generator) -> Hierarchy:
    """Return the same shape, heights and node names with the labels dealt out at random."""
    dealt = dict(zip(tree.leaves, rng.permutation(len(tree.leaves)).tolist(), strict=True))
    raw = RawTree(
        parent=tree.parent.tolist(),
        leaf=[None if leaf is None else tree.leaves[dealt[leaf]] for leaf in tree.leaf],
        name=list(tree.name),
        height=[] if tree.merge_height is None else tree.merge_height.tolist(),
    )
    return Hierarchy(raw)
