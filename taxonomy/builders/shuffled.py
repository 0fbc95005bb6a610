"""A tree with its labels permuted at random: a null model for comparisons of trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from taxonomy._core.errors import HierarchyError, did_you_mean
from taxonomy._core.spelling import counted
from taxonomy.formats import get_tree
from taxonomy.labels import LabelSet
from taxonomy.similarity import Similarity
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import shuffle_leaves


@dataclass(frozen=True)
class ShuffledTree:
    """A given tree with its labels permuted at random.

    Args:
        tree: a tree file, a run's folder, or a shipped tree such as icons/hypernyms; classes that
            are not asked for are left out first.
        seed: picks the permutation.
    """

    tree: str = ""
    seed: int = 0

    needs_similarity: ClassVar[bool] = False

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Read the tree and deal its labels out.

        Raises:
            HierarchyError: no tree is named, or it lacks a label.
            FileFormatError: the file is missing or no tree.
        """
        if not self.tree:
            raise HierarchyError("Name the `tree` to shuffle, such as icons/wordnet.")
        whole = get_tree(self.tree)
        lacking = [name for name in labels.ids if name not in set(whole.leaves)]
        if lacking:
            raise HierarchyError(
                f"{self.tree}: lacks {len(lacking)} of {counted(len(labels), 'label')}, the "
                "first being "
                f"{lacking[0]!r}.{did_you_mean(lacking[0], whole.leaves)} Name a tree of these "
                "labels; taxonomy generate makes one."
            )
        return shuffle_leaves(whole.restrict(labels.ids, unary="collapse"), self.seed)
