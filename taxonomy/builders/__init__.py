"""Tree builders: a label set, and for some a similarity, in; a `Hierarchy` out; one file each.

A builder is a frozen dataclass whose fields are its options, called with labels and, if its
class says ``needs_similarity``, with a similarity of these labels.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from taxonomy._core.registry import Registry
from taxonomy.labels import LabelSet
from taxonomy.similarity import Similarity
from taxonomy.trees.hierarchy import Hierarchy

__all__ = ["BUILDERS", "Builder", "get_builder"]


class Builder(Protocol):
    """What every tree builder is: a frozen dataclass, called with labels."""

    needs_similarity: ClassVar[bool]

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Build a tree that holds every label once."""
        ...


BUILDERS: Registry[type[Builder]] = Registry("builder", "taxonomy.builders", "Builder")
"""All tree builders by name."""


def get_builder(name: str) -> type[Builder]:
    """Return the dataclass of a tree builder.

    Raises:
        RegistryError: there is no builder of that name.
    """
    return BUILDERS.get(name)
