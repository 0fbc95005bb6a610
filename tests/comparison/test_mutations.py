"""The more leaves move elsewhere, the less alike a tree is to what it was, by every metric."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy._core.errors import HierarchyError
from taxonomy.comparison import METRICS
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import move_leaves

SEEDS = 12
NESTED = [
    [[f"c{top}{low}{i}" for i in range(2 + (top + low) % 4)] for low in range(5)]
    for top in range(5)
]
TREE = Hierarchy.from_nested(NESTED)


@pytest.mark.parametrize("name", METRICS)
def test_means_fall(name):
    """From the tree itself over 1, 5, 20 and 60 % of its leaves moved."""
    metric, n = METRICS[name], len(TREE.leaves)
    means = [metric(TREE, TREE)]
    assert means == [pytest.approx(metric.best)]
    for share in (0.01, 0.05, 0.2, 0.6):
        others = [move_leaves(TREE, max(1, round(share * n)), seed) for seed in range(SEEDS)]
        means.append(np.mean([metric(TREE, other) for other in others]))
    sign = 1 if metric.alike == "low" else -1
    assert (sign * np.diff(means) > 0).all(), means


class TestMoveLeaves:
    def test_moves_so_many(self):
        for count in (0, 1, 7):
            moved = move_leaves(TREE, count, 0)
            assert moved.leaves == TREE.leaves
            groups = [
                {leaf: set(tree.clade(tree.ancestors(leaf)[0])) for leaf in tree.leaves}
                for tree in (TREE, moved)
            ]
            strangers = [
                leaf for leaf in TREE.leaves if not groups[0][leaf] & groups[1][leaf] - {leaf}
            ]
            assert len(strangers) <= count
            assert (moved == TREE) == (count == 0)

    def test_closes_what_is_left_empty(self):
        tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
        for seed in range(20):
            moved = move_leaves(tree, 2, seed)
            assert all(len(moved.children(node)) > 1 for node in moved.nodes)

    def test_refusals(self):
        with pytest.raises(HierarchyError, match="one inner node"):
            move_leaves(Hierarchy.star("abc"), 1, 0)
        with pytest.raises(HierarchyError, match="ask for 0 to all"):
            move_leaves(TREE, 1000, 0)
