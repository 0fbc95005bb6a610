"""Orders of leaves keep the trees' groups, and few lines between them cross."""

from __future__ import annotations

import random
from itertools import combinations, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import HierarchyError
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.untangling import crossings, displaced, untangle
from tests.support.trees import altered, caterpillar, plain, random_pair, random_raw

SEEDS = st.integers(0, 9999)


def all_orders(tree: Hierarchy, entry: int = 0) -> list[list[str]]:
    """Every order in which a tree's leaves can be drawn."""
    if (leaf := tree.leaf[entry]) is not None:
        return [[leaf]]
    below = {child: all_orders(tree, child) for child in tree.children(entry)}
    return [
        [leaf for part in parts for leaf in part]
        for children in permutations(below)
        for parts in product(*(below[child] for child in children))
    ]


def crossing_pairs(one, other) -> int:
    """Count pairs of lines that cross, one by one."""
    place = {leaf: i for i, leaf in enumerate(other)}
    lines = [place[leaf] for leaf in one if leaf in place]
    return sum(a > b for a, b in combinations(lines, 2))


@given(seed=SEEDS)
def test_groups_stay_together_and_crossings_are_counted(seed):
    pair = random_pair(seed)
    found = untangle(*(each.tree for each in pair))
    for each, order in zip(pair, (found.first, found.second), strict=True):
        assert sorted(order) == each.labels
        for clade, _ in each.nodes:
            places = [i for i, leaf in enumerate(order) if leaf in clade]
            assert places[-1] - places[0] == len(clade) - 1
    assert found.crossings == crossing_pairs(found.first, found.second)


def test_small_trees_cross_as_little_as_they_can():
    """Against all orders of both trees: never below, and in nine of ten pairs the least."""
    rng = random.Random(1)
    least = []
    for _ in range(50):
        labels = [f"c{i}" for i in range(6)]
        one, other = (Hierarchy.from_raw(random_raw(labels, 3, rng)) for _ in range(2))
        best = min(crossing_pairs(a, b) for a in all_orders(one) for b in all_orders(other))
        found = untangle(one, other).crossings
        assert found >= best
        least.append(found == best)
    assert sum(least) >= 45


@given(seed=SEEDS)
def test_lines_need_not_cross_where_one_tree_refines_the_other(seed):
    one = random_pair(seed)[0]
    tree = one.tree.collapse(one.tree.nodes[::2])
    assert untangle(one.tree, tree).crossings == untangle(tree, one.tree).crossings == 0
    assert untangle(one.tree, Hierarchy.star(one.labels)).crossings == 0


def test_trees_of_one_shape_keep_their_own_order():
    tree = random_pair(3)[0].tree
    assert untangle(tree, tree) == ((order := tuple(filter(None, tree.leaf))), order, 0)


def test_a_thousand_labels_cross_no_more_than_in_the_order_they_were_moved_in():
    rng = random.Random(5)
    raw = other = random_raw([f"c{i:04d}" for i in range(1000)], 4, rng)
    for _ in range(20):
        other = altered(other, rng)
    before = [leaf for leaf in raw.leaf if leaf], [leaf for leaf in other.leaf if leaf]
    found = untangle(plain(raw).tree, plain(other).tree)
    assert found.crossings <= crossings(*before)


def test_deep_trees_and_labels_of_one_tree_only():
    labels = [f"c{i:04d}" for i in range(3000)]
    found = untangle(caterpillar(labels[:2000]), caterpillar(labels[1000:]))
    assert sorted(found.first) == labels[:2000]
    assert sorted(found.second) == labels[1000:]
    assert found.crossings == 0
    assert untangle(Hierarchy.star("ab"), Hierarchy.star("cd")).crossings == 0


@given(st.permutations(range(8)))
def test_without_the_displaced_no_lines_cross(order):
    first = [f"c{i}" for i in range(8)]
    second = [f"c{i}" for i in order]
    gone = displaced(first, second)
    kept = [leaf for leaf in first if leaf not in gone]
    assert crossing_pairs(kept, second) == 0
    fewest = next(
        size
        for size in range(9)
        if any(
            crossing_pairs([leaf for leaf in first if leaf not in left], second) == 0
            for left in combinations(first, size)
        )
    )
    assert len(gone) == fewest
    assert crossings(first, second) == crossing_pairs(first, second)


def test_what_is_no_tree():
    with pytest.raises(HierarchyError, match="the second tree is a str"):
        untangle(Hierarchy.star("ab"), "ab")
