"""Clustering of neighbours is clustering of the whole matrix with zeros."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import ClusteringError, RegistryError, SimilarityError
from taxonomy.clustering.agglomeration import agglomerate
from taxonomy.clustering.levels import bounded_levels, dendrogram
from taxonomy.clustering.linkage import LINKAGES
from taxonomy.clustering.sparse import agglomerate_neighbours
from taxonomy.similarity import SparseSimilarity

METHODS = [name for name, linkage in LINKAGES.items() if not linkage.euclidean]


@st.composite
def sparse_similarities(draw):
    """Draw up to 12 labels, with a share of the pairs and scores that may tie."""
    n = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first, second = np.triu_indices(n, 1)
    kept = rng.random(len(first)) < draw(st.sampled_from([0, 0.2, 0.5, 1]))
    scores = rng.random(int(kept.sum()))
    digits = draw(st.sampled_from([1, 2, 16]))
    return SparseSimilarity(
        [f"c{i:02d}" for i in range(n)], first[kept], second[kept], scores.round(digits)
    )


@pytest.mark.parametrize("method", METHODS)
@given(sparse=sparse_similarities())
def test_is_the_dendrogram_of_the_matrix_with_zeros(method, sparse):
    """Clades are the same; heights are to rounding."""
    ours, theirs = dendrogram(sparse, method), dendrogram(sparse.dense(), method)
    assert [ours.clade(node) for node in ours.nodes] == [theirs.clade(n) for n in theirs.nodes]
    assert ours.height == pytest.approx(theirs.height, abs=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_five_hundred_items_in_groups(method):
    rng = np.random.default_rng(0)
    first, second = np.triu_indices(500, 1)
    near = (first // 10 == second // 10) | (rng.random(len(first)) < 0.02)
    first, second = first[near], second[near]
    scores = np.where(first // 10 == second // 10, 0.5, 0.1) + 0.4 * rng.random(len(first)).round(2)
    matrix = np.eye(500)
    matrix[first, second] = matrix[second, first] = scores
    ours = agglomerate_neighbours(500, first, second, scores, method)
    theirs = agglomerate(1 - matrix, method)
    assert len(ours.parent) == len(theirs.parent)
    assert np.sort(ours.height) == pytest.approx(np.sort(theirs.height), abs=1e-11)


def test_by_hand():
    """Average: b-c at .2; then a to both, (0.6 + 0) / 2 = .3, so at .7; d has no neighbour."""
    sparse = SparseSimilarity("abcd", [1, 0], [2, 1], [0.8, 0.6])
    tree = dendrogram(sparse)
    assert [tree.clade(node) for node in tree.nodes] == [
        ("a", "b", "c", "d"),
        ("a", "b", "c"),
        ("b", "c"),
    ]
    assert tree.height[tree.nodes].tolist() == pytest.approx([1, 0.7, 0.2])
    assert tree.provenance["similarity"] == sparse.digest


def test_order_does_not_matter():
    rng = np.random.default_rng(3)
    first, second = np.triu_indices(60, 1)
    kept = rng.random(len(first)) < 0.1
    first, second, scores = first[kept], second[kept], rng.random(kept.sum()).round(1)
    ids = np.array([f"c{i:02d}" for i in range(60)])
    expected = dendrogram(SparseSimilarity(ids, first, second, scores)).to_json()
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(60)
        mixed = SparseSimilarity(ids[order], np.argsort(order)[first], np.argsort(order)[second],
                                 scores)  # fmt: skip
        assert dendrogram(mixed).to_json() == expected


def test_what_needs_all_pairs_is_refused():
    sparse = SparseSimilarity("abc", [0], [1], [0.5])
    for method in ("ward", "centroid", "median"):
        with pytest.raises(ClusteringError, match="use average, complete"):
            dendrogram(sparse, method)
    with pytest.raises(RegistryError, match="Did you mean 'average'"):
        dendrogram(sparse, "averag")
    with pytest.raises(SimilarityError, match="needs all pairs"):
        bounded_levels(sparse, (1,))
