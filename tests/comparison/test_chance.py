"""How far from chance a tree is: free of scale, exact by all relabellings, and said in words."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.clustering.natural import natural_groups
from taxonomy.comparison import AgainstChance, against_chance, share_of_chance
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.strategies import similarities

TREE = Hierarchy.from_nested([["a", "b"], ["c", "d", "e"]])


def scaled(similarity: DenseSimilarity, times: float, plus: float) -> DenseSimilarity:
    values = similarity.values * times + plus
    np.fill_diagonal(values, 1.0)
    return DenseSimilarity(similarity.ids, values)


def above_average_cost(tree: Hierarchy, values: np.ndarray) -> float:
    upper = np.triu_indices(len(values), 1)
    pairs = np.maximum(0, values[upper] - values[upper].mean())
    return float(pairs @ tree.leaf_counts[tree.lowest_common_ancestors[upper]])


@given(similarities(least=5, most=5))
def test_chance_is_the_mean_over_all_relabellings(similarity):
    a, b, *others = similarity.ids
    tree = Hierarchy.from_nested([[a, b], others])
    values = similarity.values
    every = [
        above_average_cost(tree, values[np.ix_(order, order)])
        for order in map(list, permutations(range(5)))
    ]
    share = above_average_cost(tree, values) / np.mean(every)
    assert share_of_chance(tree, similarity) == pytest.approx(share)


@given(similarities(least=3, most=12), st.floats(0.1, 0.5), st.floats(0, 0.5))
def test_the_scale_of_a_source_does_not_matter(similarity, times, plus):
    other = scaled(similarity, times, plus)
    tree = natural_groups(similarity, least=2)
    assert share_of_chance(tree, other) == pytest.approx(share_of_chance(tree, similarity))
    assert natural_groups(other, least=2) == tree


@given(similarities(least=3, most=12))
def test_a_star_is_chance(similarity):
    assert share_of_chance(Hierarchy.star(similarity.ids), similarity) == pytest.approx(1)


def test_two_blocks():
    """Of 10 pairs the 4 alike ones meet in clades of 2, 3, 3, 3; all pairs in 2, 3 x 3, 5 x 6."""
    blocks = np.equal.outer([0, 0, 1, 1, 1], [0, 0, 1, 1, 1]).astype(float)
    share = share_of_chance(TREE, DenseSimilarity("abcde", blocks))
    assert share == pytest.approx((11 / 4) / (41 / 10))


def test_where_all_pairs_are_alike_there_is_no_share_and_that_is_said():
    values = np.where(np.eye(5, dtype=bool), 1.0, 0.3)
    found = against_chance(TREE, DenseSimilarity("abcde", values), natural_groups)
    assert np.isnan(found.tree)
    assert found.knows_nothing
    assert "all pairs of classes equally alike" in str(found)


@pytest.mark.parametrize("n", [12, 40, 80])
def test_numbers_without_meaning_are_found_out(n):
    found_out = 0
    for seed in range(20):
        values = np.random.default_rng(seed).random((n, n))
        values = (values + values.T) / 2
        np.fill_diagonal(values, 1)
        similarity = DenseSimilarity([f"{i:02d}" for i in range(n)], values)
        tree = natural_groups(similarity)
        found_out += against_chance(tree, similarity, natural_groups).knows_nothing
    assert found_out >= 14  # 18 are to be expected


@pytest.mark.parametrize(("n", "dealt"), [(200, True), (500, False)])
def test_large_sets(n, dealt):
    values = np.random.default_rng(0).random((n, n))
    values = (values + values.T) / 2
    np.fill_diagonal(values, 1)
    similarity = DenseSimilarity([f"{i:03d}" for i in range(n)], values)
    tree = natural_groups(similarity)
    found = against_chance(tree, similarity, natural_groups)
    assert (found.dealt is not None) == dealt
    assert found.tree > 0.9


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (AgainstChance(0.38), "(1 is a random tree)"),
        (AgainstChance(0.38, 0.3, 0.9), "the dendrogram without bounds 0.30)"),
        (AgainstChance(0.82, 0.5, 0.9), "try natural groups"),
        (AgainstChance(0.91, 0.8, 0.9), "similarities without meaning give as good a tree"),
    ],
)
def test_what_is_said(found, said):
    assert str(found).startswith("fit: ")
    assert said in str(found)
