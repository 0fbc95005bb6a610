"""Every metric against another program, or a plain count, on 200 random pairs of trees."""

from __future__ import annotations

import io
import math
import random
import warnings
from itertools import combinations

import dendropy
import numpy as np
import pytest
import zss
from apted import APTED
from apted.helpers import Tree as Brackets
from dendropy.calculate import treecompare
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.stats import spearmanr
from sklearn.metrics import adjusted_mutual_info_score, fowlkes_mallows_score

from taxonomy.comparison import (
    FITS,
    METRICS,
    adjusted_mutual_information,
    adjusted_mutual_information_curve,
    ancestor_f1,
    baker_gamma,
    baker_spearman,
    cophenetic_correlation,
    cophenetic_fit,
    dasgupta_cost,
    dendrogram_purity,
    edge_agreement,
    edge_f1,
    fowlkes_mallows,
    fowlkes_mallows_curve,
    hierarchical_mutual_information,
    quartet_distance,
    robinson_foulds,
    tree_edit_distance,
    triplet_distance,
)
from taxonomy.comparison.cuts import cluster_counts, cut, most_clusters_whole
from taxonomy.comparison.edits import Postorder, edits, layouts
from taxonomy.comparison.hierarchical_information import expected_information, information
from taxonomy.comparison.triplets import unresolved_triples
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.trees import PAIRS, Plain, from_linkage, plain, random_pair

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from skbio import TreeNode

TESTED = {
    "cophenetic_correlation",
    "baker_gamma",
    "baker_spearman",
    "fowlkes_mallows",
    "adjusted_mutual_information",
    "robinson_foulds",
    "triplet_distance",
    "hierarchical_mutual_information",
    "quartet_distance",
    "tree_edit_distance",
    "edge_f1",
    "ancestor_f1",
    "dasgupta_cost",
    "dendrogram_purity",
    "cophenetic_fit",
}


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Plain, Plain]]:
    """The trees; together they have all that makes metrics stumble."""
    assert set(METRICS | FITS) == TESTED
    drawn = [random_pair(seed) for seed in range(PAIRS)]
    trees = [tree for pair in drawn for tree in pair]
    assert sum(unresolved_triples(tree.tree) > 0 for tree in trees) > PAIRS
    assert sum(len({h for _, h in tree.nodes}) < len(tree.nodes) for tree in trees) > PAIRS / 2
    assert {len(tree.labels) for tree in trees} >= set(range(6, 38))
    return drawn


def correlation(one: list[float], other: list[float]) -> float:
    if len(set(one)) == 1 or len(set(other)) == 1:
        return math.nan
    return np.corrcoef(one, other)[0, 1]


def test_cophenetic_correlation(pairs):
    for a, b in pairs:
        expected = correlation([h for _, h in a.meeting], [h for _, h in b.meeting])
        assert cophenetic_correlation(a.tree, b.tree) == pytest.approx(expected, nan_ok=True)


def test_cophenetic_fit(pairs):
    """scipy's coefficient of its own dendrogram; and the plain correlation on any tree."""
    rng = np.random.default_rng(0)
    for tree, _ in pairs:
        n = len(tree.labels)
        values = rng.random((n, n))
        similarity = DenseSimilarity(tree.labels, np.where(np.eye(n), 1, (values + values.T) / 2))
        apart = 1 - similarity.values[np.triu_indices(n, 1)]
        expected = correlation([h for _, h in tree.meeting], apart.tolist())
        assert cophenetic_fit(tree.tree, similarity) == pytest.approx(expected, nan_ok=True)
        merges = linkage(apart, "average")
        theirs = cophenet(merges, apart)[0]
        dendrogram = from_linkage(merges, tree.labels)
        assert cophenetic_fit(dendrogram, similarity) == pytest.approx(theirs)


def test_cuts(pairs):
    for tree in (tree for pair in pairs for tree in pair):
        assert cluster_counts(tree.tree).tolist() == sorted(tree.cuts)
        meeting = tree.tree.lowest_common_ancestors[np.triu_indices(len(tree.labels), 1)]
        assert most_clusters_whole(tree.tree)[meeting].tolist() == tree.together
        for clusters in range(1, len(tree.labels) + 1):
            assert cut(tree.tree, clusters).tolist() == tree.at_most(clusters)


def test_baker(pairs):
    for a, b in pairs:
        one, other = np.array(a.together), np.array(b.together)
        order = np.sign(np.subtract.outer(one, one)) * np.sign(np.subtract.outer(other, other))
        same, opposite = (order > 0).sum(), (order < 0).sum()
        gamma = (same - opposite) / (same + opposite) if same + opposite else math.nan
        assert baker_gamma(a.tree, b.tree) == pytest.approx(gamma, nan_ok=True)
        defined = len(set(a.together)) > 1 and len(set(b.together)) > 1
        spearman = spearmanr(one, other).statistic if defined else math.nan
        assert baker_spearman(a.tree, b.tree) == pytest.approx(spearman, nan_ok=True)


@pytest.mark.parametrize(
    ("curve", "mean", "theirs"),
    [
        (fowlkes_mallows_curve, fowlkes_mallows, fowlkes_mallows_score),
        (
            adjusted_mutual_information_curve,
            adjusted_mutual_information,
            adjusted_mutual_info_score,
        ),
    ],
)
def test_scikit_learns_scores_of_every_cut(pairs, curve, mean, theirs):
    for a, b in pairs:
        wanted = sorted((set(a.cuts) | set(b.cuts)) - {1, len(a.labels)})
        expected = [theirs(a.at_most(k), b.at_most(k)) for k in wanted]
        table = curve(a.tree, b.tree)
        assert table["k"].tolist() == wanted
        assert table["clusters_a"].tolist() == [len(set(a.at_most(k))) for k in wanted]
        assert table["clusters_b"].tolist() == [len(set(b.at_most(k))) for k in wanted]
        assert table[mean.__name__].tolist() == pytest.approx(expected)
        expected_mean = np.mean(expected) if wanted else math.nan
        assert mean(a.tree, b.tree) == pytest.approx(expected_mean, nan_ok=True)


def test_robinson_foulds(pairs):
    for a, b in pairs:
        one, other = (TreeNode.read(io.StringIO(tree.newick)) for tree in (a, b))
        differ = one.compare_rfd(other, rooted=True)
        names = dendropy.TaxonNamespace()
        trees = [
            dendropy.Tree.get(
                data=tree.newick, schema="newick", rooting="force-rooted", taxon_namespace=names
            )
            for tree in (a, b)
        ]
        assert treecompare.symmetric_difference(*trees) == differ
        total = len(a.inner_clades) + len(b.inner_clades)
        assert robinson_foulds(a.tree, b.tree) == pytest.approx(differ / total if total else 0)


def test_triplet_distance(pairs):
    tqdist = pytest.importorskip("tqdist", reason="built from source: install a C++ compiler")
    for a, b in pairs:
        theirs = tqdist.triplet_distance(a.newick, b.newick)
        assert triplet_distance(a.tree, b.tree) == pytest.approx(theirs, abs=1e-12)


def test_quartet_distance(pairs):
    tqdist = pytest.importorskip("tqdist", reason="built from source: install a C++ compiler")
    for a, b in pairs:
        theirs = tqdist.quartet_distance(a.newick, b.newick)
        assert quartet_distance(a.tree, b.tree) == pytest.approx(theirs, abs=1e-12)


def parted(tree: Plain, four: tuple[str, ...]) -> frozenset[frozenset[str]]:
    """Return how a tree parts four labels two by two, where it does."""
    for clade in tree.inner_clades:
        inside = clade.intersection(four)
        if len(inside) == 2:
            return frozenset([inside, frozenset(four) - inside])
    return frozenset()


def test_quartets_one_by_one(pairs):
    for a, b in pairs[:20]:
        small = [tree.tree.restrict(a.labels[:12], unary="collapse") for tree in (a, b)]
        one, other = (plain(tree.to_raw()) for tree in small)
        fours = list(combinations(one.labels, 4))
        differ = sum(parted(one, four) != parted(other, four) for four in fours)
        assert quartet_distance(*small) == pytest.approx(differ / len(fours))


def level_by_level(a: Hierarchy, b: Hierarchy, u: int = 0, v: int = 0) -> float:
    """Return the hierarchical mutual information below two nodes, by its definition."""
    shared = set(a.clade(u)) & set(b.clade(v))
    if not shared or a.is_leaf[u] or b.is_leaf[v]:
        return 0.0
    rows, columns = (
        [set(tree.clade(i)) & shared for i in tree.children(x)] for tree, x in ((a, u), (b, v))
    )
    found = 0.0
    for i, row in zip(a.children(u), rows, strict=True):
        for j, column in zip(b.children(v), columns, strict=True):
            share = len(row & column) / len(shared)
            if share:
                ratio = share * len(shared) ** 2 / (len(row) * len(column))
                found += share * (math.log(ratio) + level_by_level(a, b, i, j))
    return found


def test_hierarchical_mutual_information(pairs):
    for a, b in pairs:
        found = level_by_level(a.tree, b.tree)
        assert information(a.tree, b.tree) == pytest.approx(found)
        most, expected = math.log(len(a.labels)), expected_information(a.tree, b.tree)
        assert level_by_level(a.tree, a.tree) == pytest.approx(most)
        adjusted = (found - expected) / (most - expected) if most - expected > 1e-9 else math.nan
        value = hierarchical_mutual_information(a.tree, b.tree)
        assert value == pytest.approx(adjusted, nan_ok=True)


def ancestor_pairs(tree: Hierarchy, by_name: bool) -> set[tuple[object, object]]:
    """Walk up from every entry."""
    keys: list[object] = []
    for i in range(len(tree)):
        named = by_name and tree.leaf[i] is None and tree.name[i]
        keys.append(("node", tree.name[i]) if named else tree.clade(i))
    found = set()
    for i in range(1, len(tree)):
        above = int(tree.parent[i])
        while above > 0:
            found.add((keys[above], keys[i]))
            above = int(tree.parent[above])
    return {(ancestor, below) for ancestor, below in found if ancestor != below}


def ordered(tree: Postorder) -> zss.Node:
    """Return a tree for zss."""
    nodes: list[zss.Node] = []
    for label, left, i in zip(tree.label, tree.left, range(len(tree.left)), strict=True):
        children, at = [], i - 1
        while at >= left:
            children.insert(0, nodes[at])
            at = tree.left[at] - 1
        nodes.append(zss.Node("" if label < 0 else str(label), children))
    return nodes[-1]


def bracketed(node: zss.Node) -> str:
    return "{" + node.label + "".join(map(bracketed, node.children)) + "}"


def test_tree_edit_distance(pairs):
    """zss and apted are given the trees in the same orders."""
    for a, b in pairs[:12]:
        found = []
        for one, other in layouts(a.tree, b.tree):
            nodes = [ordered(tree) for tree in (one, other)]
            found.append(
                zss.distance(
                    *nodes,
                    zss.Node.get_children,
                    lambda node: 1,
                    lambda node: 1,
                    lambda x, y: int(x.label != y.label),
                )
            )
            trees = [Brackets.from_text(bracketed(node)) for node in nodes]
            assert APTED(*trees).compute_edit_distance() == found[-1] == edits(one, other)
        most = len(a.tree) + len(b.tree) - 2
        assert tree_edit_distance(a.tree, b.tree) == pytest.approx(min(found) / most)


def test_tree_edit_distance_by_hand():
    a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    b = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    assert tree_edit_distance(a, b) == pytest.approx(
        3 / (6 + 5)
    )  # one node, and the bus out and in


def test_tree_edit_distance_is_not_computed_beyond_300_labels():
    stars = [Hierarchy.star(f"c{i:03d}" for i in range(n)) for n in (300, 301)]
    assert tree_edit_distance(stars[0], stars[0]) == 0
    assert math.isnan(tree_edit_distance(stars[1], stars[1]))


def with_names(pairs: list[tuple[Plain, Plain]]) -> list[list[Hierarchy]]:
    """Return the trees with few names, so that nodes share them and some have none."""
    rng = random.Random(0)
    named = []
    for tree in (tree for pair in pairs for tree in pair):
        graph = tree.tree.to_networkx().copy()
        for node in graph:
            graph.nodes[node]["name"] = rng.choice(["", "animal", "pet", "thing", "tool"])
        named.append(Hierarchy.from_networkx(graph))
    return [named[i : i + 2] for i in range(0, len(named), 2)]


@pytest.mark.parametrize("match", ["clade", "name"])
def test_edge_f1(pairs, match):
    def edges(tree: Hierarchy) -> set[tuple[object, object]]:
        keys: list[object] = [tree.name[i] if match == "name" else "" for i in range(len(tree))]
        keys = [key or tree.clade(i) for i, key in enumerate(keys)]
        keys[0] = "the root"
        return {(keys[tree.parent[i]], keys[i]) for i in range(1, len(tree))}

    for named in with_names(pairs):
        one, other = ({(u, v) for u, v in edges(tree) if u != v} for tree in named)
        found = edge_agreement(*named, match=match)
        shared = len(one & other)
        assert found.precision == pytest.approx(shared / len(one))
        assert found.recall == pytest.approx(shared / len(other))
        assert found.f1 == edge_f1(*named, match=match)
        assert found.f1 == pytest.approx(2 * shared / (len(one) + len(other)))


@pytest.mark.parametrize("match", ["clade", "name"])
def test_ancestor_f1(pairs, match):
    for named in with_names(pairs):
        one, other = (ancestor_pairs(tree, match == "name") for tree in named)
        total = len(one) + len(other)
        expected = 2 * len(one & other) / total if total else 1
        assert ancestor_f1(*named, match=match) == pytest.approx(expected)


def test_dasgupta_cost(pairs):
    """scikit-network's way: the mean size of the clade of a pair drawn by its similarity."""
    rng = np.random.default_rng(0)
    for tree, _ in pairs:
        n = len(tree.labels)
        values = rng.random((n, n)) ** 3
        values = (values + values.T) / 2
        np.fill_diagonal(values, 1)
        similarity = DenseSimilarity(tree.labels, values)
        weights = values[np.triu_indices(n, 1)]
        sizes = [len(clade) for clade, _ in tree.meeting]
        assert dasgupta_cost(tree.tree, similarity) == pytest.approx(np.sum(weights * sizes))
        expected = np.sum(weights / weights.sum() * sizes) / n
        assert dasgupta_cost(tree.tree, similarity, normalised=True) == pytest.approx(expected)


def test_dendrogram_purity(pairs):
    rng = random.Random(0)
    for tree, _ in pairs:
        groups = {label: rng.randrange(len(tree.labels) // 3) for label in tree.labels}
        shares = []
        for pair, (clade, _) in zip(tree.pairs, tree.meeting, strict=True):
            one, other = (groups[label] for label in pair)
            if one == other:
                shares.append(sum(groups[label] == one for label in clade) / len(clade))
        assert dendrogram_purity(tree.tree, groups) == pytest.approx(np.mean(shares))
