"""Sums over two trees' nodes by their heavy paths: against tqdist and against every triple."""

from itertools import combinations
from math import comb, log2

import numpy as np
import pytest

from taxonomy.comparison import triplet_distance
from taxonomy.comparison.heavy_paths import HeavyPaths, points
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree


def joined(leaves: int, most: int, deep: float, seed: int) -> RawTree:
    """Join 2 to ``most`` random groups, the newest with a chance of ``deep``, until one is left."""
    rng = np.random.default_rng(seed)
    raw = RawTree()
    groups = [raw.add(-1, leaf=f"c{i:04d}") for i in rng.permutation(leaves)]
    while len(groups) > 1:
        node = raw.add(-1)
        chosen = [groups.pop()] if rng.random() < deep else []
        wanted = int(rng.integers(2, min(most, len(groups) + len(chosen)), endpoint=True))
        while groups and len(chosen) < wanted:
            chosen.append(groups.pop(int(rng.integers(len(groups)))))
        for entry in chosen:
            raw.parent[entry] = node
        groups.append(node)
    return raw


def newick(raw: RawTree) -> str:
    """Return a tree as text; children come before their parents in ``raw``."""
    below: list[list[str]] = [[] for _ in raw.parent]
    for i, parent in enumerate(raw.parent):
        text = raw.leaf[i] or f"({','.join(below[i])})"
        if parent >= 0:
            below[parent].append(text)
    return text + ";"


def balanced(leaves: int, seed: int) -> RawTree:
    """Join neighbours two by two until one is left."""
    raw = RawTree()
    order = np.random.default_rng(seed).permutation(leaves)
    groups = [raw.add(-1, leaf=f"c{i:04d}") for i in order]
    while len(groups) > 1:
        above = []
        for one, other in zip(groups[::2], groups[1::2], strict=False):
            above.append(raw.add(-1))
            raw.parent[one] = raw.parent[other] = above[-1]
        groups = [*above, *groups[2 * len(above) :]]
    return raw


SHAPES = {
    "binary": lambda leaves, seed: joined(leaves, 2, 0, seed),
    "multiway": lambda leaves, seed: joined(leaves, 6, 0, seed),
    "star-like": lambda leaves, seed: joined(leaves, leaves, 0, seed),
    "caterpillar": lambda leaves, seed: joined(leaves, 2, 1, seed),
    "multiway caterpillar": lambda leaves, seed: joined(leaves, 4, 1, seed),
    "mixed": lambda leaves, seed: joined(leaves, 5, 0.8, seed),
    "balanced": balanced,
}
PAIRS = list(combinations(SHAPES, 2)) + [(shape, shape) for shape in SHAPES]


def shape_of(meet: dict[tuple[str, str], int], depth: list[int], three: tuple[str, ...]) -> int:
    """Return which of three pairs meets below the others, or 3."""
    deep = [depth[meet[pair]] for pair in combinations(three, 2)]
    return deep.index(max(deep)) if deep.count(max(deep)) == 1 else 3


def meetings(tree: Hierarchy) -> dict[tuple[str, str], int]:
    """Return where every two labels meet."""
    found = {}
    for one, other in combinations(tree.leaves, 2):
        above = set(tree.ancestors(one))
        found[one, other] = next(node for node in tree.ancestors(other) if node in above)
    return found


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_triplets_are_those_of_every_three_labels(one, other):
    for seed, leaves in enumerate((3, 4, 6, 9, 13)):
        trees = [
            Hierarchy.from_raw(SHAPES[shape](leaves, seed + 100 * i))
            for i, shape in enumerate((one, other))
        ]
        meet, depth = [meetings(tree) for tree in trees], [tree.depth.tolist() for tree in trees]
        differ = sum(
            shape_of(meet[0], depth[0], three) != shape_of(meet[1], depth[1], three)
            for three in combinations(trees[0].leaves, 3)
        )
        assert triplet_distance(*trees) == pytest.approx(differ / comb(leaves, 3), abs=1e-12)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_triplets_are_tqdists(one, other):
    tqdist = pytest.importorskip("tqdist", reason="built from source: install a C++ compiler")
    for seed, leaves in enumerate((20, 57, 130, 500)):
        a, b = SHAPES[one](leaves, seed), SHAPES[other](leaves, seed + 100)
        ours = triplet_distance(Hierarchy.from_raw(a), Hierarchy.from_raw(b))
        assert ours == pytest.approx(tqdist.triplet_distance(newick(a), newick(b)), abs=1e-12)


def test_triplets_of_two_caterpillars_agree_where_the_upper_label_is_the_same():
    up, down = (Hierarchy.from_raw(line(order)) for order in (range(3000), range(2999, -1, -1)))
    assert triplet_distance(up, up) == 0
    assert triplet_distance(up, down) == 1
    # Label 0 has moved from one end to the other.
    moved = Hierarchy.from_raw(line([*range(1, 3000), 0]))
    assert triplet_distance(up, moved) == pytest.approx(comb(2999, 2) / comb(3000, 3))


def line(order) -> RawTree:
    """Join one label after the other, in that order, to those before."""
    raw = RawTree()
    top = -1
    for i in order:
        entry = raw.add(-1, leaf=f"c{i:04d}")
        if top >= 0:
            node = raw.add(-1)
            raw.parent[top] = raw.parent[entry] = node
            entry = node
        top = entry
    return raw


@pytest.mark.parametrize("shape", SHAPES)
def test_a_label_is_below_few_heavy_paths(shape):
    tree = Hierarchy.from_raw(SHAPES[shape](300, 5))
    paths = HeavyPaths(tree)
    below = np.bincount(paths.label)
    assert len(below) == 300
    assert below.max() <= log2(300) + 1
    if "caterpillar" in shape:
        assert below.mean() < 2.1  # its own and the one from the root


def test_points_do_not_grow_with_depth():
    a, b = (Hierarchy.from_raw(joined(2000, 2, 1, seed)) for seed in (1, 2))
    assert sum(len(block.group) for block in points(a, b, 3)) == 2000


def test_blocks_hold_every_group_once(monkeypatch):
    a, b = (Hierarchy.from_raw(joined(200, 4, 0.3, seed)) for seed in (1, 2))
    whole = triplet_distance(a, b)
    (block,) = points(a, b, 3)
    monkeypatch.setattr("taxonomy.comparison.heavy_paths.BLOCK", 50)
    blocks = list(points(a, b, 3))
    assert len(blocks) > 5
    assert sum(len(small.group) for small in blocks) == len(block.group)
    assert triplet_distance(a, b) == whole
