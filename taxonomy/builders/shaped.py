"""The tree of a given shape that loses least similarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from taxonomy._core.checked import check_options
from taxonomy._core.errors import ClusteringError, check_choice
from taxonomy.clustering.linkage import PairwiseLinkageName
from taxonomy.clustering.shaped import Shape, number_of_levels, shaped_tree
from taxonomy.labels import LabelSet, check_same_labels
from taxonomy.similarity import Similarity
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class Shaped:
    """Search for the tree within bounds whose normalised Dasgupta cost is least.

    Args:
        levels: levels of nodes between the root and the classes; 0 for two from 24 classes on,
            and one below.
        groups: nodes of every level, coarse to fine; ``middle`` for the geometric mean of the
            fewest and the most that the bounds allow, ``cheapest`` for what loses least.
        least_children: fewest children of a node below the root, classes counting as children.
        most_children: most children of a node below the root.
        least_leaves: fewest classes of a node, by level, coarse to fine; one number is about the
            finest level.
        most_leaves: most classes of a node, by level as ``least_leaves``.
        balance: how much uneven groups cost: times the squared coefficient of variation of the
            sizes of a level's groups, added to the normalised cost.
        linkage: how the groups are found that the search starts from.
    """

    levels: int = 0
    groups: tuple[int, ...] | Literal["middle", "cheapest"] = "middle"
    least_children: int = 2
    most_children: int = 12
    least_leaves: tuple[int, ...] = (3,)
    most_leaves: tuple[int, ...] = (12,)
    balance: float = 0.0
    linkage: PairwiseLinkageName = "average"

    needs_similarity: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_options(self, ClusteringError)
        if isinstance(self.groups, str):
            check_choice("groups", self.groups, ["middle", "cheapest"], ClusteringError)

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Search for the tree.

        Raises:
            ClusteringError: no similarity, one of other labels, or bounds that cannot be met.
            SimilarityError: only neighbours are scored.
        """
        if similarity is None:
            raise ClusteringError("Shaping needs a similarity; name a `source`, such as wordnet.")
        names = ("the similarity", "the label set")
        check_same_labels(similarity.ids, labels.ids, ClusteringError, names)
        levels = number_of_levels(self.levels, self.groups, len(labels))
        shape = Shape(
            levels,
            self.groups,
            self.least_children,
            self.most_children,
            self.least_leaves,
            self.most_leaves,
            self.balance,
        )
        return shaped_tree(similarity.all_pairs(), shape, self.linkage)
