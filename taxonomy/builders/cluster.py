"""Agglomerative clustering of a similarity: the main builder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from taxonomy._core.checked import check_options
from taxonomy._core.errors import ClusteringError, check_choice
from taxonomy.clustering.levels import bounded_levels, dendrogram, largest_group
from taxonomy.clustering.linkage import LinkageName
from taxonomy.clustering.refinement import Bounds, refine
from taxonomy.labels import LabelSet, check_same_labels
from taxonomy.similarity import Similarity
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

    linkage: LinkageName = "average"
    levels: tuple[int, ...] | Literal["auto"] = "auto"
    slack: float = 1.5
    least: int = 2
    refine: bool = False

    needs_similarity: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_options(self, ClusteringError)
        if isinstance(self.levels, str):
            check_choice("levels", self.levels, ["auto"], ClusteringError)

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Cluster the labels.

        Raises:
            ClusteringError: no similarity, one of other labels, or bounds that cannot be met.
            SimilarityError: only neighbours are scored, and groups of bounded size are asked for.
        """
        if similarity is None:
            raise ClusteringError(
                "Clustering needs a similarity; name a `source`, such as wordnet."
            )
        names = ("the similarity", "the label set")
        check_same_labels(similarity.ids, labels.ids, ClusteringError, names)
        automatic = automatic_levels(len(labels)) if similarity.has_all_pairs else ()
        levels = automatic if self.levels == "auto" else self.levels
        if not levels:
            return dendrogram(similarity, self.linkage)
        dense = similarity.all_pairs()
        tree = bounded_levels(dense, levels, self.linkage, self.slack, self.least)
        if not self.refine:
            return tree
        most = tuple(largest_group(len(labels), groups, self.slack) for groups in levels)
        least = (*[1] * (len(levels) - 1), self.least)
        return refine(tree, dense, Bounds(least, most))


def automatic_levels(n: int) -> tuple[int, ...]:
    """Return the groups per level for n classes: none below 6, two levels from 24 on.

    >>> automatic_levels(212), automatic_levels(12), automatic_levels(4)
    ((12, 48), (3,), ())
    """
    if n < 6:
        return ()
    coarse = round(0.82 * n**0.5)
    return (coarse, min(4 * coarse, n // 2)) if n >= 24 else (coarse,)
