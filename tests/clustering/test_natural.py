"""Natural groups: the best choice of a dendrogram's nodes, and no move of a label that pays."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import ClusteringError
from taxonomy.clustering.agglomeration import Merges, agglomerate
from taxonomy.clustering.levels import dendrogram, distances
from taxonomy.clustering.natural import _best_groups, _Groups, natural_groups
from taxonomy.comparison.dasgupta import dasgupta_cost, expected_dasgupta_cost
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.strategies import similarities

PETS = DenseSimilarity(
    ["bus", "car", "cat", "cow", "dog", "pear"],
    [
        [1.0, 0.8, 0.1, 0.1, 0.1, 0.0],
        [0.8, 1.0, 0.1, 0.1, 0.1, 0.0],
        [0.1, 0.1, 1.0, 0.7, 0.9, 0.0],
        [0.1, 0.1, 0.7, 1.0, 0.6, 0.0],
        [0.1, 0.1, 0.9, 0.6, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ],
)


def kept(tree: Hierarchy, similarity: DenseSimilarity) -> float:
    """Return the similarity that a tree keeps beyond chance, by the metrics' own formulas."""
    return expected_dasgupta_cost(tree, similarity) - dasgupta_cost(tree, similarity)


def clades(tree: Hierarchy) -> set[frozenset[str]]:
    return {frozenset(tree.clade(int(node))) for node in tree.nodes}


def choices(merges: Merges, n: int, levels: int, least: int) -> list[set[int]]:
    """Return all sets of clusters that may stay, the root apart."""
    parent = merges.parent.tolist()
    size = [1] * n + [0] * (len(parent) - n)
    for cluster, above in enumerate(parent[:-1]):
        size[above] += size[cluster]
    inner = [c for c in range(n, len(parent) - 1) if size[c] >= least]
    found = []
    for mask in product([False, True], repeat=len(inner)):
        chosen = {c for c, taken in zip(inner, mask, strict=True) if taken}
        deepest = 0
        for cluster in chosen:
            depth, above = 0, cluster
            while above >= 0:
                depth, above = depth + (above in chosen), parent[above]
            deepest = max(deepest, depth)
        if deepest <= levels:
            found.append(chosen)
    return found


@given(similarities(least=4, most=8, ties=True), st.integers(1, 3), st.integers(2, 3))
def test_the_nodes_that_stay_are_the_best_of_all_choices(similarity, levels, least):
    n, merges = len(similarity), agglomerate(distances(similarity))
    parent, home = _best_groups(similarity.values, merges, levels, least)
    reached = kept(_Groups(parent, home, similarity.values, least).tree(similarity.ids), similarity)
    whole = dendrogram(similarity)
    entries = {whole.clade(node): int(node) for node in whole.nodes}
    below: list[set[str]] = [{similarity.ids[i]} for i in range(n)]
    below += [set() for _ in range(len(merges.parent) - n)]
    for cluster, above in enumerate(merges.parent.tolist()[:-1]):
        below[above] |= below[cluster]
    best = max(
        kept(whole.collapse(entries[tuple(sorted(below[c]))] for c in chosen), similarity)
        for chosen in choices(merges, n, levels, least)
    )
    assert reached == pytest.approx(best, abs=1e-9)


@given(similarities(least=5, most=9, ties=True), st.integers(1, 3), st.integers(2, 3))
def test_every_gain_is_what_moving_keeps_more_and_in_the_end_none_does(similarity, levels, least):
    merges = agglomerate(distances(similarity))
    groups = _Groups(*_best_groups(similarity.values, merges, levels, least), similarity.values, 2)

    def objective() -> float:
        return kept(groups.tree(similarity.ids), similarity)

    before, gains, homes = objective(), groups.gains(np.arange(len(similarity))), groups.home.copy()
    for label, node in np.argwhere(np.isfinite(gains)).tolist():
        groups.move(label, node)
        assert objective() - before == pytest.approx(gains[label, node], abs=1e-9)
        groups.move(label, int(homes[label]))
    groups.settle()
    assert objective() >= before - 1e-9
    assert groups.gains(np.arange(len(similarity))).max() <= 1e-6 * max(1.0, abs(before))


@given(similarities(least=1, most=14, ties=True), st.integers(1, 3), st.integers(2, 4))
def test_levels_and_sizes_hold(similarity, levels, least):
    tree = natural_groups(similarity, levels, least=least)
    assert tree.leaves == tuple(sorted(similarity.ids))
    assert tree.depth[tree.nodes].max() <= levels
    assert (tree.leaf_counts[tree.nodes[1:]] >= least).all()
    assert all(len(tree.children(node)) > 1 for node in tree.nodes[1:])


@given(similarities(least=4, most=10), st.randoms())
def test_names_do_not_matter_where_nothing_ties(similarity, random):
    ids = similarity.ids
    other_ids = random.sample(ids, len(ids))
    other = natural_groups(DenseSimilarity(other_ids, similarity.values))
    back = dict(zip(other_ids, ids, strict=True))
    renamed = {frozenset(back[leaf] for leaf in clade) for clade in clades(other)}
    assert renamed == clades(natural_groups(similarity))


def test_a_class_that_is_like_no_other_is_forced_into_no_group():
    tree = natural_groups(PETS, least=2)
    assert tree == Hierarchy.from_nested([["bus", "car"], ["cow", ["cat", "dog"]], "pear"])


def test_groups_of_three_and_more_are_not_padded():
    tree = natural_groups(PETS, least=3)
    assert tree == Hierarchy.from_nested(["bus", "car", ["cat", "cow", "dog"], "pear"])


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_where_all_are_equally_alike_there_are_no_groups(value):
    values = np.where(np.eye(9, dtype=bool), 1.0, value)
    assert natural_groups(DenseSimilarity("abcdefghi", values)) == Hierarchy.star("abcdefghi")


@pytest.mark.parametrize(("levels", "least"), [(0, 3), (2, 1)])
def test_less_is_refused(levels, least):
    with pytest.raises(ClusteringError, match="at least 1 level and 2 classes"):
        natural_groups(PETS, levels, least=least)
