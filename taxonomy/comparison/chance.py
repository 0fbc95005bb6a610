"""How far a tree is from chance by the similarities that it was built from, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from taxonomy.comparison.dasgupta import share_of_chance
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy

DEALS = 9
"""How often similarities are dealt out at random: one tree of noise in ten beats all of these."""

MOST_DEALT_OFTEN, MOST_DEALT = 100, 400
"""Classes up to which they are dealt so often, and once: the more, the less chance varies."""

NEAR_CHANCE = 0.95
"""From here on a tree of more classes than that is as good as random."""

MUCH_WORSE = 0.25
"""What bounds may add before it is said that they do."""


@dataclass(frozen=True)
class AgainstChance:
    """Dasgupta's cost of a tree as a share of chance; printed, what that means and what to try.

    Args:
        tree: `taxonomy.comparison.share_of_chance` of the tree: 1 is a random tree, lower is
            better; nan where the source finds all pairs equally alike.
        whole: that of the dendrogram without bounds; None where the tree is that.
        dealt: the least of trees that were built in the same way of the same similarities dealt
            out at random; None where that was not tried.

    >>> print(AgainstChance(0.381, 0.302, 0.84))
    fit: Dasgupta's cost is 0.38 of chance (1 is a random tree, the dendrogram without bounds 0.30)
    """

    tree: float
    whole: float | None = None
    dealt: float | None = None

    @property
    def knows_nothing(self) -> bool:
        """Whether similarities without any meaning give as good a tree."""
        limit = NEAR_CHANCE if self.dealt is None else self.dealt
        return math.isnan(self.tree) or self.tree >= limit

    def __str__(self) -> str:
        if math.isnan(self.tree):
            return (
                "fit: the source finds all pairs of classes equally alike, so neither it nor this "
                "tree says anything about them; try another source"
            )
        without = f", the dendrogram without bounds {self.whole:.2f}" if self.whole else ""
        said = f"fit: Dasgupta's cost is {self.tree:.2f} of chance (1 is a random tree{without})"
        if self.whole and not self.knows_nothing and self.tree - self.whole > MUCH_WORSE:
            return f"{said}; the bounds on its groups cost much of the fit: try natural groups"
        if self.knows_nothing:
            return (
                f"{said}; similarities without meaning give as good a tree, so the source knows "
                "little about these classes: try another one, or a mixture"
            )
        return said


def against_chance(
    tree: Hierarchy,
    similarity: DenseSimilarity,
    build: Callable[[DenseSimilarity], Hierarchy],
    whole: float | None = None,
) -> AgainstChance:
    """Return how far a tree is from chance, and from trees of the same numbers without meaning.

    Args:
        tree: of at least three labels.
        similarity: what it was built from.
        build: how.
        whole: the share of chance of the dendrogram without bounds.

    >>> values = [[1, 0.9, 0.1, 0], [0.9, 1, 0, 0], [0.1, 0, 1, 0.8], [0, 0, 0.8, 1]]
    >>> from taxonomy.clustering.levels import dendrogram
    >>> s = DenseSimilarity("abcd", values)
    >>> against_chance(dendrogram(s), s, dendrogram).tree
    0.6
    """
    share = share_of_chance(tree, similarity)
    if math.isnan(share) or len(similarity) > MOST_DEALT:
        return AgainstChance(round(share, 6), whole)
    upper = np.triu_indices(len(similarity), 1)
    rng = np.random.default_rng(0)
    # Sorted, so that neither order nor names of the labels decide what is dealt.
    pairs = np.sort(similarity.values[upper])
    shares = []
    for _ in range(DEALS if len(similarity) <= MOST_DEALT_OFTEN else 1):
        values = np.zeros_like(similarity.values)
        values[upper] = rng.permutation(pairs)
        values += values.T
        np.fill_diagonal(values, 1.0)
        dealt = DenseSimilarity(similarity.ids, values)
        shares.append(share_of_chance(build(dealt), dealt))
    return AgainstChance(round(share, 6), whole, round(min(shares), 6))
