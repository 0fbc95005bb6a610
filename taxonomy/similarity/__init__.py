"""Similarity sources: label sets in, `Similarity` out; one file a source.

A source is a frozen dataclass whose fields are its options; calling it scores a label set:

>>> from taxonomy.labels import LabelSet
>>> from taxonomy.similarity import RandomScores
>>> similarity = RandomScores(seed=1)(LabelSet(["cat", "dog", "car"]))
>>> similarity.values.shape
(3, 3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taxonomy._core.registry import Registry, lazy_names
from taxonomy.similarity._sparse import SparseSimilarity
from taxonomy.similarity._value import DenseSimilarity, Similarity, Source

if TYPE_CHECKING:
    from taxonomy.similarity.embedding import Embedding
    from taxonomy.similarity.llm import LanguageModel
    from taxonomy.similarity.mixture import Mixture
    from taxonomy.similarity.precomputed import Precomputed
    from taxonomy.similarity.random import RandomScores
    from taxonomy.similarity.shuffled import ShuffledScores
    from taxonomy.similarity.visual import Visual
    from taxonomy.similarity.wordnet import WordNet

__all__ = [
    "SOURCES",
    "DenseSimilarity",
    "Embedding",
    "LanguageModel",
    "Mixture",
    "Precomputed",
    "RandomScores",
    "ShuffledScores",
    "Similarity",
    "Source",
    "SparseSimilarity",
    "Visual",
    "WordNet",
    "get_source",
]


SOURCES: Registry[Source] = Registry(
    "source",
    {
        "embedding": "taxonomy.similarity.embedding:Embedding",
        "llm": "taxonomy.similarity.llm:LanguageModel",
        "mixture": "taxonomy.similarity.mixture:Mixture",
        "precomputed": "taxonomy.similarity.precomputed:Precomputed",
        "random": "taxonomy.similarity.random:RandomScores",
        "shuffled": "taxonomy.similarity.shuffled:ShuffledScores",
        "visual": "taxonomy.similarity.visual:Visual",
        "wordnet": "taxonomy.similarity.wordnet:WordNet",
    },
)
"""All similarity sources by name."""

__getattr__, __dir__ = lazy_names(__name__, SOURCES.classes)


def get_source(name: str, **options: Any) -> Source:
    """Return a similarity source by its registered name.

    Args:
        name: such as ``wordnet``; `SOURCES` lists all.
        options: fields of the source's class, which an editor completes: `WordNet`, `Embedding`, ….

    Raises:
        RegistryError: there is no source of that name, or it has no such option.
        MissingExtraError: it needs an extra that is not installed.

    >>> get_source("random", seed=1)
    RandomScores(seed=1)
    """
    return SOURCES.make(name, options)
