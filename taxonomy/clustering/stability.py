"""Stability: how much of a tree survives small noise on the similarities it was built from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import SimilarityError
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.consensus import clade_support
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class Stability:
    """The share of noisy runs in which each clade of a tree came out again.

    Args:
        tree: built from the similarities as they are.
        support: per entry of the tree, in [0, 1]; 1 for leaves and the root.
        runs: how many noisy similarities were drawn.
        noise: the most that a similarity was changed by.
        seed: seeds the noise.
    """

    tree: Hierarchy
    support: FloatArray
    runs: int
    noise: float
    seed: int

    @property
    def mean(self) -> float:
        """The mean support of the nodes below the root; 1 where there are none."""
        inner = self.tree.nodes[1:]
        return float(self.support[inner].mean()) if len(inner) else 1.0

    def with_support(self) -> Hierarchy:
        """Return the tree with its support, and with runs, noise and seed in its provenance."""
        facts = {"runs": self.runs, "noise": self.noise, "seed": self.seed}
        return self.tree.with_support(self.support).with_provenance(stability=facts)


def stability(
    similarity: DenseSimilarity,
    build: Callable[[DenseSimilarity], Hierarchy],
    runs: int = 100,
    noise: float | None = None,
    seed: int = 0,
) -> Stability:
    """Build a tree, and again from noisy copies of the similarity, and count surviving clades.

    Args:
        similarity: what the tree is built from.
        build: how, such as `taxonomy.clustering.levels.dendrogram`.
        runs: noisy copies.
        noise: each similarity is changed by a uniform number in [-noise, noise] and cut to
            [0, 1]; by default half the step of the score grid, `grid_step`, within which a grid
            cannot tell similarities apart.
        seed: seeds the noise.

    Raises:
        SimilarityError: no runs, or a negative noise.

    >>> values = [[1, 0.9, 0.1, 0], [0.9, 1, 0, 0], [0.1, 0, 1, 0.8], [0, 0, 0.8, 1]]
    >>> from taxonomy.clustering.levels import dendrogram
    >>> found = stability(DenseSimilarity("abcd", values), dendrogram)
    >>> found.mean
    1.0
    >>> found.with_support().attributes(1)["support"]
    1.0
    """
    similarity = similarity.all_pairs()
    size = grid_step(similarity) / 2 if noise is None else noise
    if runs < 1 or not size >= 0:
        raise SimilarityError("Stability needs at least one run and a noise of at least 0.")
    rng = np.random.default_rng(seed)
    upper = np.triu_indices(len(similarity), 1)
    trees = []
    for _ in range(runs):
        values = np.zeros_like(similarity.values)
        drawn = similarity.values[upper] + rng.uniform(-size, size, len(upper[0]))
        values[upper] = np.clip(drawn, 0, 1)
        values += values.T
        np.fill_diagonal(values, 1.0)
        trees.append(build(DenseSimilarity(similarity.ids, values)))
    tree = build(similarity)
    return Stability(tree, clade_support(tree, trees), runs, size, seed)


def grid_step(similarity: DenseSimilarity) -> float:
    """Return the smallest difference between two different similarities; 0 where all are equal.

    >>> round(grid_step(DenseSimilarity("abc", [[1, 0.9, 0.1], [0.9, 1, 0.4], [0.1, 0.4, 1]])), 9)
    0.3
    """
    found = np.unique(similarity.all_pairs().values[np.triu_indices(len(similarity), 1)])
    steps = np.diff(found)
    steps = steps[steps > 1e-9]
    return float(steps.min()) if len(steps) else 0.0
