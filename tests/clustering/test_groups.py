"""Nested groups become a tree and come back, in any order of the labels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.clustering.groups import Levels, groups_of_tree, tree_of_groups
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.strategies import IDS


@st.composite
def nested_groups(draw) -> Levels:
    """Draw one to three levels of groups, each level's groups within those above."""
    n = draw(st.integers(1, 20))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels: Levels = []
    above = np.zeros(n, dtype=np.int64)
    for _ in range(draw(st.integers(1, 3))):
        above = np.unique(3 * above + rng.integers(0, 3, n), return_inverse=True)[1]
        levels.append(above)
    return levels


def together(groups: np.ndarray) -> np.ndarray:
    """Return which labels share a group, whatever its number."""
    return groups[:, None] == groups[None, :]


@given(nested_groups(), st.randoms())
def test_groups_come_back_in_any_order_of_the_labels(levels, random):
    ids = random.sample(IDS, len(levels[0]))
    tree = tree_of_groups(levels, ids, {"made_by": "test"})
    assert tree.provenance["made_by"] == "test"
    again = groups_of_tree(tree, ids, len(levels))
    for groups, found in zip(levels, again, strict=True):
        assert (together(groups) == together(found)).all()
        assert set(found) == set(range(len(set(groups.tolist()))))
    assert tree_of_groups(again, ids) == tree


def test_by_hand():
    levels = [np.array([0, 0, 1]), np.array([2, 0, 1])]
    nested = [[["a"], ["b"]], [["c"]]]
    assert tree_of_groups(levels, ["b", "a", "c"]) == Hierarchy.from_nested(nested)
