"""Laws of everything in the tables of metrics, beyond identity, bounds and symmetry."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import HierarchyError, LabelError, RegistryError
from taxonomy.comparison import FITS, METRICS, Metric, ancestor_f1, null
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import shuffle_leaves
from taxonomy.trees.raw_tree import RawTree
from tests.support.trees import random_pair

SEEDS = st.integers(0, 9999)
USES_HEIGHTS = {"cophenetic_correlation", "cophenetic_fit"}
ORDERS_HEIGHTS = {"baker_gamma", "baker_spearman", "fowlkes_mallows", "adjusted_mutual_information"}


def same(one: float, other: float) -> bool:
    return math.isclose(one, other, abs_tol=1e-9) or (math.isnan(one) and math.isnan(other))


def with_labels(tree: Hierarchy, names: dict[str, str], scale=lambda height: height) -> Hierarchy:
    leaf = [None if label is None else names[label] for label in tree.leaf]
    merged = [] if tree.merge_height is None else [scale(h) for h in tree.merge_height.tolist()]
    return Hierarchy.from_raw(RawTree(tree.parent.tolist(), leaf, list(tree.name), merged))


def given_to_fit(name: str, tree: Hierarchy, seed: int) -> object:
    """Return a similarity or groups for a tree's labels."""
    rng = np.random.default_rng(seed)
    n = len(tree.leaves)
    if name == "dendrogram_purity":
        return dict(zip(tree.leaves, rng.integers(0, (n - 1) // 2, n).tolist(), strict=True))
    values = rng.random((n, n)) + np.eye(n)
    return DenseSimilarity(tree.leaves, np.minimum(1, (values + values.T) / 2))


def renamed_other(other: object, names: dict[str, str]) -> object:
    if isinstance(other, Hierarchy):
        return with_labels(other, names)
    if isinstance(other, DenseSimilarity):
        return DenseSimilarity([names[label] for label in other.ids], other.values)
    return {names[label]: group for label, group in other.items()}


def drawn(name: str, seed: int) -> tuple[Metric, Hierarchy, object]:
    a, b = random_pair(seed)
    if name in METRICS:
        return METRICS[name], a.tree, b.tree
    return FITS[name], a.tree, given_to_fit(name, a.tree, seed)


@pytest.mark.parametrize("name", METRICS | FITS)
class TestEveryMetric:
    @given(seed=SEEDS)
    def test_bounds(self, name, seed):
        metric, tree, other = drawn(name, seed)
        value = metric(tree, other)
        assert isinstance(value, float)
        assert math.isnan(value) or metric.least - 1e-9 <= value <= metric.most + 1e-9

    @given(seed=SEEDS)
    def test_new_names_change_nothing(self, name, seed):
        metric, tree, other = drawn(name, seed)
        rng = np.random.default_rng(seed)
        fresh = [f"x{i}" for i in rng.permutation(len(tree.leaves))]
        names = dict(zip(tree.leaves, fresh, strict=True))
        value = metric(with_labels(tree, names), renamed_other(other, names))
        assert same(value, metric(tree, other))

    @given(seed=SEEDS)
    def test_heights_count_as_documented(self, name, seed):
        """Rising functions of heights leave orders, linear ones correlations as they are."""
        metric, tree, other = drawn(name, seed)
        names = {label: label for label in tree.leaves}
        scale = (lambda h: 3 * h + 1) if name in USES_HEIGHTS else (lambda h: math.exp(h))
        assert same(metric(with_labels(tree, names, scale), other), metric(tree, other))

    @given(seed=SEEDS)
    def test_the_rest_ignores_heights(self, name, seed):
        if name in USES_HEIGHTS | ORDERS_HEIGHTS:
            return
        metric, tree, other = drawn(name, seed)
        bare = Hierarchy.from_raw(RawTree(tree.parent.tolist(), list(tree.leaf)))
        assert same(metric(bare, other), metric(tree, other))

    def test_says_what_it_is(self, name):
        """Range, direction, heights, ties, multiway nodes, chance, source, and an example."""
        text = (METRICS | FITS)[name].function.__doc__
        alike = "[Ll]ower" if (METRICS | FITS)[name].alike == "low" else "[Hh]igher"
        for word in ("Range", alike, "[Hh]eight", "[Tt]ie", "multiway", "relabelling", "Source"):
            assert re.search(word, text), word
        assert ">>>" in text


@pytest.mark.parametrize("name", METRICS)
@given(seed=SEEDS)
def test_equal_trees(name, seed):
    tree = random_pair(seed)[0].tree
    metric = METRICS[name]
    value = metric(tree, tree)
    assert value == pytest.approx(metric.best) or math.isnan(value)
    joins = tree.height[tree.lowest_common_ancestors[np.triu_indices(len(tree.leaves), 1)]]
    if len(set(joins.tolist())) > 1 and tree.merge_height is None:
        assert not math.isnan(value)


@pytest.mark.parametrize("name", [name for name in METRICS | FITS if name not in USES_HEIGHTS])
@given(seed=SEEDS)
def test_nodes_with_one_child_change_nothing(name, seed):
    """Put a node of the same height above every entry but the root."""
    metric, tree, other = drawn(name, seed)
    n = len(tree)
    extra = np.arange(1, n)
    height = np.append(tree.height, tree.height[extra])
    doubled = Hierarchy.from_raw(
        RawTree(
            parent=[-1, *(n - 1 + extra).tolist(), *tree.parent[1:].tolist()],
            leaf=[*tree.leaf, *[None] * (n - 1)],
            height=height.tolist(),
        )
    )
    assert same(metric(doubled, other), metric(tree, other))


class TestNames:
    A = Hierarchy.from_nested(
        [{"name": "pet", "leaves": ["cat", "dog"]}, {"name": "car", "leaves": ["bus", "van"]}]
    )
    B = Hierarchy.from_nested(
        [{"name": "pet", "leaves": ["cat", "bus"]}, {"name": "car", "leaves": ["dog", "van"]}]
    )

    def test_pairs_match_by_name(self):
        assert ancestor_f1(self.A, self.B) == 0  # no clade in common
        assert ancestor_f1(self.A, self.B, match="name") == 2 / 4  # cat is a pet, van is a car

    def test_unnamed_nodes_match_by_clade(self):
        bare = Hierarchy.from_nested([["cat", "dog"], {"name": "car", "leaves": ["bus", "van"]}])
        assert ancestor_f1(self.A, bare, match="name") == 2 / 4
        assert ancestor_f1(self.A, bare) == 1

    def test_refusals(self):
        with pytest.raises(HierarchyError, match=r"`match` is 'nam'\. Did you mean 'name'"):
            ancestor_f1(self.A, self.B, match="nam")


class TestFits:
    TREE = Hierarchy.from_nested([["a", "b"], "c"])

    def test_refusals(self):
        with pytest.raises(LabelError):
            FITS["dasgupta_cost"](self.TREE, DenseSimilarity(["a", "b"], np.eye(2)))
        with pytest.raises(HierarchyError, match="every tree costs 0"):
            FITS["dasgupta_cost"](self.TREE, DenseSimilarity(["a", "b", "c"], np.eye(3)))
        with pytest.raises(HierarchyError, match="at least two labels"):
            FITS["dasgupta_cost"](Hierarchy.star("a"), DenseSimilarity(["a"], [[1]]))
        with pytest.raises(HierarchyError, match="'c' has no group"):
            FITS["dendrogram_purity"](self.TREE, {"a": 1, "b": 1})
        with pytest.raises(HierarchyError, match="No two labels"):
            FITS["dendrogram_purity"](self.TREE, {"a": 1, "b": 2, "c": 3})

    def test_perfect_groups_are_pure(self):
        assert FITS["dendrogram_purity"](self.TREE, {"a": 1, "b": 1, "c": 2, "d": 2}) == 1

    @given(seed=SEEDS)
    def test_a_star_costs_the_most(self, seed):
        tree = random_pair(seed)[0].tree
        similarity = given_to_fit("dasgupta_cost", tree, seed)
        cost = FITS["dasgupta_cost"]
        assert cost(tree, similarity) <= cost(Hierarchy.star(tree.leaves), similarity) + 1e-9


class TestNull:
    A, B = (pair.tree for pair in random_pair(1))

    def test_is_reproducible_and_keeps_the_shape(self):
        assert null("triplet_distance", self.A, self.B, 20, 3) == null(
            "triplet_distance", self.A, self.B, 20, 3
        )
        dealt = shuffle_leaves(self.A, 0, keep_names=True)
        assert dealt.leaves == self.A.leaves
        assert dealt != self.A
        assert sorted(dealt.leaf_counts) == sorted(self.A.leaf_counts)
        assert sorted(dealt.height) == sorted(self.A.height)

    def test_unlike_trees_are_not_alike(self):
        """Of a tree and a random one, p is anything; of a tree and itself, the least possible."""
        for name in METRICS:
            assert null(name, self.A, self.A, 99).p == 1 / 100
        values = [
            null("triplet_distance", shuffle_leaves(self.A, i), self.B, 49).p for i in range(40)
        ]
        assert 0.3 < np.mean(values) < 0.7

    def test_undefined_metrics_have_no_null(self):
        star = Hierarchy.star("abcd")
        found = null("baker_gamma", star, star, 5)
        assert all(map(math.isnan, (found.value, found.mean, found.sd, found.p)))

    def test_refusals(self):
        with pytest.raises(HierarchyError, match="at least 2"):
            null("baker_gamma", self.A, self.B, 1)
        with pytest.raises(RegistryError, match="Did you mean 'baker_gamma'"):
            null("baker_gama", self.A, self.B)
