"""An order of items that goes with them, whatever they are called."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.clustering.canonical import label_free_order
from tests.support.strategies import similarities


def laid_out(values: np.ndarray) -> np.ndarray:
    order = label_free_order(values)
    assert sorted(order.tolist()) == list(range(len(values)))
    return values[np.ix_(order, order)]


@given(similarities(ties=True), st.integers(0, 99))
def test_any_numbering_is_laid_out_the_same(similarity, seed):
    mixed = np.random.default_rng(seed).permutation(len(similarity))
    values = similarity.values
    assert (laid_out(values) == laid_out(values[np.ix_(mixed, mixed)])).all()


CYCLE = np.roll(np.eye(8), 1, 0) + np.roll(np.eye(8), -1, 0)


@pytest.mark.parametrize(
    "values",
    [
        np.ones((9, 9)),
        np.where(np.eye(12), 1, np.kron(np.eye(3), np.ones((4, 4))) / 2),
        np.where(np.eye(8), 1, CYCLE / 2),
        np.where(np.eye(16), 1, np.kron(np.eye(2), CYCLE) / 2),
    ],
    ids=["all alike", "three blocks", "a cycle", "two cycles"],
)
def test_items_that_can_be_exchanged_are_laid_out_the_same(values):
    """In a cycle no item differs from another, but some are nearer to the first that is taken."""
    for seed in range(20):
        mixed = np.random.default_rng(seed).permutation(len(values))
        assert (laid_out(values) == laid_out(values[np.ix_(mixed, mixed)])).all()
