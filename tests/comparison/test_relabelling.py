"""Closed-form means against all relabellings of small trees, one by one."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from taxonomy.comparison import FITS, METRICS, fowlkes_mallows_curve
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy

LABELS = "abcde"
SHAPES = {
    "binary": [[["a", "b"], "c"], ["d", "e"]],
    "multiway": [["a", "b", "c"], "d", "e"],
    "deep": [[[["a", "b"], "c"], "d"], "e"],
}
PAIRS = [("binary", "multiway"), ("deep", "binary"), ("multiway", "multiway")]
WEIGHTS = np.array(
    [[1, 9, 3, 2, 0], [9, 1, 4, 1, 1], [3, 4, 1, 8, 2], [2, 1, 8, 1, 6], [0, 1, 2, 6, 1]]
)


def dealt(nested, names):
    return names[nested] if isinstance(nested, str) else [dealt(child, names) for child in nested]


@pytest.fixture(scope="module")
def relabellings() -> dict[str, list[Hierarchy]]:
    return {
        shape: [
            Hierarchy.from_nested(dealt(nested, dict(zip(LABELS, names, strict=True))))
            for names in permutations(LABELS)
        ]
        for shape, nested in SHAPES.items()
    }


def test_most_metrics_have_a_closed_form():
    assert {n for n, m in (METRICS | FITS).items() if m.expected is None} == {
        "baker_gamma",
        "tree_edit_distance",
    }


@pytest.mark.parametrize("name", [name for name in METRICS if METRICS[name].expected])
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_metrics(relabellings, name, one, other):
    b = Hierarchy.from_nested(SHAPES[other])
    mean = np.mean([METRICS[name](a, b) for a in relabellings[one]])
    expected = METRICS[name].expected(relabellings[one][0], b)
    assert expected == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_fits(relabellings, shape):
    similarity = DenseSimilarity(LABELS, np.where(np.eye(5), 1, WEIGHTS / 10))
    groups = dict(zip(LABELS, [0, 0, 0, 1, 1], strict=True))
    given = {"dendrogram_purity": groups}
    for name in FITS:
        other = given.get(name, similarity)
        mean = np.mean([FITS[name](tree, other) for tree in relabellings[shape]])
        assert FITS[name].expected(relabellings[shape][0], other) == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_mean_and_variance_of_bk(relabellings, one, other):
    b = Hierarchy.from_nested(SHAPES[other])
    curves = [fowlkes_mallows_curve(a, b) for a in relabellings[one]]
    found = np.array([curve["fowlkes_mallows"] for curve in curves])
    assert curves[0]["null_mean"].tolist() == pytest.approx(found.mean(0).tolist())
    assert curves[0]["null_sd"].tolist() == pytest.approx(found.std(0).tolist(), abs=1e-7)


def test_bk_of_three_labels():
    """Two cuts of two and one: the pair is the same in one of three relabellings."""
    a = Hierarchy.from_nested([["a", "b"], "c"])
    (row,) = fowlkes_mallows_curve(a, a).to_dict("records")
    assert row["null_mean"] == pytest.approx(1 / 3)
    assert row["null_sd"] ** 2 == pytest.approx(1 / 3 * 2 / 3)
