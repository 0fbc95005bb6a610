"""Dendrograms are scipy's; bounded levels stay within their bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster import hierarchy as scipy_hierarchy
from scipy.spatial.distance import squareform

from taxonomy._core.errors import ClusteringError, RegistryError
from taxonomy.clustering.levels import bounded_levels, dendrogram
from taxonomy.clustering.linkage import LINKAGES
from taxonomy.similarity import DenseSimilarity
from tests.support.strategies import IDS, similarities

ANY_SIMILARITY = sorted(name for name, linkage in LINKAGES.items() if not linkage.euclidean)

# a ─.9─ b: nearest; c is .3 and .1 like them; d is .2 like all
SMALL = DenseSimilarity(
    "abcd",
    [[1, 0.9, 0.3, 0.2], [0.9, 1, 0.1, 0.2], [0.3, 0.1, 1, 0.2], [0.2, 0.2, 0.2, 1]],
)


@pytest.mark.parametrize(
    ("method", "heights"),
    [
        # c is .7 and .9 from a and b, .8 on average; d is .8 from all, and ties merge at once
        ("average", [0.8, 0.1]),
        ("weighted", [0.8, 0.1]),
        ("complete", [0.8, 0.1]),
        ("single", [0.8, 0.7, 0.1]),
    ],
)
def test_by_hand(method, heights):
    tree = dendrogram(SMALL, method)
    assert tree.height[tree.nodes] == pytest.approx(heights)


@pytest.mark.parametrize("method", ANY_SIMILARITY)
@given(similarity=similarities())
def test_a_dendrograms_heights_are_scipys_cophenetic_distances(method, similarity):
    condensed = squareform(1 - similarity.values, checks=False)
    theirs = scipy_hierarchy.cophenet(scipy_hierarchy.linkage(condensed, method))
    tree = dendrogram(similarity, method)
    ours = tree.height[tree.lowest_common_ancestors]
    assert squareform(ours, checks=False) == pytest.approx(theirs, abs=1e-12)
    assert np.diag(ours).tolist() == [0] * len(similarity)


@given(similarities(ties=True), st.sampled_from(ANY_SIMILARITY))
def test_heights_grow_to_the_root_and_ties_leave_no_equal_ones(similarity, method):
    tree = dendrogram(similarity, method)
    assert all(len(tree.children(node)) >= 2 for node in tree.nodes)
    inner = tree.nodes[1:]
    assert (tree.height[tree.parent[inner]] > tree.height[inner]).all()


@pytest.mark.parametrize("method", ["ward", "centroid", "median"])
def test_euclidean_linkages_refuse_what_is_no_inner_product(method):
    values = [[1, 0.9, 0.9, 0.9], [0.9, 1, 0, 0], [0.9, 0, 1, 0], [0.9, 0, 0, 1]]
    for make in (dendrogram, bounded_levels):
        with pytest.raises(ClusteringError, match="needs Euclidean"):
            make(DenseSimilarity("abcd", values), method=method)


def test_one_label_is_a_tree():
    assert dendrogram(DenseSimilarity(["a"], [[1]])).leaves == ("a",)


def groups_by_level(tree) -> list[list[set[str]]]:
    """Return the clades of the nodes at each depth below the root."""
    inner = set(tree.nodes.tolist())
    deepest = max((int(tree.depth[node]) for node in inner), default=0)
    return [
        [set(tree.clade(n)) for n in sorted(inner) if tree.depth[n] == depth]
        for depth in range(1, deepest + 1)
    ]


@given(
    similarities(least=4, ties=True),
    st.sampled_from(ANY_SIMILARITY),
    st.floats(1, 3),
    st.integers(1, 3),
    st.data(),
)
def test_one_level_always_meets_its_bounds(similarity, method, slack, least, data):
    n = len(similarity)
    groups = data.draw(st.integers(1, max(1, n // least)))
    tree = bounded_levels(similarity, (groups,), method, slack, least)
    (level,) = groups_by_level(tree)
    assert len(level) <= groups
    assert all(least <= len(group) <= math.ceil(slack * n / groups) for group in level)
    assert tree.leaves == similarity.ids
    assert int(tree.depth.max()) == 2


@given(similarities(least=12, ties=True), st.sampled_from(ANY_SIMILARITY), st.data())
def test_two_levels_are_nested_and_bounded(similarity, method, data):
    n = len(similarity)
    fine = data.draw(st.integers(2, n // 2))
    coarse = data.draw(st.integers(1, fine - 1))
    try:
        tree = bounded_levels(similarity, (coarse, fine), method, slack=2)
    except ClusteringError as error:
        assert "raise the slack" in str(error)  # whole small groups need not pack into large ones
        return
    above, below = groups_by_level(tree)
    assert len(above) <= coarse
    assert len(below) <= fine
    assert all(len(group) <= math.ceil(2 * n / coarse) for group in above)
    assert all(2 <= len(group) <= math.ceil(2 * n / fine) for group in below)
    for level in (above, below):
        assert sorted(name for group in level for name in group) == list(similarity.ids)
    assert all(any(group <= parent for parent in above) for group in below)
    assert set(tree.depth[tree.leaf_entries]) == {3}


def test_clear_groups_are_found():
    """Three blocks of four, alike within and unlike between."""
    block = np.kron(np.eye(3), np.ones((4, 4)))
    similarity = DenseSimilarity(IDS[:12], np.where(np.eye(12), 1, 0.1 + 0.8 * block))
    for method in ANY_SIMILARITY:
        (level,) = groups_by_level(bounded_levels(similarity, (3,), method))
        assert level == [set(IDS[:4]), set(IDS[4:8]), set(IDS[8:12])]


TWELVE = DenseSimilarity(IDS[:12], np.where(np.eye(12), 1, 0.5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": ()}, "give numbers that grow"),
        ({"levels": (4, 2)}, "give numbers that grow"),
        ({"levels": (3, 3)}, "give numbers that grow"),
        ({"levels": (0, 3)}, "give numbers that grow"),
        ({"levels": (13,)}, "13 groups of 12 classes: ask for at most 12"),
        ({"levels": (7,)}, "7 groups of at least 2 need 14 .* ask for at most 6"),
        ({"levels": (3,), "least": 5}, "need 15 .* ask for at most 2"),
        ({"levels": (3,), "least": 0}, "at least"),
        ({"levels": (3,), "slack": 0.9}, "slack is 0.9; it must be at least 1"),
        ({"levels": (3,), "slack": math.nan}, "slack is nan"),
    ],
)
def test_bounds_that_cannot_be_met(options, message):
    with pytest.raises(ClusteringError, match=message):
        bounded_levels(TWELVE, **options)


def test_an_unknown_linkage_gets_a_suggestion():
    for make in (dendrogram, bounded_levels):
        with pytest.raises(RegistryError, match=r"'averge'. Did you mean 'average'"):
            make(TWELVE, **({"levels": (3,)} if make is bounded_levels else {}), method="averge")
