"""The step of a local search is the least allowed change, and the first among equals."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy.clustering.steps import least_change

CHANGE = np.array([[0.0, -3.0, 1.0], [-2.0, 5.0, -2.0]])


@pytest.mark.parametrize(
    ("barred", "step"),
    [
        ([], (-3.0, 0, 1)),
        ([(0, 1)], (-2.0, 1, 0)),
        ([(0, 1), (1, 0)], (-2.0, 1, 2)),
        ([(0, 1), (1, 0), (1, 2)], (0.0, 0, 0)),
    ],
)
def test_the_least_change_that_is_not_barred(barred, step):
    table = np.zeros(CHANGE.shape, dtype=bool)
    for place in barred:
        table[place] = True
    assert least_change(CHANGE, table) == step


def test_where_nothing_is_allowed_the_change_is_infinite():
    assert least_change(CHANGE, np.ones(CHANGE.shape, dtype=bool)).change == np.inf
