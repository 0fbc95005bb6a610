"""Quartet distance on trees of every shape: against tqdist and against every four labels."""

from itertools import combinations
from math import comb

import pytest

from taxonomy.comparison import quartet_distance
from taxonomy.comparison.heavy_paths import points
from taxonomy.trees.hierarchy import Hierarchy
from tests.comparison.test_heavy_paths import PAIRS, SHAPES, joined, line, newick


def parted(clades: list[frozenset[str]], four: tuple[str, ...]) -> frozenset[frozenset[str]]:
    """Return how a tree parts four labels two by two, where it does."""
    for clade in clades:
        inside = clade.intersection(four)
        if len(inside) == 2:
            return frozenset([inside, frozenset(four) - inside])
    return frozenset()


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_quartets_are_those_of_every_four_labels(one, other):
    for seed, leaves in enumerate((4, 5, 7, 10)):
        a, b = (
            Hierarchy.from_raw(SHAPES[shape](leaves, seed + 100 * i))
            for i, shape in enumerate((one, other))
        )
        clades = [[frozenset(tree.clade(node)) for node in tree.nodes] for tree in (a, b)]
        fours = list(combinations(a.leaves, 4))
        differ = sum(parted(clades[0], four) != parted(clades[1], four) for four in fours)
        assert quartet_distance(a, b) == pytest.approx(differ / len(fours), abs=1e-12)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_quartets_are_tqdists(one, other):
    tqdist = pytest.importorskip("tqdist", reason="built from source: install a C++ compiler")
    for seed, leaves in enumerate((20, 57, 130, 500)):
        a, b = SHAPES[one](leaves, seed), SHAPES[other](leaves, seed + 100)
        ours = quartet_distance(Hierarchy.from_raw(a), Hierarchy.from_raw(b))
        assert ours == pytest.approx(tqdist.quartet_distance(newick(a), newick(b)), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_quartets_of_10_000_labels_are_tqdists(shape):
    tqdist = pytest.importorskip("tqdist", reason="built from source: install a C++ compiler")
    a, b = (SHAPES[shape](10_000, seed) for seed in (1, 2))
    ours = quartet_distance(Hierarchy.from_raw(a), Hierarchy.from_raw(b))
    assert ours == pytest.approx(tqdist.quartet_distance(newick(a), newick(b)), abs=1e-12)


def test_a_caterpillar_and_its_reverse_are_one_tree_without_a_root():
    up, down = (Hierarchy.from_raw(line(order)) for order in (range(3000), range(2999, -1, -1)))
    assert quartet_distance(up, up) == 0
    assert quartet_distance(up, down) == 0
    # Label 0 has moved from one end to the other: among four it was the first, now it is the last.
    moved = Hierarchy.from_raw(line([*range(1, 3000), 0]))
    assert quartet_distance(up, moved) == pytest.approx(comb(2999, 3) / comb(3000, 4))


def test_counts_beyond_32_bits_are_exact():
    up, star = (
        Hierarchy.from_raw(line(range(20_000))),
        Hierarchy.star(f"c{i:04d}" for i in range(20_000)),
    )
    assert quartet_distance(up, up) == 0
    assert quartet_distance(star, star) == 0
    assert quartet_distance(up, star) == 1


def test_blocks_hold_every_quartet_once(monkeypatch):
    a, b = (Hierarchy.from_raw(joined(200, 4, 0.3, seed)) for seed in (1, 2))
    whole = quartet_distance(a, b)
    monkeypatch.setattr("taxonomy.comparison.heavy_paths.BLOCK", 50)
    assert len(list(points(a, b, 2))) > 5
    assert quartet_distance(a, b) == whole
