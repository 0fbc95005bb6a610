"""The measures: a world whose scores can be redone by hand, and nltk's scores of WordNet."""

import csv
from functools import partial
from math import log
from pathlib import Path

import numpy as np
import pytest

from taxonomy._core.errors import FileFormatError, HierarchyError, LabelError
from taxonomy.wordnet import NounGraph, ancestry, information
from taxonomy.wordnet.ancestry import Ancestry
from taxonomy.wordnet.measures import jcn, lch, lin, path, res, wup, wup_nltk

GOLDEN = Path(__file__).parents[1] / "golden" / "nltk_golden.csv"
WN_GOLDEN = GOLDEN.with_name("wn_golden.csv")

# entity ── animal ── mammal ── dog        dog and cat are pets as well,
#    │         │         └───── cat        and pet is right below entity
#    │         └──── fish
#    └── pet ── dog, cat
WORLD = {
    "entity": [],
    "animal": ["entity"],
    "mammal": ["animal"],
    "fish": ["animal"],
    "pet": ["entity"],
    "dog": ["mammal", "pet"],
    "cat": ["pet", "mammal"],
}


def with_seco(measure):
    """Return a measure that takes its information content from the graph it is given."""
    return lambda graph, nodes: measure(graph, nodes, information.seco(graph))


EVERY = [
    *(pytest.param(measure, id=measure.__name__) for measure in (path, lch, wup, wup_nltk)),
    *(pytest.param(with_seco(measure), id=measure.__name__) for measure in (res, jcn, lin)),
]


@pytest.fixture(scope="module")
def world() -> NounGraph:
    return NounGraph.from_hypernyms(WORLD)


@pytest.fixture(scope="module")
def wordnet() -> NounGraph:
    return NounGraph.load()


def numbers(graph: NounGraph, words: str) -> list[int]:
    return [graph.index(f"{word}.n.01") for word in words.split()]


def test_depths(world: NounGraph) -> None:
    assert world.min_depths.tolist() == [0, 1, 2, 2, 1, 2, 2]
    assert world.max_depths.tolist() == [0, 1, 2, 2, 1, 3, 3]


def test_ancestry(world: NounGraph) -> None:
    dog = Ancestry.of(world, numbers(world, "dog"))
    assert [world.name(node) for node in dog.ancestors] == [
        "entity.n.01", "animal.n.01", "mammal.n.01", "pet.n.01", "dog.n.01"
    ]  # fmt: skip
    assert dog.distances.tolist() == [2, 2, 1, 1, 0]
    assert dog.link_distances.tolist() == [2, 2, 1, 1, 0]


def test_path_takes_the_shortest_way(world: NounGraph) -> None:
    scores = path(world, numbers(world, "dog cat fish entity"))
    assert scores[0].tolist() == [1, 1 / (1 + 1 + 1), 1 / (2 + 1 + 1), 1 / (2 + 1)]
    assert np.array_equal(scores, scores.T)


def test_lch_is_relative_to_the_longest_way(world: NounGraph) -> None:
    scores = lch(world, numbers(world, "dog cat fish"))  # dog's longest way up has 3 edges
    assert scores[0].tolist() == [-log(1 / 6), -log(3 / 6), -log(4 / 6)]
    assert np.array_equal(scores, scores.T)


def test_secos_content_counts_distinct_hyponyms(world: NounGraph) -> None:
    content = information.seco(world)
    contents = content[numbers(world, "entity animal mammal pet dog")]
    below_and_itself = [7, 5, 3, 3, 1]
    assert contents == pytest.approx([1 - log(n) / log(7) for n in below_and_itself])
    assert not content.flags.writeable


def test_content_measures(world: NounGraph) -> None:
    content = np.array([0.0, 1, 3, 5, 2, 4, 6])  # in the order of WORLD
    nodes = numbers(world, "dog cat fish entity")
    assert res(world, nodes, content).tolist() == [
        [4, 3, 1, 0], [3, 6, 1, 0], [1, 1, 5, 0], [0, 0, 0, 0]
    ]  # fmt: skip
    apart = jcn(world, nodes, content)
    assert apart[0, 1] == 1 / (4 + 6 - 2 * 3)
    assert apart[0].tolist()[2:] == [1 / (4 + 5 - 2 * 1), 0]
    assert np.diag(apart).tolist() == [1e300] * 4
    assert lin(world, nodes, content)[0].tolist() == [1, 2 * 3 / (4 + 6), 2 * 1 / (4 + 5), 0]
    assert lin(world, nodes, content)[3, 3] == 1


def test_jcn_of_two_as_informative_as_their_subsumer_is_nltks_infinity(world: NounGraph) -> None:
    content = np.array([0.0, 1, 3, 5, 2, 3, 3])
    assert jcn(world, numbers(world, "dog cat"), content).tolist() == [[1e300] * 2] * 2


def test_brown_counts_are_refused_for_another_graph(world: NounGraph) -> None:
    with pytest.raises(FileFormatError, match="take the information content 'seco'"):
        information.brown(world)


def test_content_never_falls_downwards(wordnet: NounGraph) -> None:
    below = np.repeat(np.arange(len(wordnet)), np.diff(wordnet.hypernym_indptr))
    for content in (information.brown(wordnet), information.seco(wordnet)):
        assert (content[below] >= content[wordnet.hypernym_indices]).all()
        assert content[wordnet.index("entity.n.01")] == 0 == content.min()


def test_wup(world: NounGraph) -> None:
    scores = wup(world, numbers(world, "dog cat fish pet mammal"))
    # mammal is 3 synsets from the root, 1 edge above dog and cat
    assert scores[0, 1] == 2 * 3 / (1 + 1 + 2 * 3)
    # animal is 2 synsets from the root, dog 2 edges below it, fish 1
    assert scores[0, 2] == 2 * 2 / (2 + 1 + 2 * 2)
    assert scores[0, 3] == 2 * 2 / (1 + 0 + 2 * 2)
    assert scores[2, 3] == 2 * 1 / (2 + 1 + 2 * 1)
    assert scores[0, 4] == 2 * 3 / (1 + 0 + 2 * 3)
    assert np.array_equal(scores, scores.T)
    assert np.diag(scores).tolist() == [1] * 5


def test_wup_takes_the_lowest_subsumer_by_the_longest_way_and_the_nearest_of_equals() -> None:
    # s is 1 edge from the root by a shortcut, yet its own lowest subsumer. x and y have two equally
    # low ones, of which q is nearer to y.
    graph = NounGraph.from_hypernyms(
        {"root": [], "b": ["root"], "c": ["b"], "d": ["c"], "s": ["d", "root"],
         "p": ["b"], "q": ["b"], "x": ["p", "q"], "m": ["p"], "y": ["m", "q"]}
    )  # fmt: skip
    scores = wup(graph, numbers(graph, "s d x y"))
    assert scores[0, 0] == 1
    assert scores[0, 1] == 2 * 4 / (0 + 1 + 2 * 4)
    assert scores[2, 3] == scores[3, 2] == 2 * 3 / (1 + 1 + 2 * 3)


def test_wup_equals_that_of_the_package_wn(wordnet: NounGraph) -> None:
    with WN_GOLDEN.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2000
    names = [[row["first"], row["second"]] for row in rows]
    nodes, places = np.unique(
        [list(map(wordnet.index, pair)) for pair in names], return_inverse=True
    )
    places = places.reshape(-1, 2)
    scores = wup(wordnet, nodes)
    assert np.allclose(
        scores[places[:, 0], places[:, 1]], [float(row["wup"]) for row in rows], 1e-12
    )
    assert np.array_equal(scores, scores.T)
    assert (np.diag(scores) == 1).all()


def test_hounds_are_nearer_to_each_other_than_to_cats(wordnet: NounGraph) -> None:
    """Nltk finds a whippet nearer to a cat (.75) than to an Italian greyhound (.72)."""
    hounds = numbers(wordnet, "whippet italian_greyhound cat")
    assert wup(wordnet, hounds)[0].round(3).tolist() == [1, 0.944, 0.75]
    assert wup_nltk(wordnet, hounds)[0].round(3).tolist() == [0.722, 0.722, 0.75]


def test_nltks_wup(world: NounGraph) -> None:
    scores = wup_nltk(world, numbers(world, "dog cat fish pet"))
    # mammal has the longest shortest way up; it is 3 synsets from the root
    assert scores[0].tolist()[1:] == [
        2 * 3 / (1 + 1 + 2 * 3), 2 * 2 / (2 + 1 + 2 * 2), 2 * 2 / (1 + 0 + 2 * 2)
    ]  # fmt: skip


def test_nltks_wup_of_equally_low_subsumers_takes_the_row_itself(world: NounGraph) -> None:
    # dog's shortest way is 2 edges, as mammal's is: as the row, dog is the subsumer; mammal as the
    # row is its own; but of dog and mammal's common ancestors only mammal is that low.
    dog, mammal = numbers(world, "dog mammal")
    assert wup_nltk(world, [dog, dog]).tolist() == [[1, 1], [1, 1]]
    assert wup_nltk(world, [mammal, dog])[0, 1] == 2 * 3 / (0 + 1 + 2 * 3)


def test_nltks_wup_depends_on_the_order_where_a_subsumer_ties_with_its_own_ancestor() -> None:
    # m is reached in 2 edges by x and in 3 by a, and a in 2: m and a tie, and a comes first.
    graph = NounGraph.from_hypernyms(
        {"root": [], "b": ["root"], "a": ["b"], "x": ["root"], "m": ["a", "x"], "leaf": ["m"]}
    )
    m, leaf = numbers(graph, "m leaf")
    scores = wup_nltk(graph, [m, leaf])
    assert scores[0, 1] == 2 * 4 / (0 + 1 + 2 * 4)  # m, 4 synsets from the root
    assert scores[1, 0] == 2 * 3 / (2 + 1 + 2 * 3)  # a, 3 synsets from the root


def test_nltks_wup_of_a_synset_with_itself_may_be_below_one() -> None:
    # s is 1 edge from the root by a shortcut, its other hypernym d is 3 edges from the root.
    graph = NounGraph.from_hypernyms(
        {"root": [], "b": ["root"], "c": ["b"], "d": ["c"], "s": ["d", "root"]}
    )
    assert wup_nltk(graph, numbers(graph, "s")).item() == 2 * 4 / (1 + 1 + 2 * 4)


def test_a_detour_over_a_higher_ancestor_can_be_shorter() -> None:
    # From s up to c: 5 edges by the long way; over the root 1 + 2.
    chain = {"root": [], "b": ["root"], "c": ["b"], "d": ["c"], "e": ["d"], "f": ["e"], "g": ["f"]}
    graph = NounGraph.from_hypernyms({**chain, "s": ["g", "root"]})
    found = Ancestry.of(graph, numbers(graph, "s"))
    place = found.ancestors.tolist().index(graph.index("c.n.01"))
    assert (found.distances[place], found.link_distances[place]) == (5, 1 + 2)


def test_without_a_common_subsumer_the_score_is_zero() -> None:
    graph = NounGraph.from_hypernyms({"one": [], "other": []})
    assert path(graph, [0, 1]).tolist() == wup(graph, [0, 1]).tolist() == [[1, 0], [0, 1]]
    assert lch(graph, [0, 1]).tolist() == [[log(2), 0], [0, log(2)]]
    assert lin(graph, [0, 1], np.ones(2)).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("measure", EVERY)
def test_order_repetition_and_emptiness(world: NounGraph, measure) -> None:
    nodes = np.array([5, 0, 6, 5, 3])
    alone = measure(world, np.arange(len(world)))
    assert np.array_equal(measure(world, nodes), alone[np.ix_(nodes, nodes)])
    assert measure(world, []).shape == (0, 0)


@pytest.mark.parametrize("measure", EVERY)
def test_blocks_of_rows_change_nothing(world: NounGraph, measure, monkeypatch) -> None:
    whole = measure(world, range(len(world)))
    monkeypatch.setattr(ancestry, "_BLOCK_NUMBERS", 2 * 64)
    blocks = [measure(world, range(len(world)))]
    monkeypatch.setattr(ancestry, "_BLOCK_NUMBERS", 64)
    blocks.append(measure(world, range(len(world))))
    assert all(np.array_equal(block, whole) for block in blocks)


@pytest.mark.parametrize("measure", [path, lch, wup, wup_nltk, partial(res, content=np.zeros(7))])
def test_unknown_nodes_and_cycles(world: NounGraph, measure) -> None:
    with pytest.raises(LabelError, match="No synset 7; the graph's are 0 to 6"):
        measure(world, [0, 7])
    with pytest.raises(HierarchyError, match="cycle"):
        measure(NounGraph.from_hypernyms({"a": ["b"], "b": ["a"]}), [0, 1])


def test_scores_equal_nltks(wordnet: NounGraph) -> None:
    with GOLDEN.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2000
    first = np.array([wordnet.index(row["first"]) for row in rows])
    second = np.array([wordnet.index(row["second"]) for row in rows])
    nodes, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    cells = places[:2000], places[2000:]
    brown = information.brown(wordnet)
    for measure in (path, wup_nltk, lch, res, jcn, lin):
        content = () if measure in (path, wup_nltk, lch) else (brown,)
        name = measure.__name__.removesuffix("_nltk")
        expected = np.array([float(row[name] or "nan") for row in rows])
        found = measure(wordnet, nodes, *content)[cells]
        undefined = np.isnan(expected)  # the root with itself, lin's 0 / 0 in nltk
        assert np.allclose(found[~undefined], expected[~undefined], rtol=1e-12, atol=1e-12)
        assert (first[undefined] == wordnet.index("entity.n.01")).all()
    several_parents = np.diff(wordnet.hypernym_indptr)[first] > 1
    assert several_parents.sum() > 100
    wu_palmer = np.array([float(row["wup"]) for row in rows])
    assert (wu_palmer[first == second] < 1).sum() > 5
