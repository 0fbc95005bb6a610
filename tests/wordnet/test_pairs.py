"""Listed pairs score as all pairs do, and the nearest ones are the nearest."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy._core.errors import LabelError, RegistryError
from taxonomy.wordnet import NounGraph, information, measures, pairs

EVERY = [*measures.MEASURES, *measures.BY_CONTENT]


@pytest.fixture(scope="module")
def graph() -> NounGraph:
    return NounGraph.load()


@pytest.fixture(scope="module")
def nodes(graph) -> np.ndarray:
    """600 synsets: half of them animals and plants, many with several hypernyms; one twice."""
    rng = np.random.default_rng(0)
    living = [i for i, lex in enumerate(graph.lexname_ids) if graph.lexnames[lex] == "noun.animal"]
    several = np.flatnonzero(np.diff(graph.hypernym_indptr) > 1)
    some = [rng.choice(living, 250), rng.choice(several, 150), rng.choice(len(graph), 199)]
    return np.concatenate([*some, some[0][:1]])


def content_of(measure: str, graph: NounGraph) -> information.Content | None:
    return information.seco(graph) if measure in measures.BY_CONTENT else None


@pytest.mark.parametrize("measure", EVERY)
def test_listed_pairs_score_as_all_pairs(graph, nodes, measure, monkeypatch):
    content = content_of(measure, graph)
    expected = measures.score(measure, graph, nodes, content)
    first, second = (x.reshape(-1) for x in np.indices(expected.shape))
    some = np.random.default_rng(1).permutation(len(first))[:60_000]
    some = np.concatenate([some, np.arange(600) * 601])  # and all with themselves
    listed = first[some], second[some]
    monkeypatch.setattr(pairs, "_BLOCK_NUMBERS", 2**18)
    assert np.array_equal(
        pairs.score_pairs(measure, graph, nodes, listed, content), expected[listed]
    )


@pytest.mark.parametrize("measure", EVERY)
def test_nearest_are_the_nearest(graph, nodes, measure, monkeypatch):
    """Of equals any may be listed, so scores are compared; nltk's wup depends on direction."""
    content, count = content_of(measure, graph), 12
    scores = measures.score(measure, graph, nodes, content)
    scores = (scores + scores.T) / 2
    monkeypatch.setattr(pairs, "_BLOCK_NUMBERS", 2**14)
    found = pairs.nearest(measure, graph, nodes, count, content)
    assert (found.first < found.second).all()
    listed = np.full(scores.shape, -np.inf)
    listed[found] = scores[found]
    listed = np.maximum(listed, listed.T)
    np.fill_diagonal(scores, -np.inf)
    best, ours = (np.sort(values, axis=1)[:, -count:] for values in (scores, listed))
    assert np.isfinite(ours).all()  # a neighbour may have more, never fewer
    found_of_best = ours >= best[:, :1] - 1e-12
    assert found_of_best.all() if measure not in pairs.WUP else found_of_best.mean() > 0.99


def test_what_nltk_never_takes_for_a_common_subsumer_brings_no_neighbours():
    """A person is nearer to the root than the organism above it, so persons meet in organism."""
    graph = NounGraph.from_hypernyms(
        {
            "root": [],
            "thing": ["root"],
            "living": ["thing"],
            "organism": ["living"],
            "agent": ["root"],
            "person": ["organism", "agent"],
            "poet": ["person"],
            "bard": ["poet"],
            "elegist": ["poet"],
            "alga": ["organism"],
        }
    )
    nodes = [graph.index(f"{word}.n.01") for word in ("bard", "elegist", "alga")]
    scores = measures.wup_nltk(graph, nodes)
    assert scores[0, 2] > scores[0, 1]  # 2 * 4 / (3 + 1 + 2 * 4) above 2 * 4 / (3 + 3 + 2 * 4)
    found = pairs.nearest("wup-nltk", graph, nodes, 1)
    assert list(zip(*map(np.ndarray.tolist, found), strict=True)) == [(0, 2), (1, 2)]


def test_the_order_of_synsets_does_not_matter(graph, nodes):
    nodes = np.unique(nodes)
    expected = pairs.nearest("wup", graph, nodes, 5)
    names = {tuple(sorted(pair)) for pair in zip(*nodes[np.array(expected)], strict=True)}
    order = np.random.default_rng(0).permutation(len(nodes))
    found = pairs.nearest("wup", graph, nodes[order], 5)
    mixed = zip(nodes[order][found.first], nodes[order][found.second], strict=True)
    assert {tuple(sorted(pair)) for pair in mixed} == names


def test_equally_near_ones_are_a_spread_out_sample():
    """Of 100 brothers every one gets 5, and nobody is everybody's neighbour."""
    graph = NounGraph.from_hypernyms({"root": [], **{f"b{i}": ["root"] for i in range(100)}})
    found = pairs.nearest("path", graph, np.arange(1, 101), 5)
    degrees = np.bincount(np.concatenate(found), minlength=100)
    assert degrees.min() >= 5
    assert degrees.max() <= 25
    assert 250 <= len(found.first) <= 500


def test_few_synsets_and_refusals(graph):
    empty = np.zeros(0, dtype=np.int64)
    assert [len(x) for x in pairs.nearest("path", graph, [], 3)] == [0, 0]
    assert [len(x) for x in pairs.nearest("path", graph, [5], 3)] == [0, 0]
    assert pairs.score_pairs("wup", graph, [5], (empty, empty)).tolist() == []
    assert pairs.nearest("wup", graph, [5, 6, 7], 9).first.tolist() == [0, 0, 1]
    with pytest.raises(RegistryError, match="measure"):
        pairs.nearest("lin", graph, [5, 6], 1)  # without content
    with pytest.raises(LabelError, match="No synset"):
        pairs.nearest("wup", graph, [-1], 1)


def test_without_a_common_subsumer():
    graph = NounGraph.from_hypernyms({"one": [], "other": []})
    pair = np.array([0]), np.array([1])
    for measure in EVERY:
        expected = measures.score(measure, graph, [0, 1], np.ones(2))[0, 1]
        assert pairs.score_pairs(measure, graph, [0, 1], pair, np.ones(2)).tolist() == [expected]
