"""Random similarities: the null model that every other source has to beat."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from taxonomy._core import io
from taxonomy.labels import LabelSet
from taxonomy.similarity._value import DenseSimilarity


@dataclass(frozen=True)
class RandomScores:
    """Independent uniform similarities in [0, 1).

    Args:
        seed: picks the matrix; the same seed and ids give the same matrix in any order.
    """

    seed: int = 0

    def __call__(self, labels: LabelSet) -> DenseSimilarity:
        """Draw one number per unordered pair."""
        n = len(labels)
        # The label ids enter the seed, so that two label sets of one size share no matrix.
        key = hashlib.sha256(io.canonical_json([self.seed, *labels.ids]).encode()).digest()
        values = np.zeros((n, n))
        upper = np.triu_indices(n, 1)
        values[upper] = np.random.default_rng(list(key)).random(len(upper[0]))
        values += values.T
        np.fill_diagonal(values, 1.0)
        return DenseSimilarity(
            labels.ids,
            values,
            io.provenance("random", seed=self.seed, labels=labels.digest),
        )
