"""Agreement cut by cut, beside what permuted labels give."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from taxonomy._core.errors import HierarchyError
from taxonomy.comparison import (
    adjusted_mutual_information_curve,
    agreement,
    fowlkes_mallows_curve,
)
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.trees import random_pair

A = Hierarchy.from_nested([["a", "b"], ["c", "d"], "e"])
B = Hierarchy.from_nested([["a", "b", "e"], ["c", "d"]])


@pytest.mark.parametrize("seed", range(5))
def test_is_the_two_curves_where_there_are_few_cuts(seed):
    a, b = (one.tree for one in random_pair(seed))
    found = agreement(a, b).curve
    pairs = fowlkes_mallows_curve(a, b)
    columns = ["k", "clusters_a", "clusters_b", "fowlkes_mallows", "null_mean"]
    assert np.allclose(found[columns], pairs[columns])
    information = adjusted_mutual_information_curve(a, b)["adjusted_mutual_information"]
    assert np.allclose(found["adjusted_mutual_information"], information)


def test_the_band_is_that_of_all_relabellings():
    # Of cuts of 2, 2 and 1 with cuts of 3 and 2 labels: two pairs with four, B = together / √8.
    found = agreement(A, B, samples=2000)
    row = found.curve[found.curve["k"] == 3].iloc[0]
    one, other = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0])
    values = []
    for order in permutations(range(5)):
        dealt = one[list(order)]
        together = sum(
            dealt[i] == dealt[j] and other[i] == other[j] for i in range(5) for j in range(i)
        )
        values.append(together / np.sqrt(8))
    assert row["fowlkes_mallows"] == pytest.approx(2 / np.sqrt(8))
    assert row["null_mean"] == pytest.approx(np.mean(values))
    assert row["null_low"] == np.quantile(values, 0.025) == 0
    assert row["null_high"] == pytest.approx(np.quantile(values, 0.975))
    assert found.p == pytest.approx(np.mean(np.array(values) >= 2 / np.sqrt(8) - 1e-9), abs=0.03)


def test_the_seed_decides_the_band_alone():
    a, b = (one.tree for one in random_pair(3))
    one, again, other = (agreement(a, b, samples=20, seed=seed) for seed in (0, 0, 1))
    assert one.curve.equals(again.curve)
    assert (one.p, one.samples, other.seed) == (again.p, 20, 1)
    fixed = ["k", "fowlkes_mallows", "null_mean", "adjusted_mutual_information"]
    assert one.curve[fixed].equals(other.curve[fixed])


def test_many_cuts_are_spread_evenly_by_ratio():
    labels = [f"c{i:03d}" for i in range(200)]
    nested: object = labels[0]
    for label in labels[1:]:
        nested = [nested, label]
    tree = Hierarchy.from_nested(nested)
    k = agreement(tree, tree, cuts=8, samples=2).curve["k"].tolist()
    assert len(k) <= 8
    assert (k[0], k[-1]) == (2, 199)
    steps = np.diff(np.log(k))
    assert steps.max() < 1.5 * steps.min()


def test_stars_have_no_cuts():
    star = Hierarchy.star("abcd")
    found = agreement(star, star)
    assert len(found.curve) == 0
    assert np.isnan(found.p)


@pytest.mark.parametrize("option", ["cuts", "samples"])
def test_too_few(option):
    with pytest.raises(HierarchyError, match=f"`{option}` is 1"):
        agreement(A, B, **{option: 1})
    with pytest.raises(HierarchyError, match="labels"):
        agreement(A, Hierarchy.star("abcx"))
