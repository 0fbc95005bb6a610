"""What every linkage keeps, in every engine that can run it; new ones are found by themselves."""

from __future__ import annotations

import dataclasses
import typing

import numpy as np
import pytest

from taxonomy._core.errors import ClusteringError, RegistryError
from taxonomy.builders import Cluster, Shaped
from taxonomy.clustering import linkage as module
from taxonomy.clustering.agglomeration import Merges, agglomerate, check_euclidean
from taxonomy.clustering.linkage import (
    LINKAGES,
    Linkage,
    LinkageName,
    PairwiseLinkageName,
    get_linkage,
    get_pairwise_linkage,
)
from taxonomy.clustering.partition import Limits, Units, agglomerated
from taxonomy.clustering.sparse import agglomerate_neighbours
from tests.clustering.test_agglomeration import clades

TESTED = {
    "average": (0.5 + 0.25 + 0.75 + 0.5) / 4,
    "complete": 0.25,
    "single": 0.75,
    "weighted": (0.5 + 0.25 + 0.75 + 0.5) / 4,
    "ward": (0.5 + 0.25 + 0.75 + 0.5) / 4,
    "centroid": (0.5 + 0.25 + 0.75 + 0.5) / 4,
    "median": (0.5 + 0.25 + 0.75 + 0.5) / 4,
}
"""Every linkage, and the one number that it makes of the similarities .5 .25 .75 .5."""


def test_every_linkage_is_tested_and_offered():
    assert set(TESTED) == set(LINKAGES)
    assert all(name == linkage.name for name, linkage in LINKAGES.items())
    assert typing.get_args(LinkageName) == tuple(LINKAGES)
    pairwise = tuple(name for name, linkage in LINKAGES.items() if linkage.pairwise)
    assert typing.get_args(PairwiseLinkageName) == pairwise
    assert typing.get_type_hints(Cluster)["linkage"] == LinkageName
    assert typing.get_type_hints(Shaped)["linkage"] == PairwiseLinkageName


def similarities(linkage: Linkage, seed: int, n: int = 30) -> np.ndarray:
    """Return similarities full of ties; inner products of vectors where the linkage needs them."""
    rng = np.random.default_rng(seed)
    if linkage.euclidean:
        points = rng.integers(0, 4, size=(n, 2)) / 4
        return 1 - ((points[:, None] - points[None, :]) ** 2).sum(-1) / 2
    upper = np.triu(rng.random((n, n)).round(1), 1)
    return upper + upper.T + np.eye(n)


@pytest.mark.parametrize("linkage", LINKAGES.values(), ids=LINKAGES)
class TestEveryLinkage:
    def test_pairs_become_one_number(self, linkage):
        assert linkage.joined(np.array([[0.5, 0.25], [0.75, 0.5]])) == TESTED[linkage.name]

    @pytest.mark.parametrize("seed", range(3))
    def test_merges_are_a_tree(self, linkage, seed):
        apart = linkage.distances(similarities(linkage, seed))
        if linkage.euclidean:
            check_euclidean(apart, linkage)
        merges = agglomerate(apart, linkage.name)
        n, parent = len(apart), merges.parent
        assert (parent[:-1] > np.arange(len(parent) - 1)).all()  # a cluster is made of older ones
        assert parent[-1] == -1
        assert (np.bincount(parent[:-1])[n:] >= 2).all()
        assert not np.isin(parent[:-1], np.arange(n)).any()
        assert (merges.height[:n] == 0).all()
        if linkage.reducible:
            assert (merges.height[parent[:-1]] >= merges.height[:-1] - 1e-9).all()

    @pytest.mark.parametrize("seed", range(3))
    def test_any_order_gives_one_tree(self, linkage, seed):
        apart = linkage.distances(similarities(linkage, seed))
        whole = clades(agglomerate(apart, linkage.name), list(range(len(apart))))
        for shuffle in range(20):
            order = np.random.default_rng(shuffle).permutation(len(apart))
            merges = agglomerate(apart[np.ix_(order, order)], linkage.name)
            again = clades(merges, order.tolist())
            assert again.keys() == whole.keys()
            assert all(again[c] == pytest.approx(whole[c], abs=1e-9) for c in whole)

    def test_distances_of_a_merged_group_are_those_of_its_tree(self, linkage):
        """The update of Lance and Williams agrees with the engine that merges many at once."""
        rng = np.random.default_rng(5)
        points = rng.random((3, 2))
        apart = np.sqrt(((points[:, None] - points[None, :]) ** 2).sum(-1))
        near = np.argsort(apart[np.triu_indices(3, 1)])[0]
        i, j = np.triu_indices(3, 1)[0][near], np.triu_indices(3, 1)[1][near]
        (k,) = {0, 1, 2} - {i, j}
        d = apart**2 if linkage.euclidean else apart
        row = linkage.merged(d[[i], k], d[[j], k], float(d[i, j]), (1.0, 1.0), np.ones(1))
        height = float(row[0]) ** 0.5 if linkage.euclidean else float(row[0])
        assert agglomerate(apart, linkage.name).height[-1] == pytest.approx(height)

    def test_neighbours_alone_are_clustered_or_refused(self, linkage):
        values = similarities(LINKAGES["average"], 0)
        first, second = np.triu_indices(len(values), 1)
        listed = len(values), first, second, values[first, second]
        if not linkage.sparse:
            with pytest.raises(ClusteringError, match="use average, complete, single or weighted"):
                agglomerate_neighbours(*listed, linkage.name)
            return
        ours = agglomerate_neighbours(*listed, linkage.name)
        items = list(range(len(values)))
        theirs = clades(agglomerate(1 - values, linkage.name), items)
        assert clades(ours, items).keys() == theirs.keys()

    def test_bounded_groups_are_merged_by_it_or_it_is_refused(self, linkage):
        values = similarities(LINKAGES["average"], 0)
        np.fill_diagonal(values, 0)
        units = Units(values, np.ones(len(values)), np.zeros(len(values)))
        limits = Limits(1, 6, 1, 6)
        if not linkage.pairwise:
            with pytest.raises(RegistryError, match="Choose from: average, complete, single"):
                agglomerated(units, 8, limits, linkage.name)
            return
        groups = agglomerated(units, 8, limits, linkage.name)
        assert sorted(set(groups.tolist())) == list(range(8))
        assert np.bincount(groups).max() <= 6


def test_an_unknown_linkage_gets_a_suggestion():
    for get in (get_linkage, get_pairwise_linkage):
        with pytest.raises(RegistryError, match=r"linkage 'sinle'. Did you mean 'single'"):
            get("sinle")


@pytest.mark.parametrize("like", LINKAGES)
def test_no_engine_knows_a_linkage_by_its_name(like, monkeypatch):
    """A new record alone makes a new linkage; unknown to scipy it is found by our own search."""
    new = dataclasses.replace(LINKAGES[like], name="new", scipy=False, unique=False)
    monkeypatch.setitem(module.LINKAGES, "new", new)

    def found(name: str) -> list[Merges]:
        values = similarities(new, 1)
        apart = new.distances(values)
        pairs = np.triu_indices(len(values), 1)
        made = [agglomerate(apart, name)]
        if new.sparse:
            made.append(agglomerate_neighbours(len(values), *pairs, values[pairs], name))
        return made

    items = list(range(30))
    for ours, theirs in zip(found("new"), found(like), strict=True):
        heights, expected = clades(ours, items), clades(theirs, items)
        assert heights.keys() == expected.keys()
        assert all(heights[c] == pytest.approx(expected[c], abs=1e-9) for c in expected)
