"""The table: what is left out, what chance gives, and trees as deep as they come."""

from __future__ import annotations

import random

import pytest

from taxonomy.comparison import METRICS, compare, moved
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.trees import caterpillar

A = Hierarchy.from_nested([["a", "b"], ["c", "d"], "x"])
B = Hierarchy.from_nested([["a", "b"], [["c", "d"], "y"]])
C = Hierarchy.from_nested([["a", "c"], ["b", "d", "z"]])


def test_counts_the_labels_left_out():
    table = compare({"A": A, "B": B, "C": C})
    assert list(table) == ["a", "b", "labels", "left_out", *METRICS]
    assert table["labels"].tolist() == [4, 4, 4]
    assert table["left_out"].tolist() == [2, 2, 2]  # x and y, x and z, y and z


def test_chance_beside_every_metric():
    table = compare({"A": A, "B": B}, ("triplet_distance", "baker_gamma"), samples=50, seed=1)
    assert list(table)[4:] == [
        "triplet_distance",
        "triplet_distance_expected",
        "triplet_distance_p",
        "baker_gamma",
        "baker_gamma_expected",
        "baker_gamma_p",
    ]
    assert table["triplet_distance_expected"][0] == pytest.approx(2 / 3)
    assert 0 < table["triplet_distance_p"][0] < 1


@pytest.mark.parametrize("n", [1000, pytest.param(5000, marks=pytest.mark.slow)])
def test_caterpillars_survive(n):
    labels = [f"c{i:04d}" for i in range(n)]
    straight, shuffled = caterpillar(labels), caterpillar(random.Random(0).sample(labels, n))
    row = compare({"straight": straight, "shuffled": shuffled}).iloc[0]
    for name, metric in METRICS.items():
        if metric.expected and name != "ancestor_f1":
            assert row[name] == pytest.approx(metric.expected(straight, shuffled), abs=0.1)
    assert row["ancestor_f1"] < 0.1
    table = moved(straight, straight.restrict(labels[: n // 2]))
    assert len(table) == n // 2
    assert (table["moved"] == 0).all()
