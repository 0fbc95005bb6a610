"""Which classes moved."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from taxonomy._core.errors import HierarchyError
from taxonomy.comparison import moved
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.trees import random_pair

PETS = ["cat", "dog", "cow", "owl", "hen", "pig"]
CARS = ["bus", "car", "van", "cab", "jeep", "tram"]


def test_the_class_in_another_group_moved_farthest():
    a = Hierarchy.from_nested([[*PETS, "toy"], CARS])
    b = Hierarchy.from_nested([PETS, [*CARS, "toy"]])
    table = moved(a, b, neighbours=2)
    assert list(table) == ["label", "moved", "near_a", "near_b"]
    first = table.iloc[0]
    assert first["label"] == "toy"
    assert first["moved"] == 2  # near and far have changed places
    assert first["near_a"] == ("cat", "cow")
    assert first["near_b"] == ("bus", "cab")
    assert table["moved"][1:].max() < 0.5
    assert table["label"].tolist()[1:] == sorted(CARS + PETS)  # all the others moved alike


def test_unmoved():
    a = random_pair(1)[0].tree
    assert (moved(a, a)["moved"] == 0).all()
    star = Hierarchy.star("abcd")
    assert (moved(star, star)["moved"] == 0).all()


def test_a_class_at_the_root_has_no_order():
    a = Hierarchy.from_nested([["a", "b"], ["c", "d"]])
    assert (moved(a, Hierarchy.star("abcd"))["moved"] == 1).all()


@pytest.mark.parametrize("seed", range(10))
def test_is_spearmans_correlation(seed):
    a, b = random_pair(seed)
    table = moved(a.tree, b.tree).set_index("label")
    for label in a.labels:
        sizes = [
            [
                len(clade)
                for pair, (clade, _) in zip(t.pairs, t.meeting, strict=True)
                if label in pair
            ]
            for t in (a, b)
        ]
        if all(len(set(size)) > 1 for size in sizes):
            expected = 1 - spearmanr(*sizes).statistic
        else:
            expected = float(any(len(set(size)) > 1 for size in sizes))
        assert table.loc[label, "moved"] == pytest.approx(expected, abs=1e-9)
    assert np.all(np.diff(table["moved"]) <= 0)


def test_looks_at_the_shared_labels_only():
    a = Hierarchy.from_nested([["a", "b"], ["c", "d"], "x"])
    b = Hierarchy.from_nested([["a", "b"], [["c", "d"], "y"]])
    table = moved(a, b)
    assert table["label"].tolist() == ["a", "b", "c", "d"]
    assert (table["moved"] == 0).all()
    with pytest.raises(HierarchyError, match="share 2 labels"):
        moved(a, Hierarchy.star("abz"))
