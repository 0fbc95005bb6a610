"""A tree 5,000 nodes deep goes the whole way: built, saved, loaded, restricted, compared."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy.clustering.levels import dendrogram
from taxonomy.comparison import compare, robinson_foulds
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy

DEPTH = 5000


@pytest.fixture(scope="module")
def built() -> Hierarchy:
    """The dendrogram of labels that join one by one, each further off than all before."""
    height = np.linspace(0.1, 1, DEPTH + 1)
    values = 1 - np.maximum.outer(height, height)
    np.fill_diagonal(values, 1)
    return dendrogram(DenseSimilarity([f"c{i:04d}" for i in range(DEPTH + 1)], values))


def test_it_is_as_deep_as_it_can_be(built):
    assert len(built.leaves) == DEPTH + 1
    assert int(built.depth.max()) == DEPTH
    assert built.leaf_counts[built.nodes].tolist() == list(range(DEPTH + 1, 1, -1))
    assert built.clade(int(built.nodes[-1])) == ("c0000", "c0001")


def test_it_goes_the_whole_way(built, tmp_path):
    built.save(tmp_path / "tree.json")
    loaded = Hierarchy.load(tmp_path / "tree.json")
    assert loaded == built
    kept = loaded.restrict(loaded.leaves[::2])
    assert int(kept.depth.max()) == DEPTH  # the deepest leaf, c0000, stays
    collapsed = loaded.restrict(loaded.leaves[::2], unary="collapse")
    assert int(collapsed.depth.max()) == DEPTH // 2
    assert robinson_foulds(built, loaded) == 0
    (row,) = compare({"whole": built, "half": collapsed}).to_dict("records")
    assert (row["labels"], row["left_out"]) == (DEPTH // 2 + 1, DEPTH // 2)
    assert row["cophenetic_correlation"] == pytest.approx(1)
    assert (row["robinson_foulds"], row["triplet_distance"], row["ancestor_f1"]) == (0, 0, 1)
