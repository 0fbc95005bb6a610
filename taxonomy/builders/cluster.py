"""Agglomerative clustering of a similarity: the main builder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from taxonomy._core.errors import ClusteringError
from taxonomy.clustering.levels import bounded_levels, dendrogram, largest_group
from taxonomy.clustering.refinement import Bounds, refine
from taxonomy.labels import LabelSet
from taxonomy.similarity import Similarity, SparseSimilarity
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class Cluster:
    """Cluster a similarity into levels of bounded groups, or into its whole dendrogram.

    Args:
        linkage: how near two groups are; ward, centroid and median need a similarity that is an
            inner product, such as that of embeddings.
        levels: groups per level, coarse to fine; empty for the whole dendrogram, ``auto``
            for about ``0.82 sqrt(n)`` groups and, from 24 classes on, 4 times as many below. Where
            only neighbours are scored, auto is the whole dendrogram, and levels are refused.
        slack: a group holds at most ``slack`` times its even share of the classes.
        least: fewest classes of a group of the finest level.
        refine: whether to move and swap classes between groups afterwards while it lowers
            Dasgupta's cost, within the same bounds.
    """

    linkage: Literal["average", "complete", "single", "weighted", "ward", "centroid", "median"] = (
        "average"
    )
    levels: tuple[int, ...] | Literal["auto"] = "auto"
    slack: float = 1.5
    least: int = 2
    refine: Literal["no", "yes"] = "no"

    needs_similarity: ClassVar[bool] = True

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Cluster the labels.

        Raises:
            ClusteringError: no similarity, one of other labels or, for bounded groups, of
                neighbours only, or bounds that cannot be met.
        """
        if similarity is None:
            raise ClusteringError("Clustering needs a similarity; name a source: --source wordnet.")
        if similarity.ids != labels.ids:
            raise ClusteringError("The similarity is of other labels than the label set.")
        sparse = isinstance(similarity, SparseSimilarity)
        automatic = () if sparse else automatic_levels(len(labels))
        levels = automatic if self.levels == "auto" else self.levels
        if not levels:
            return dendrogram(similarity, self.linkage)
        if sparse:
            raise ClusteringError(
                f"Groups of bounded size need all pairs of the {len(labels)} classes, and only "
                "neighbours are scored; build the whole dendrogram: --levels auto."
            )
        tree = bounded_levels(similarity, levels, self.linkage, self.slack, self.least)
        if self.refine == "no":
            return tree
        most = tuple(largest_group(len(labels), groups, self.slack) for groups in levels)
        least = (*[1] * (len(levels) - 1), self.least)
        return refine(tree, similarity, Bounds(least, most))


def automatic_levels(n: int) -> tuple[int, ...]:
    """Return the groups per level for n classes: none below 6, two levels from 24 on.

    >>> automatic_levels(212), automatic_levels(12), automatic_levels(4)
    ((12, 48), (3,), ())
    """
    if n < 6:
        return ()
    coarse = round(0.82 * n**0.5)
    return (coarse, min(4 * coarse, n // 2)) if n >= 24 else (coarse,)
