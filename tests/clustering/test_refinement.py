"""Refinement lowers Dasgupta's cost, keeps its bounds, and ends where no step pays."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given

from taxonomy._core.errors import ClusteringError
from taxonomy.clustering.refinement import Bounds, refine
from taxonomy.comparison.dasgupta import dasgupta_cost
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.strategies import similarities

NESTED = Hierarchy.from_nested([[["a", "e"], ["c", "g"]], [["b", "f", "h"], ["d", "i"]]])


def with_places(tree: Hierarchy, home: dict[str, int]) -> Hierarchy:
    """Return the tree's nodes with every label under the given entry."""
    nested = {int(node): {"children": [], "leaves": []} for node in tree.nodes}
    for node in tree.nodes[1:]:
        nested[int(tree.parent[node])]["children"].append(nested[int(node)])
    for label, node in home.items():
        nested[node]["leaves"].append(label)
    return Hierarchy.from_nested(nested[0])


def neighbours(tree: Hierarchy, bounds: Bounds) -> list[Hierarchy]:
    """Return the trees that one allowed move or swap away from a tree."""
    home = {x: int(tree.parent[i]) for x, i in zip(tree.leaves, tree.leaf_entries, strict=True)}
    lowest = set(tree.nodes.tolist()) - set(tree.parent[tree.nodes].tolist())
    changed = [{**home, x: q} for x in home for q in lowest]
    changed += [{**home, x: home[y], y: home[x]} for x, y in combinations(home, 2)]
    trees = [with_places(tree, h) for h in changed if set(h.values()) >= lowest]
    kept = []
    for other in trees:
        least, most = bounds.of(other)
        inner = other.nodes
        size = other.leaf_counts[inner]
        if ((size >= least[inner]) & (size <= most[inner])).all():
            kept.append(other)
    return kept


@given(similarities(least=9, most=9))
def test_it_ends_within_bounds_where_no_step_pays(similarity):
    bounds = Bounds(least_leaves=(3, 1), most_leaves=(6, 3))
    labels = dict(zip(NESTED.leaves, similarity.ids, strict=True))
    homes = zip(NESTED.leaves, NESTED.leaf_entries, strict=True)
    start = with_places(NESTED, {labels[x]: int(NESTED.parent[i]) for x, i in homes})
    end = refine(start, similarity, bounds)
    cost = dasgupta_cost(end, similarity)
    assert cost <= dasgupta_cost(start, similarity) + 1e-9
    size, (least, most) = end.leaf_counts[end.nodes], (b[end.nodes] for b in bounds.of(end))
    assert ((size >= least) & (size <= most)).all()
    cheapest = min(dasgupta_cost(other, similarity) for other in neighbours(end, bounds))
    assert cheapest >= cost - 1e-6


def test_blocks_that_were_dealt_out_wrongly_are_found():
    ids = [f"{x}{i}" for x in "ab" for i in range(4)]
    block = np.kron(np.eye(2), np.ones((4, 4)))
    similarity = DenseSimilarity(ids, np.where(np.eye(8), 1, 0.05 + 0.9 * block))
    mixed = Hierarchy.from_nested([["a0", "a1", "b0", "b1"], ["a2", "a3", "b2", "b3"]])
    refined = refine(mixed, similarity, Bounds(least_leaves=(4,), most_leaves=(4,)))
    assert refined == Hierarchy.from_nested([ids[:4], ids[4:]])


def test_a_tree_outside_its_bounds_or_of_other_labels_is_refused():
    similarity = DenseSimilarity("abc", np.eye(3))
    with pytest.raises(ClusteringError, match="2 leaves is outside its bounds of 1 to 1"):
        refine(Hierarchy.from_nested([["a", "b"], ["c"]]), similarity, Bounds(most_leaves=(1,)))
    with pytest.raises(ClusteringError, match="different labels"):
        refine(Hierarchy.star("abd"), similarity)
