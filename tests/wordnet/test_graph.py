"""The noun graph: look-ups, senses, immutability, and a hand-made world."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from taxonomy._core.errors import FileFormatError, HierarchyError, LabelError
from taxonomy._core.io import load_npz, save_npz
from taxonomy.wordnet import NounGraph
from taxonomy.wordnet.measures import wup

NOUNS = Path(__file__).parents[2] / "hierarchies" / "wordnet" / "nouns.npz"


@pytest.fixture(scope="module")
def graph() -> NounGraph:
    return NounGraph.load()


def test_dog(graph: NounGraph) -> None:
    dog = graph.index("dog.n.01")
    assert graph.index("n02084071") == graph.index("domestic_dog.n.01") == dog
    assert (graph.name(dog), graph.wnid(dog)) == ("dog.n.01", "n02084071")
    assert graph.lemmas(dog) == ("dog", "domestic_dog", "Canis_familiaris")
    assert graph.lemma_uses(dog) == (42, 0, 0)
    assert graph.definition(dog).startswith("a member of the genus Canis")
    assert graph.lexname(dog) == "noun.animal"
    assert [graph.name(up) for up in graph.hypernyms(dog)] == [
        "canine.n.02",
        "domestic_animal.n.01",
    ]
    assert (graph.min_depths[dog], graph.max_depths[dog]) == (8, 13)


def test_whole_of_wordnet_3_0(graph: NounGraph) -> None:
    assert len(graph) == 82_115
    assert len(graph.lemma_table) == 117_798
    assert graph.provenance["wordnet"] == "3.0"
    roots = np.flatnonzero(np.diff(graph.hypernym_indptr) == 0)
    assert [graph.name(root) for root in roots] == ["entity.n.01"]
    assert graph.max_depths.max() == 19
    for node in range(0, len(graph), 997):
        assert graph.index(graph.name(node)) == graph.index(graph.wnid(node)) == node


def test_instance_links_come_last_and_are_marked(graph: NounGraph) -> None:
    einstein = graph.senses("einstein")[0]
    first = graph.hypernym_indptr[einstein]
    assert graph.hypernym_is_instance[first]
    assert graph.name(graph.hypernyms(einstein)[0]) == "physicist.n.01"


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("dog", "dog.n.01"),
        ("Polar  Bears", "ice_bear.n.01"),
        ("women", "woman.n.01"),
        ("aardwolves", "aardwolf.n.01"),
        ("boxes", "box.n.01"),
        ("berries", "berry.n.01"),
        ("Earth", "earth.n.01"),
        ("axes", "ax.n.01"),
    ],
)
def test_senses(graph: NounGraph, word: str, first: str) -> None:
    senses = graph.senses(word)
    assert graph.name(senses[0]) == first
    assert len(set(senses)) == len(senses)


def test_senses_of_an_unknown_word(graph: NounGraph) -> None:
    assert graph.senses("qwertz") == graph.senses("") == []


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("teapott.n.01", "Did you mean 'teapot.n.01'"),
        ("dog.n.99", "'dog' has 7 noun sense"),
        ("dog.n.00", "'dog' has 7 noun sense"),
        ("dog", "'dog.n.01'"),
        ("dog.v.01", "No noun synset"),
        ("n00000001", "WordNet 3.0"),
        ("", "No noun synset"),
    ],
)
def test_unknown_key(graph: NounGraph, key: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        graph.index(key)


def test_loading_again_gives_the_same(graph: NounGraph, tmp_path: Path) -> None:
    assert NounGraph.load(str(NOUNS)) is graph
    copy = tmp_path / "copy.npz"
    save_npz(copy, load_npz(NOUNS))
    assert copy.read_bytes() == NOUNS.read_bytes()
    assert NounGraph.load(copy).digest == graph.digest


def test_bad_file(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"no npz")
    with pytest.raises(FileFormatError, match=r"bad\.npz"):
        NounGraph.load(tmp_path / "bad.npz")
    with pytest.raises(FileFormatError, match=r"missing\.npz"):
        NounGraph.load(tmp_path / "missing.npz")


def test_arrays_are_write_protected(graph: NounGraph) -> None:
    for array in (graph.offsets, graph.hypernym_indices, graph.hypernym_indptr, graph.min_depths):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_sixteen_threads_agree() -> None:
    graph = NounGraph.from_arrays(load_npz(NOUNS))  # nothing derived yet, unlike the loaded one
    nodes = np.random.default_rng(0).integers(len(graph), size=200)

    def ask(_: int) -> list[object]:
        answers: list[object] = [wup(graph, nodes[:20]).tobytes()]
        for node in nodes:
            answers.append((graph.name(node), graph.definition(node), graph.lemmas(node)))
            answers.append((graph.index(graph.wnid(node)), graph.senses(graph.lemmas(node)[0])))
        return answers

    with ThreadPoolExecutor(16) as pool:
        first, *others = pool.map(ask, range(16))
    assert all(other == first for other in others)


def test_hand_made_graph() -> None:
    graph = NounGraph.from_hypernyms({"entity": [], "dog": ["entity"], "dog-rose": ["entity"]})
    assert [graph.name(node) for node in range(3)] == ["entity.n.01", "dog.n.01", "dog-rose.n.01"]
    assert [graph.index(f"{lemma}.n.01") for lemma in ("entity", "dog", "dog-rose")] == [0, 1, 2]
    assert graph.wnid(2) == "n00000002"
    assert graph.senses("dogs") == [1]
    assert graph.hypernyms(2) == (0,)


def test_hand_made_graph_refuses_what_is_no_graph() -> None:
    with pytest.raises(LabelError, match=r"'entiti' is no key\. Did you mean 'entity'"):
        NounGraph.from_hypernyms({"entity": [], "dog": ["entiti"]})
    with pytest.raises(HierarchyError, match="cycle"):
        _ = NounGraph.from_hypernyms({"a": ["b"], "b": ["a"]}).min_depths
