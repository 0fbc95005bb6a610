"""Every metric against another program, or a plain count, on 200 random pairs of trees."""

from __future__ import annotations

import io
import math
import random
import warnings

import dendropy
import numpy as np
import pytest
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
    fowlkes_mallows,
    fowlkes_mallows_curve,
    robinson_foulds,
    triplet_distance,
)
from taxonomy.comparison.cuts import cluster_counts, cut, largest_count_together
from taxonomy.comparison.triplets import unresolved_triples
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.trees import PAIRS, Plain, from_linkage, random_pair

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
        assert largest_count_together(tree.tree).tolist() == tree.together
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


@pytest.mark.parametrize("match", ["clade", "name"])
def test_ancestor_f1(pairs, match):
    rng = random.Random(0)
    for pair in pairs:
        named = []
        for tree in pair:
            raw = tree.tree.to_networkx().copy()
            for node in raw:
                raw.nodes[node]["name"] = rng.choice(["", "animal", "pet", "thing", "tool"])
            named.append(Hierarchy.from_networkx(raw))
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
