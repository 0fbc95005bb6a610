"""No hierarchy at all: every class directly below the root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from taxonomy.labels import LabelSet
from taxonomy.similarity import Similarity
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class Star:
    """The star tree, over which a hierarchical network is a flat one."""

    needs_similarity: ClassVar[bool] = False

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Put every label under the root."""
        return Hierarchy.star(labels.ids)
