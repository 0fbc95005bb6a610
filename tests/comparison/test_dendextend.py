"""The values that R's dendextend gives for four dendrograms of 12 points."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist
from sklearn.metrics import fowlkes_mallows_score

from taxonomy.comparison import (
    baker_gamma,
    baker_spearman,
    cophenetic_correlation,
    cut,
    entanglement,
    entanglement_of_orders,
    fowlkes_mallows_curve,
    null,
)
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.trees import from_linkage

ORACLES = Path(__file__).parents[1] / "golden" / "dendextend"


@pytest.fixture(scope="module")
def trees() -> dict[str, Hierarchy]:
    with (ORACLES / "X.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    points = np.array([[float(cell) for cell in row[1:]] for row in rows])
    made = {
        "a": linkage(pdist(points), "average"),
        "b": linkage(pdist(points), "complete"),
        "c": linkage(pdist(points[:, 1:]), "single"),
        "d": linkage(points[:, :2], "ward"),
    }
    return {name: from_linkage(merges, [row[0] for row in rows]) for name, merges in made.items()}


def block(title: str) -> list[list[str]]:
    """Return the cells of the lines under a title of R's output, row names left in."""
    lines = (ORACLES / "golden_dendextend.txt").read_text().splitlines()
    start = lines.index(title) + 1
    return [line.split() for line in lines[start : start + 5]]


@pytest.mark.parametrize(
    ("title", "metric"), [("cophenetic", cophenetic_correlation), ("baker", baker_spearman)]
)
def test_correlations(trees, title, metric):
    names, *rows = block(title)
    golden = {
        row[0] + name: float(x) for row in rows for name, x in zip(names, row[1:], strict=True)
    }
    assert len(golden) == 16
    for one, other in golden:
        value = metric(trees[one], trees[other])
        assert value == pytest.approx(golden[one + other], abs=5e-8)


def test_bk(trees):
    rows = block("Bk a,b")[:4]
    golden = {int(k): float(x) for i in (0, 2) for k, x in zip(*rows[i : i + 2], strict=True)}
    curve = fowlkes_mallows_curve(trees["a"], trees["b"])
    assert curve["k"].tolist() == list(range(2, 12)) == list(golden)
    assert curve["clusters_a"].tolist() == curve["clusters_b"].tolist() == list(golden)
    assert curve["fowlkes_mallows"].tolist() == pytest.approx(list(golden.values()), abs=5e-8)


def test_three_clusters(trees):
    """R's block ``FM k=3`` reorders its cuts and is wrong for a to c; scikit-learn is not."""
    for one, other in combinations(trees, 2):
        curve = fowlkes_mallows_curve(trees[one], trees[other]).set_index("k")
        theirs = fowlkes_mallows_score(cut(trees[one], 3), cut(trees[other], 3))
        assert curve.loc[3, "fowlkes_mallows"] == pytest.approx(theirs)
        if one + other == "ab":
            assert theirs == pytest.approx(0.8888889, abs=5e-8)


def test_entanglement(trees):
    """Of R's own leaf orders of a and b, for three powers; other orders leave none."""
    lines = (ORACLES / "golden_dendextend.txt").read_text().splitlines()
    start = lines.index("entanglement L=1.5 (a,b)") + 1
    golden = [float(line.split()[1]) for line in lines[start : start + 3]]
    start = lines.index("labels order") + 1
    orders = [[cell.strip('"') for cell in line.split()[1:]] for line in lines[start : start + 2]]
    for power, value in zip((1.5, 1.0, 2.0), golden, strict=True):
        ours = entanglement_of_orders(*orders, power=power)
        assert ours == pytest.approx(value, abs=5e-8)
    assert entanglement(trees["a"], trees["b"]) < golden[0] / 2
    assert entanglement(trees["a"], trees["a"]) == 0


def test_gamma_is_another_number(trees):
    """Goodman and Kruskal's gamma, which dendextend's "Baker" is not."""
    assert baker_gamma(trees["a"], trees["b"]) == pytest.approx(0.88995, abs=5e-6)


def test_alike_beyond_chance(trees):
    """The four share points, so that no metric takes them for unrelated; a-b clearly."""
    found = null("baker_spearman", trees["a"], trees["b"], samples=199)
    assert found.p == 1 / 200
    assert abs(found.mean) < 1e-12
    assert found.exact
