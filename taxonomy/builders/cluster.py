"""Agglomerative clustering of a similarity: the main builder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from taxonomy._core.checked import check_options
from taxonomy._core.errors import ClusteringError, check_choice
from taxonomy.clustering.levels import bounded_levels, dendrogram, largest_group
from taxonomy.clustering.linkage import LinkageName
from taxonomy.clustering.natural import natural_groups
from taxonomy.clustering.refinement import Bounds, refine
from taxonomy.labels import LabelSet, check_same_labels
from taxonomy.similarity import DenseSimilarity, Similarity
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class Cluster:
    """Cluster a similarity into natural groups, levels of bounded groups, or its whole dendrogram.

    Args:
        linkage: how near two groups are; ward, centroid and median need a similarity that is an
            inner product, such as that of embeddings.
        levels: ``natural`` for the dendrogram's groups that keep most similarity beyond chance;
            numbers for so many groups per level, coarse to fine, of bounded size, and ``auto`` for
            about ``0.82 sqrt(n)`` of them and, from 24 classes on, 4 times as many below; empty for
            the whole dendrogram. Where only neighbours are scored, natural and auto are the whole
            dendrogram, and numbers are refused.
        most_levels: the most natural groups above one another.
        slack: a bounded group holds at most ``slack`` times its even share of the classes.
        least: fewest classes of a natural group or of a bounded one of the finest level; 0 for 2
            and, of natural groups of 12 classes and more, for 3.
        refine: whether to move and swap classes between bounded groups afterwards while it lowers
            Dasgupta's cost, within the same bounds.
    """

    linkage: LinkageName = "average"
    levels: tuple[int, ...] | Literal["natural", "auto"] = "natural"
    most_levels: int = 2
    slack: float = 1.5
    least: int = 0
    refine: bool = False

    needs_similarity: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_options(self, ClusteringError)
        if isinstance(self.levels, str):
            check_choice("levels", self.levels, ["natural", "auto"], ClusteringError)
        if self.levels == "natural" and (self.slack != Cluster.slack or self.refine):
            raise ClusteringError(
                "`slack` and `refine` are about groups of bounded size, and `levels` is natural; "
                "ask for bounded groups, such as `levels=auto`, or leave these out."
            )
        if self.levels != "natural" and self.most_levels != Cluster.most_levels:
            raise ClusteringError(
                "`most_levels` is about natural groups, and `levels` is something else; leave one "
                "of them out."
            )

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
        n, levels = len(labels), self.levels
        if isinstance(levels, str) and not similarity.has_all_pairs:
            levels = ()
        if levels == "natural":
            least = self.least or (3 if n >= 12 else 2)
            return natural_groups(similarity.all_pairs(), self.most_levels, self.linkage, least)
        if levels == "auto":
            levels = automatic_levels(n)
        if not levels:
            return dendrogram(similarity, self.linkage)
        return self._bounded(similarity.all_pairs(), levels)

    def _bounded(self, similarity: DenseSimilarity, levels: tuple[int, ...]) -> Hierarchy:
        least = self.least or 2
        tree = bounded_levels(similarity, levels, self.linkage, self.slack, least)
        if not self.refine:
            return tree
        most = tuple(largest_group(len(similarity), groups, self.slack) for groups in levels)
        return refine(tree, similarity, Bounds((*[1] * (len(levels) - 1), least), most))


def automatic_levels(n: int) -> tuple[int, ...]:
    """Return the groups per level for n classes: none below 6, two levels from 24 on.

    >>> automatic_levels(212), automatic_levels(12), automatic_levels(4)
    ((12, 48), (3,), ())
    """
    if n < 6:
        return ()
    coarse = round(0.82 * n**0.5)
    return (coarse, min(4 * coarse, n // 2)) if n >= 24 else (coarse,)
