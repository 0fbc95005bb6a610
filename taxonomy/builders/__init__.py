"""Tree builders: a label set, and for some a similarity, in; a `Hierarchy` out; one file each.

A builder is a frozen dataclass whose fields are its options, called with labels and, if its
class says ``needs_similarity``, with a similarity of these labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from taxonomy._core.registry import Registry, lazy_names
from taxonomy.labels import LabelSet
from taxonomy.similarity import Similarity
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from taxonomy.builders.cluster import Cluster
    from taxonomy.builders.cooccurrence import Cooccurrence
    from taxonomy.builders.hypernyms import Hypernyms
    from taxonomy.builders.imported import Imported, import_tree
    from taxonomy.builders.llm import LanguageModelTree
    from taxonomy.builders.shaped import Shaped
    from taxonomy.builders.shuffled import ShuffledTree
    from taxonomy.builders.star import Star

__all__ = [
    "BUILDERS",
    "Builder",
    "Cluster",
    "Cooccurrence",
    "Hypernyms",
    "Imported",
    "LanguageModelTree",
    "Shaped",
    "ShuffledTree",
    "Star",
    "get_builder",
    "import_tree",
]


class Builder(Protocol):
    """What every tree builder is: a frozen dataclass, called with labels."""

    needs_similarity: ClassVar[bool]

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Build a tree that holds every label once."""
        ...


BUILDERS: Registry[Builder] = Registry(
    "builder",
    {
        "cluster": "taxonomy.builders.cluster:Cluster",
        "cooccurrence": "taxonomy.builders.cooccurrence:Cooccurrence",
        "hypernyms": "taxonomy.builders.hypernyms:Hypernyms",
        "llm": "taxonomy.builders.llm:LanguageModelTree",
        "shaped": "taxonomy.builders.shaped:Shaped",
        "shuffled": "taxonomy.builders.shuffled:ShuffledTree",
        "star": "taxonomy.builders.star:Star",
    },
)
"""All tree builders by name."""

__getattr__, __dir__ = lazy_names(
    __name__,
    {**BUILDERS.classes, **dict.fromkeys(("Imported", "import_tree"), f"{__name__}.imported")},
)


def get_builder(name: str, **options: Any) -> Builder:
    """Return a tree builder by its registered name.

    Args:
        name: such as ``cluster``; `BUILDERS` lists all.
        options: fields of the builder's class, which an editor completes: `Cluster`, `Shaped`, ….

    Raises:
        RegistryError: there is no builder of that name, or it has no such option.
        MissingExtraError: it needs an extra that is not installed.

    >>> get_builder("cluster", levels=(3,)).levels
    (3,)
    """
    return BUILDERS.make(name, options)
