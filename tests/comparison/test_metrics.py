"""What every metric of two trees keeps, and values that others have computed."""

from __future__ import annotations

import csv
import json
import math
import random
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster import hierarchy as scipy_hierarchy
from scipy.spatial.distance import pdist, squareform

from taxonomy._core.errors import HierarchyError, RegistryError
from taxonomy.clustering.levels import dendrogram
from taxonomy.comparison import METRICS, compare, cophenetic_correlation, robinson_foulds, summary
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree
from tests.support.strategies import IDS, clades_of, leaves_of, nested_trees, similarities

RANGES = {name: (metric.least, metric.most, metric.best) for name, metric in METRICS.items()}
"""Of each metric the least and greatest value, and the value of a tree with itself."""

ORACLES = Path(__file__).parents[1] / "golden" / "dendextend"


def test_every_metric_is_tested():
    assert set(RANGES) == set(METRICS)


@st.composite
def pairs(draw):
    """Draw two trees over the same labels."""
    n = draw(st.integers(3, 12))
    return draw(nested_trees(n, n)), draw(nested_trees(n, n))


def renamed(nested, names):
    return names[nested] if isinstance(nested, str) else [renamed(c, names) for c in nested]


def close(one: float, other: float) -> bool:
    return math.isclose(one, other, abs_tol=1e-9) or (math.isnan(one) and math.isnan(other))


@pytest.mark.parametrize("name", METRICS)
class TestEveryMetric:
    @given(pair=pairs())
    def test_identity(self, name, pair):
        tree = Hierarchy.from_nested(pair[0])
        value = METRICS[name](tree, tree)
        joins = tree.height[tree.lowest_common_ancestors[np.triu_indices(len(tree.leaves), 1)]]
        if len(set(joins)) == 1:
            assert math.isnan(value) or value == RANGES[name][2]
        else:
            assert value == pytest.approx(RANGES[name][2])

    @given(pair=pairs())
    def test_bounds_and_symmetry(self, name, pair):
        a, b = map(Hierarchy.from_nested, pair)
        value = METRICS[name](a, b)
        least, most, _ = RANGES[name]
        assert math.isnan(value) or least - 1e-9 <= value <= most + 1e-9
        assert close(value, METRICS[name](b, a))

    @given(pair=pairs(), seed=st.integers(0, 99))
    def test_names_do_not_matter(self, name, pair, seed):
        ids = sorted(leaves_of(pair[0]))
        names = dict(zip(ids, random.Random(seed).sample(ids, len(ids)), strict=True))
        before = METRICS[name](*map(Hierarchy.from_nested, pair))
        after = METRICS[name](*(Hierarchy.from_nested(renamed(tree, names)) for tree in pair))
        assert close(before, after)

    def test_refusals(self, name):
        with pytest.raises(HierarchyError, match="different labels: 'c' is in the first"):
            METRICS[name](Hierarchy.star("abc"), Hierarchy.star("abd"))
        with pytest.raises(HierarchyError, match="at least three"):
            METRICS[name](Hierarchy.star("ab"), Hierarchy.star("ab"))


class TestRobinsonFoulds:
    @given(pairs())
    def test_is_the_share_of_clades_that_differ(self, pair):
        one, other = (
            {c for c in clades_of(tree) if 1 < len(c) < len(leaves_of(tree))} for tree in pair
        )
        expected = len(one ^ other) / (len(one) + len(other)) if one or other else 0
        value = robinson_foulds(*map(Hierarchy.from_nested, pair))
        assert value == expected

    def test_by_hand(self):
        a = Hierarchy.from_nested([["a", "b"], ["c", "d"], "e"])
        b = Hierarchy.from_nested([[["a", "b"], "c"], ["d", "e"]])
        assert robinson_foulds(a, b) == 3 / 5  # ab is shared; cd, abc and de are not
        assert robinson_foulds(a, Hierarchy.star("abcde")) == 1
        assert robinson_foulds(Hierarchy.star("abcde"), Hierarchy.star("abcde")) == 0


def from_linkage(merges: np.ndarray, ids: list[str]) -> Hierarchy:
    """Return scipy's linkage matrix as a hierarchy with merge heights."""
    n = len(ids)
    parent = [-1] * (2 * n - 1)
    for step, merge in enumerate(merges):
        parent[int(merge[0])] = parent[int(merge[1])] = n + step
    return Hierarchy.from_raw(
        RawTree(
            parent=parent,
            leaf=[*ids, *[None] * (n - 1)],
            name=[""] * (2 * n - 1),
            height=[0.0] * n + merges[:, 2].tolist(),
        )
    )


class TestCopheneticCorrelation:
    @given(similarities(least=5, most=12), st.sampled_from(["complete", "single", "weighted"]))
    def test_is_scipys_on_dendrograms(self, similarity, method):
        condensed = squareform(1 - similarity.values, checks=False)
        theirs = [
            scipy_hierarchy.cophenet(scipy_hierarchy.linkage(condensed, m))
            for m in ("average", method)
        ]
        ours = cophenetic_correlation(dendrogram(similarity), dendrogram(similarity, method))
        assert ours == pytest.approx(np.corrcoef(*theirs)[0, 1])

    def test_is_dendextends(self):
        with (ORACLES / "X.csv").open() as file:
            rows = list(csv.reader(file))[1:]
        ids = [row[0] for row in rows]
        points = np.array([[float(cell) for cell in row[1:]] for row in rows])
        made = {
            "a": scipy_hierarchy.linkage(pdist(points), "average"),
            "b": scipy_hierarchy.linkage(pdist(points), "complete"),
            "c": scipy_hierarchy.linkage(pdist(points[:, 1:]), "single"),
            "d": scipy_hierarchy.linkage(points[:, :2], "ward"),
        }
        trees = {name: from_linkage(merges, ids) for name, merges in made.items()}
        golden = json.loads((ORACLES / "dendextend.json").read_text())["cophenetic"]
        for one, other in combinations(trees, 2):
            value = cophenetic_correlation(trees[one], trees[other])
            assert value == pytest.approx(golden[one + other], abs=5e-8)

    def test_heights_without_merge_heights_are_edges(self):
        """Pairs ab ac ad bc bd cd join at 1 2 2 2 2 1 and at 1 2 3 2 3 3."""
        a = Hierarchy.from_nested([["a", "b"], ["c", "d"]])
        b = Hierarchy.from_nested([[["a", "b"], "c"], "d"])
        expected = np.corrcoef([1, 2, 2, 2, 2, 1], [1, 2, 3, 2, 3, 3])[0, 1]
        assert cophenetic_correlation(a, b) == pytest.approx(expected)

    def test_equal_heights_up_to_rounding_have_no_correlation(self):
        equal = DenseSimilarity(IDS[:12], np.where(np.eye(12), 1, 0.3))
        assert math.isnan(cophenetic_correlation(dendrogram(equal), dendrogram(equal)))


class TestCompare:
    A = Hierarchy.from_nested([["a", "b"], ["c", "d"], "x"])
    B = Hierarchy.from_nested([["a", "b"], [["c", "d"], "y"]])
    C = Hierarchy.from_nested([["a", "c"], ["b", "d", "z"]])

    def test_looks_at_the_shared_labels_only(self):
        table = compare({"A": self.A, "B": self.B, "C": self.C})
        assert table[["a", "b"]].to_numpy().tolist() == [["A", "B"], ["A", "C"], ["B", "C"]]
        assert table["labels"].tolist() == [4, 4, 4]
        assert table["robinson_foulds"].tolist() == [0, 1, 1]
        assert table["cophenetic_correlation"][0] == pytest.approx(1)

    def test_metrics_can_be_chosen(self):
        table = compare({"A": self.A, "B": self.B}, ("robinson_foulds",))
        assert list(table) == ["a", "b", "labels", "left_out", "robinson_foulds"]
        with pytest.raises(RegistryError, match=r"Unknown metric 'robinson'. Did you mean"):
            compare({"A": self.A, "B": self.B}, ("robinson",))

    def test_refusals(self):
        with pytest.raises(HierarchyError, match="at least two"):
            compare({"A": self.A})
        with pytest.raises(HierarchyError, match="share 2 labels"):
            compare({"A": self.A, "D": Hierarchy.star("abq")})


def test_summary():
    tree = Hierarchy.from_nested([[["a", "b"], ["c"]], ["d", "e", "f"], "g"])
    assert summary(tree) == {
        "leaves": 7,
        "nodes": 4,
        "depth": 3,
        "groups": 2,
        "largest": 3,
        "smallest": 1,
        "singletons": 1,
    }
