"""What bounds on a tree's shape cost: its fit beside that of the unbounded dendrogram."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from taxonomy.clustering.levels import dendrogram
from taxonomy.comparison.dasgupta import (
    dasgupta_cost,
    expected_dasgupta_cost,
    share_of_chance,
)
from taxonomy.comparison.heights import cophenetic_fit
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from taxonomy.similarity import DenseSimilarity


class Fit(NamedTuple):
    """How well a tree fits a similarity.

    Attributes:
        dasgupta_cost: normalised, in [0, 1]; low is good, 1 a star.
        by_chance: its mean under random relabelling of the tree.
        cophenetic_fit: in [-1, 1]; high is good; None where it is not defined.
        of_chance: `taxonomy.comparison.share_of_chance`: 1 is a random tree, lower is better; None
            where all pairs are equally alike.
    """

    dasgupta_cost: float
    by_chance: float
    cophenetic_fit: float | None
    of_chance: float | None


class BoundsCost(NamedTuple):
    """The fit without bounds and with them.

    Attributes:
        before: of the dendrogram of the same similarity, with its merge heights.
        after: of the tree, whose heights are edges down to a leaf.
    """

    before: Fit
    after: Fit


def bounds_cost(
    tree: Hierarchy, similarity: DenseSimilarity, method: str = "average"
) -> BoundsCost:
    """Return the fit of the unbounded dendrogram and that of a tree with bounds on its shape.

    Args:
        tree: of at least three labels.
        similarity: of the same labels.
        method: the dendrogram's linkage.

    Raises:
        HierarchyError: fewer than three labels, or nothing is similar to anything.
        ClusteringError: the linkage needs Euclidean distances where there are none.

    >>> from taxonomy.similarity import DenseSimilarity
    >>> s = DenseSimilarity(["a", "b", "c"], [[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    >>> found = bounds_cost(Hierarchy.star("abc"), s)
    >>> round(found.before.dasgupta_cost, 3), round(found.after.dasgupta_cost, 3)
    (0.769, 1.0)
    """
    return BoundsCost(_fit(dendrogram(similarity, method), similarity), _fit(tree, similarity))


def _fit(tree: Hierarchy, similarity: DenseSimilarity) -> Fit:
    values = similarity.all_pairs().values
    star = len(values) * float(values.sum() - np.trace(values)) / 2
    return Fit(
        round(dasgupta_cost(tree, similarity) / star, 6),
        round(expected_dasgupta_cost(tree, similarity) / star, 6),
        _defined(cophenetic_fit(tree, similarity)),
        _defined(share_of_chance(tree, similarity)),
    )


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
