"""Ties merge at once: no order of the rows and no naming of the labels changes a tree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from taxonomy._core import io
from taxonomy._core.errors import ClusteringError
from taxonomy.clustering.agglomeration import agglomerate
from taxonomy.clustering.levels import dendrogram, distances
from taxonomy.clustering.linkage import LINKAGES
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from tests.clustering.test_agglomeration import clades

TIMES = 100
ROUNDINGS = {"to 0.1": 1, "to 0.01": 2, "not": 15}
CLAUDE = Path(__file__).parents[1] / "golden" / "llm_scores" / "rows.npz"


def random_scores(method: str, digits: int, n: int = 36) -> DenseSimilarity:
    """Return random scores rounded to so many digits.

    For linkages that need Euclidean distances the coordinates of points are rounded, and the
    similarity is 1 - d**2 / 2 with the points brought so near that it stays in [0, 1].
    """
    rng = np.random.default_rng(digits)
    ids = [f"c{i:02d}" for i in range(n)]
    if LINKAGES[method].euclidean:
        points = rng.random((n, 2)).round(digits)
        squares = ((points[:, None] - points[None, :]) ** 2).sum(-1)
        return DenseSimilarity(ids, 1 - squares / 2)
    upper = np.triu(rng.random((n, n)).round(digits), 1)
    return DenseSimilarity(ids, upper + upper.T + np.eye(n))


def claude_scores(method: str) -> DenseSimilarity:
    """Return Claude's scores, both directions averaged.

    They are no inner product. For linkages that need one, two classes are as alike as the cosine
    of their rows.
    """
    stored = io.load_npz(CLAUDE)
    values = stored["scores"] / 100
    values = (values + values.T) / 2
    if LINKAGES[method].euclidean:
        rows = values / np.linalg.norm(values, axis=1, keepdims=True)
        values = (rows @ rows.T).clip(0, 1)
        np.fill_diagonal(values, 1)
    return DenseSimilarity(stored["ids"].tolist(), values)


def named_clades(tree: Hierarchy, old: dict[str, int]) -> dict[frozenset[int], float]:
    """Return every node's labels, by their old numbers, and its height."""
    return {
        frozenset(old[name] for name in tree.clade(node)): float(tree.height[node])
        for node in tree.nodes.tolist()
    }


def same(one: dict[frozenset[int], float], other: dict[frozenset[int], float]) -> bool:
    """Tell whether two trees have the same nodes, at heights that are equal within 1e-9."""
    if one.keys() != other.keys():
        return False
    return np.allclose([one[clade] for clade in other], [*other.values()], rtol=1e-9, atol=1e-11)


def check_all_orders_and_names(similarity: DenseSimilarity, method: str) -> None:
    n = len(similarity)
    apart = distances(similarity, method)
    whole = clades(agglomerate(apart, method), list(range(n)))
    rng = np.random.default_rng(0)
    for _ in range(TIMES):
        order = rng.permutation(n)
        again = clades(agglomerate(apart[np.ix_(order, order)], method), order.tolist())
        assert same(again, whole)
    for _ in range(TIMES):
        names = [f"{number:08x}" for number in rng.choice(2**32, n, replace=False)]
        tree = dendrogram(DenseSimilarity(names, similarity.values), method)
        again = named_clades(tree, {name: i for i, name in enumerate(names)})
        assert same(again, whole)


@pytest.mark.parametrize("method", LINKAGES)
@pytest.mark.parametrize("rounded", ROUNDINGS)
def test_100_orders_and_100_namings_of_random_scores_give_one_tree(method, rounded):
    similarity = random_scores(method, ROUNDINGS[rounded])
    values = similarity.values[np.triu_indices(len(similarity), 1)]
    assert (len(np.unique(values.round(12))) < len(values)) == (rounded != "not")
    check_all_orders_and_names(similarity, method)


@pytest.mark.parametrize("method", LINKAGES)
def test_100_orders_and_100_namings_of_claudes_scores_give_one_tree(method):
    check_all_orders_and_names(claude_scores(method), method)


def test_claudes_scores_tie_everywhere():
    """Some merges join more than two at once, which a binary dendrogram would order by chance."""
    scores = claude_scores("average")
    assert len(np.unique(scores.values.round(12))) < 212
    tree = dendrogram(scores)
    assert len(tree.nodes) < len(tree.leaves) - 1


@pytest.mark.parametrize("method", [name for name in LINKAGES if LINKAGES[name].euclidean])
def test_scores_that_are_no_inner_product_are_refused_in_any_order_and_naming(method):
    similarity = claude_scores("average")
    rng = np.random.default_rng(0)
    for _ in range(10):
        names = [f"{number:08x}" for number in rng.choice(2**32, 212, replace=False)]
        with pytest.raises(ClusteringError, match="needs Euclidean"):
            dendrogram(DenseSimilarity(names, similarity.values), method)
