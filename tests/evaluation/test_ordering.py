"""HOPS against a computation place by place, and at its ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.evaluation.ordering import hops, nearness
from taxonomy.trees.hierarchy import Hierarchy
from tests.evaluation.test_evaluation import height, scored_trees


def hops_of_one(tree, classes, true, order, top):
    """Compute one sample's score place by place, as the paper's authors compute theirs."""
    heights = {name: height(tree, true, name) for name in classes}
    distances = sorted(set(heights.values()))
    rank = {name: distances.index(heights[name]) for name in classes}
    best = sorted(rank[name] for name in classes)
    said = [rank[name] for name in order]
    if top == 1:
        return float(said[0] == 0)
    worst = best[:top][::-1]
    lost = most = 0.0
    for place in range(top):
        group = [i for i, each in enumerate(best) if each == best[place]]
        here = 2.0 ** -best[place]
        if best[place] == max(best):
            after = 0.0
        elif best[place] == 0:
            after = 1.0
        else:
            after = here / 2
        weight = here + (after - here) * (place - group[0]) / len(group)
        lost += weight * abs(best[place] - said[place])
        most += weight * abs(best[place] - worst[place])
    return max(0.0, 1 - lost / most) if most else 1.0


@given(scored_trees(), st.integers(1, 6))
def test_every_sample_place_by_place(case, top):
    tree, predictions = case
    classes = predictions.ids
    top = min(top, len(classes))
    ranking = predictions.ranking(len(classes))
    near = nearness(tree, tree.leaf_entries, np.arange(len(classes)))
    found = hops(near.ranks, predictions.targets, ranking, (1, top, len(classes)))
    for row, target in enumerate(predictions.targets):
        order = [classes[column] for column in ranking[row]]
        for i, k in enumerate((1, top, len(classes))):
            by_hand = hops_of_one(tree, classes, classes[target], order, k)
            assert found[i, row] == pytest.approx(by_hand)
    assert found[0].mean() == predictions.accuracy()


TREE = Hierarchy.from_nested([["ant", "bee"], ["car", "van"]])


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("ant bee car van", 1.0),
        ("ant bee van car", 1.0),  # the tree does not say which of the two is nearer
        ("van car bee ant", 0.0),
        ("ant car bee van", 0.75),  # ranks 0 2 1 2: (1/2 + 1/4) of (2 + 1/2 + 1/4 + 1/8 * 2)
    ],
)
def test_four_classes_by_hand(order, expected):
    """Best ranks are 0 1 2 2, with the weights 1, 1/2, 1/4 and 1/8."""
    columns = np.array([[TREE.leaves.index(name) for name in order.split()]])
    near = nearness(TREE, TREE.leaf_entries, np.array([0]))
    assert hops(near.ranks, np.array([0]), columns, (4,)).item() == pytest.approx(expected)


def test_the_order_of_the_first_tells_what_their_mean_distance_does_not():
    """Both have the same classes among the first three; only one has them in the tree's order."""
    near = nearness(TREE, TREE.leaf_entries, np.array([0, 0]))
    orders = np.array([[0, 1, 2, 3], [0, 2, 1, 3]])
    assert near.heights[0][orders[:, :3]].mean(1).tolist() == [1.0, 1.0]
    good, poor = hops(near.ranks, np.array([0, 0]), orders, (3,))[0]
    assert good == 1 > poor
