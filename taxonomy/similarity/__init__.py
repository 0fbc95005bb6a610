"""Similarity sources: label sets in, `Similarity` out; one file a source.

A source is a frozen dataclass whose fields are its options; calling it scores a label set:

>>> from taxonomy.labels import LabelSet
>>> from taxonomy.similarity import get_source
>>> similarity = get_source("random")(seed=1)(LabelSet(["cat", "dog", "car"]))
>>> similarity.values.shape
(3, 3)
"""

from __future__ import annotations

from typing import Protocol

from taxonomy._core.registry import Registry
from taxonomy.labels import LabelSet
from taxonomy.similarity._sparse import SparseSimilarity
from taxonomy.similarity._value import Similarity

__all__ = ["SOURCES", "Similarity", "Source", "SparseSimilarity", "get_source"]


class Source(Protocol):
    """What every similarity source is: a frozen dataclass, called with a label set."""

    def __call__(self, labels: LabelSet) -> Similarity:
        """Score all pairs of labels."""
        ...


SOURCES: Registry[type[Source]] = Registry("source", "taxonomy.similarity", "Source")
"""All similarity sources by name."""


def get_source(name: str) -> type[Source]:
    """Return the dataclass of a similarity source.

    Raises:
        RegistryError: there is no source of that name.
    """
    return SOURCES.get(name)
