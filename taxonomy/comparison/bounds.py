"""What bounds on a tree's shape cost: its fit beside that of the unbounded dendrogram."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taxonomy.clustering.levels import dendrogram
from taxonomy.comparison.dasgupta import dasgupta_cost, expected_dasgupta_cost
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
    """

    dasgupta_cost: float
    by_chance: float
    cophenetic_fit: float | None


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
    cost = dasgupta_cost(tree, similarity)
    share = dasgupta_cost(tree, similarity, normalised=True)
    chance = expected_dasgupta_cost(tree, similarity) * share / cost
    fit = cophenetic_fit(tree, similarity)
    return Fit(round(share, 6), round(chance, 6), None if fit != fit else round(fit, 6))
