"""Another source's scores with the labels permuted: a null model for comparisons of trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxonomy._core import io
from taxonomy.labels import LabelSet
from taxonomy.similarity._recipe import only_source, scored, written
from taxonomy.similarity._value import DenseSimilarity, Source


@dataclass(frozen=True)
class ShuffledScores:
    """Another source's scores with the labels permuted at random.

    The null model of a comparison: trees of it have the very shapes of the source's own, ties and
    all, while ``random`` has its own distribution.

    Args:
        of: the source, with its options after it, such as: llm transcript=icons/llm-rows. In Python
            a source, too.
        seed: picks the permutation; the same seed and ids give the same one in any order.
    """

    of: str | Source = "wordnet"
    seed: int = 0

    def __call__(self, labels: LabelSet) -> DenseSimilarity:
        """Score with the source and permute.

        Raises:
            SimilarityError: a faulty recipe, or a source that cannot score the labels.
        """
        permuted = shuffle(scored(only_source(self.of), labels), self.seed)
        made = dict(permuted.provenance) | {"of": written(self.of), "labels": labels.digest}
        return DenseSimilarity(permuted.ids, permuted.values, made)


def shuffle(similarity: DenseSimilarity, seed: int) -> DenseSimilarity:
    """Return the similarities with their labels permuted.

    >>> values = [[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]
    >>> shuffle(DenseSimilarity("abc", values), seed=0).values.tolist()[0]
    [1.0, 0.1, 0.2]
    """
    similarity = similarity.all_pairs()
    order = np.random.default_rng(seed).permutation(len(similarity))
    made = io.provenance(
        "shuffled", seed=seed, similarity=similarity.digest, source=similarity.provenance
    )
    return DenseSimilarity(similarity.ids, similarity.values[np.ix_(order, order)], made)
