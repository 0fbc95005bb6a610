"""What holds of the entanglement of trees, whatever they are, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy._core.errors import HierarchyError
from taxonomy.comparison import METRICS, Metric, entanglement, entanglement_of_orders, null
from taxonomy.trees.hierarchy import Hierarchy
from tests.comparison.test_laws import with_labels
from tests.support.trees import random_pair


@settings(max_examples=50)
@given(seed=st.integers(0, 9999))
def test_bounds_symmetry_and_new_names(seed):
    a, b = (pair.tree for pair in random_pair(seed))
    value = entanglement(a, b)
    assert 0 <= value <= 1
    assert value == pytest.approx(entanglement(b, a), abs=1e-9)
    order = np.random.default_rng(seed).permutation(len(a.leaves))
    names = {leaf: f"x{i}" for leaf, i in zip(a.leaves, order, strict=True)}
    renamed = entanglement(with_labels(a, names), with_labels(b, names))
    assert value == pytest.approx(renamed, abs=1e-9)
    assert entanglement(a, a) == 0


def test_it_is_no_metric_of_trees():
    """Of relabellings of this tree some leave no entanglement, so that 0 does not mean equal."""
    tree = random_pair(1)[0].tree
    assert null(Metric(entanglement, 0, 1, "low"), tree, tree, 99).p > 1 / 100
    assert entanglement(tree, Hierarchy.star(tree.leaves)) == 0
    assert "entanglement" not in METRICS


def test_orders_by_hand():
    assert entanglement_of_orders("abc", "abc") == 0
    assert entanglement_of_orders("abc", "cba") == 1
    # Two ways of 1 in place of two of 3 and two of 1: 2 / (2 * 3 + 2 * 1).
    assert entanglement_of_orders("abcd", "bacd", power=1) == 0.25
    assert entanglement_of_orders("a", "a") == 0


@pytest.mark.parametrize(
    ("first", "second", "power", "message"),
    [
        ("ab", "ac", 1, "different labels"),
        ("aab", "aab", 1, "a label twice"),
        ("ab", "ab", 0, "`power` is 0"),
    ],
)
def test_refusals(first, second, power, message):
    with pytest.raises(HierarchyError, match=message):
        entanglement_of_orders(first, second, power)
