"""Shaped trees: within bounds, the same for any names, no worse than any small change of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import ClusteringError, TaxonomyError
from taxonomy.clustering.refinement import imbalance
from taxonomy.clustering.shaped import Shape, shaped_tree
from taxonomy.comparison.dasgupta import dasgupta_cost, expected_dasgupta_cost
from taxonomy.labels import get_labels
from taxonomy.similarity import SOURCES, DenseSimilarity, get_source
from taxonomy.trees.hierarchy import Hierarchy
from tests.clustering.test_ties import claude_scores
from tests.support.strategies import IDS, similarities

ICONS = get_labels("icons")


def objective(tree: Hierarchy, similarity: DenseSimilarity, balance: float = 0.0) -> float:
    """Return what shaping lowers, by the metrics' own formulas."""
    n, total = len(similarity), similarity.values[np.triu_indices(len(similarity), 1)].sum()
    beyond = dasgupta_cost(tree, similarity) - expected_dasgupta_cost(tree, similarity)
    return beyond / (n * total) + balance * imbalance(tree)


def check_bounds(tree: Hierarchy, shape: Shape) -> None:
    n = len(tree.leaves)
    assert set(tree.depth[tree.leaf_entries]) == {shape.levels + 1}
    least = [*[1] * (shape.levels - len(shape.least_leaves)), *shape.least_leaves]
    most = [*[n] * (shape.levels - len(shape.most_leaves)), *shape.most_leaves]
    for node in tree.nodes[1:].tolist():
        level = int(tree.depth[node]) - 1
        assert least[level] <= tree.leaf_counts[node] <= most[level]
        assert shape.least_children <= len(tree.children(node)) <= shape.most_children
    if not isinstance(shape.groups, str):
        counts = np.bincount(tree.depth[tree.nodes])[1:]
        assert counts.tolist() == list(shape.groups)


def rebuilt(home: dict[str, tuple[int, ...]]) -> Hierarchy:
    """Return the tree in which each label hangs at the end of a path of groups."""
    root: dict = {"children": {}, "leaves": []}
    for label, path in home.items():
        at = root
        for step in path:
            at = at["children"].setdefault(step, {"children": {}, "leaves": []})
        at["leaves"].append(label)

    def nested(node: dict) -> list:
        return [*node["leaves"], *map(nested, node["children"].values())]

    return Hierarchy.from_nested(nested(root))


def neighbours(tree: Hierarchy) -> list[Hierarchy]:
    """Return the trees one move or swap of a label, or of a lowest node, away."""
    home = {
        label: tuple(reversed(tree.ancestors(label)[:-1]))  # groups, coarse to fine
        for label in tree.leaves
    }
    paths = sorted(set(home.values()))
    found = [{**home, x: path} for x in home for path in paths]
    found += [{**home, x: home[y], y: home[x]} for x, y in combinations(home, 2)]
    if len(paths[0]) == 2:
        tops = {path[0] for path in paths}
        for path in paths:
            found += [{x: (top, p[1]) if p == path else p for x, p in home.items()} for top in tops]
        for one, other in combinations(paths, 2):
            moved = {one: (other[0], one[1]), other: (one[0], other[1])}
            found.append({x: moved.get(p, p) for x, p in home.items()})
    return [rebuilt(changed) for changed in found]


@given(similarities(least=12, most=14, ties=True), st.sampled_from([0.0, 0.02, 1.0]))
def test_it_ends_where_no_small_change_pays(similarity, balance):
    shape = Shape(2, (2, 4), 2, 4, (2,), (5,), balance)
    tree = shaped_tree(similarity, shape)
    check_bounds(tree, shape)
    reached = objective(tree, similarity, balance)
    assert tree.provenance["objective"] == pytest.approx(reached, abs=1e-9)
    within = 0
    for other in neighbours(tree):
        try:
            check_bounds(other, shape)
        except AssertionError:
            continue
        within += other != tree
        assert objective(other, similarity, balance) >= reached - 1e-7
    assert within > 30


@given(
    similarities(least=24, most=30, ties=True),
    st.sampled_from(["middle", "cheapest"]),
    st.sampled_from(["average", "complete", "single"]),
)
def test_bounds_hold(similarity, groups, method):
    shape = Shape(2, groups, 2, 6, (2,), (15, 6))
    check_bounds(shaped_tree(similarity, shape, method), shape)


def test_three_levels_hold_their_bounds():
    shape = Shape(3, "middle", 2, 6, (12, 6, 3), (80, 30, 12))
    check_bounds(shaped_tree(get_source("random")(ICONS), shape), shape)


def scores_by_clade(
    tree: Hierarchy, similarity: DenseSimilarity, names: dict[str, str]
) -> list[list[float]]:
    """Return the scores within every clade, in an order that names do not change.

    WordNet scores some classes alike to all others; which of them is which, nothing can say.
    """
    row = {names[label]: k for k, label in enumerate(similarity.ids)}
    rows = ([row[name] for name in tree.clade(node)] for node in tree.nodes)
    return sorted(sorted(similarity.values[np.ix_(some, some)].ravel()) for some in rows)


@pytest.mark.parametrize("source", [*SOURCES, "claude"])
def test_icons_in_groups_of_3_to_12_for_every_source(source):
    """And they keep more similarity than chance; sources that need a file or a key are skipped."""
    try:
        similarity = claude_scores("average") if source == "claude" else get_source(source)(ICONS)
    except TaxonomyError as error:
        pytest.skip(str(error))
    shape = Shape()
    tree = shaped_tree(similarity, shape)
    check_bounds(tree, shape)
    assert objective(tree, similarity) < -0.005
    renamed = {label: f"{(k * 97 + 5) % 212:03d}" for k, label in enumerate(ICONS.ids)}
    other = shaped_tree(
        DenseSimilarity([renamed[x] for x in similarity.ids], similarity.values), shape
    )
    assert other.provenance["objective"] == tree.provenance["objective"]
    assert scores_by_clade(other, similarity, renamed) == scores_by_clade(
        tree, similarity, {x: x for x in ICONS.ids}
    )


def test_names_and_order_change_nothing():
    """Scores full of ties, renamed and shuffled 100 times: the same tree but for the names."""
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((30, 30)).round(1), 1)
    values = upper + upper.T + np.eye(30)
    tree = shaped_tree(DenseSimilarity(IDS, values))
    clades = {frozenset(tree.clade(node)) for node in tree.nodes}
    for _ in range(100):
        order = rng.permutation(30)
        names = [f"{number:08x}" for number in rng.choice(2**32, 30, replace=False)]
        other = shaped_tree(DenseSimilarity(names, values[np.ix_(order, order)]))
        old = dict(zip(names, (IDS[i] for i in order), strict=True))
        found = {frozenset(old[name] for name in other.clade(node)) for node in other.nodes}
        assert found == clades
        assert other.provenance["objective"] == tree.provenance["objective"]


def test_balance_evens_the_groups():
    similarity = get_source("wordnet")(ICONS)
    uneven, even = (
        imbalance(shaped_tree(similarity, Shape(groups=(7, 35), balance=balance)))
        for balance in (0.0, 0.1)
    )
    assert even < uneven / 2


def test_clear_groups_are_found():
    block = np.kron(np.eye(4), np.ones((3, 3))) + np.kron(np.eye(2), np.ones((6, 6)))
    tree = shaped_tree(
        DenseSimilarity(IDS[:12], np.where(np.eye(12), 1, 0.1 + 0.3 * block)),
        Shape(2, (2, 4), 2, 4, (2,), (5,)),
    )
    threes = [IDS[:3], IDS[3:6], IDS[6:9], IDS[9:12]]
    assert tree == Hierarchy.from_nested([threes[:2], threes[2:]])


TWELVE = DenseSimilarity(IDS[:12], np.where(np.eye(12), 1, 0.5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": 0}, "0 levels; ask for at least 1"),
        ({"groups": (3,)}, "names groups for 1 of 2 levels"),
        ({"groups": (2, 3, 4)}, "groups are .2, 3, 4.; give numbers"),
        ({"most_leaves": (0,)}, "most_leaves are .0."),
        ({"least_children": 5, "most_children": 4}, "5 to 4 children"),
        ({"balance": -1.0}, "balance is -1.0"),
        ({"balance": float("nan")}, "balance is nan"),
        ({"groups": (2, 3), "most_leaves": (3,)}, "in 2,3 groups has 3 to 3 classes"),
        ({"least_leaves": (7,), "most_leaves": (8,)}, "7 to 8 classes a group"),
    ],
)
def test_shapes_that_cannot_be(options, message):
    with pytest.raises(ClusteringError, match=message):
        shaped_tree(TWELVE, Shape(**options))
