"""The WordNet source: nltk's numbers, and no synset guessed in silence."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from taxonomy._core.errors import LabelError, SimilarityError
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.similarity import SparseSimilarity, wordnet
from taxonomy.similarity.wordnet import MAPS, WordNet
from taxonomy.wordnet import NounGraph, information, measures

ICONS = get_labels("icons")


def test_path_counts_edges_and_wup_depths():
    """Cat and dog meet in carnivore, two edges above both: feline, canine.

    Carnivore is 10 edges below entity by its shortest way, so nltk's numbers are 1 / (1 + 4) and,
    depths counted in nodes, 2 * 12 / (14 + 14), its depth being that of its longest way.
    """
    path = WordNet("path")(ICONS)
    wup = WordNet("wup")(ICONS)
    assert path.between("cat", "dog") == 1 / (1 + 4)
    assert wup.between("cat", "dog") == pytest.approx(2 * 12 / (14 + 14))


def test_a_label_without_wnid_is_refused():
    with pytest.raises(SimilarityError, match=r"'dog' has no WordNet synset.*`senses='first'`"):
        WordNet()(LabelSet([ICONS["cat"], Label("dog")]))


def test_first_senses_are_taken_on_demand_and_reported():
    labels = LabelSet([Label("my-cat", "cat"), Label("hot dog"), ICONS["car"]])
    made = WordNet("path", senses="first")(labels)  # the first hot dog is a daredevil
    assert made.provenance["first_sense"] == {"my-cat": "cat.n.01", "hot dog": "hotdog.n.01"}
    known = WordNet("path")(LabelSet([ICONS["cat"], ICONS["car"]]))
    assert made.between("my-cat", "car") == known.between("cat", "car")


def test_a_word_that_wordnet_lacks_is_refused():
    with pytest.raises(SimilarityError, match=r"'qwzx' has no WordNet synset.*no such noun"):
        WordNet(senses="first")(LabelSet([ICONS["cat"], Label("qwzx")]))


def test_an_unknown_wnid_is_refused():
    with pytest.raises(LabelError, match="n00000001"):
        WordNet()(LabelSet([ICONS["cat"], Label("x", wnid="n00000001")]))


@pytest.mark.parametrize("measure", MAPS)
def test_maps_keep_the_order_of_native_values(measure):
    graph = NounGraph.load()
    made = WordNet(measure)(ICONS)
    nodes = [graph.index(label.wnid) for label in ICONS]
    native = measures.score(measure, graph, nodes, information.seco(graph))
    upper = np.triu_indices(len(ICONS), 1)
    ours, theirs = made.values[upper], (native + native.T)[upper]
    order = np.argsort(theirs, kind="stable")
    assert (np.diff(ours[order]) >= -1e-12).all()
    assert len(np.unique(ours.round(9))) > 5
    assert made.provenance["map"] == MAPS[measure]
    assert made.provenance["content"] == (None if measure in measures.MEASURES else "seco")


def test_lch_res_and_jcn_are_mapped_by_hand():
    """Cat and dog are four edges apart, of at most 19 to the root; their contents are Seco's."""
    graph = NounGraph.load()
    content = information.seco(graph)
    cat, dog, meet = (graph.index(f"{w}.n.01") for w in ("cat", "dog", "carnivore"))
    native = 1 / (content[cat] + content[dog] - 2 * content[meet])
    between = {name: WordNet(name)(ICONS).between("cat", "dog") for name in MAPS}
    assert between["lch"] == pytest.approx(np.log(2 * 19 / 5) / np.log(2 * 19))
    assert between["res"] == pytest.approx(content[meet] / content.max())
    assert between["jcn"] == pytest.approx(native / (1 + native))


def test_labels_that_brown_never_uses_are_refused():
    with pytest.raises(SimilarityError, match=r"of 212 labels do not occur.*'seco'"):
        WordNet("lin", content="brown")(ICONS)
    pets = ICONS.restrict(["cat", "dog", "horse"])
    made = WordNet("lin", content="brown")(pets)
    assert made.provenance["content"] == "brown"
    assert made.values.tobytes() != WordNet("lin")(pets).values.tobytes()
    WordNet("wup", content="brown")(ICONS)  # needs no content


def test_two_labels_of_one_synset():
    labels = LabelSet([ICONS["car"], Label("auto", wnid=ICONS["car"].wnid), ICONS["cat"]])
    with pytest.raises(SimilarityError, match=r"are one synset, car\.n\.01.*`same_synset='allow'`"):
        WordNet()(labels)
    for measure in MAPS:
        made = WordNet(measure, same_synset="allow")(labels)
        assert made.between("auto", "car") == 1
        assert made.provenance["same_synset"] == {"car.n.01": ["auto", "car"]}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("qwzx", "no such noun"),
        ("teapott", "Did you mean 'teapot'"),
        ("quickly", "no verbs, adjectives"),
        ("猫", "another script"),
        ("кошка", "another script"),
        ("", "no such noun"),
    ],
)
def test_a_name_that_is_no_english_noun_says_why(name, message):
    with pytest.raises(SimilarityError, match=f"'x' has no WordNet synset.*{message}.*'wnid'"):
        WordNet(senses="first")(LabelSet([ICONS["cat"], Label("x", name or "?!")]))


def test_sixteen_threads_ask_two_hundred_times():
    subsets = [ICONS.restrict(ICONS.ids[i : i + 5]) for i in range(200)]

    def ask(thread: int) -> list[str]:
        order = np.roll(np.arange(200), 13 * thread)  # each begins somewhere else
        answers = {int(i): WordNet(list(MAPS)[i % len(MAPS)])(subsets[i]).digest for i in order}
        return [answers[i] for i in range(200)]

    with ThreadPoolExecutor(16) as pool:
        first, *others = pool.map(ask, range(16))
    assert all(other == first for other in others)


@pytest.mark.parametrize("measure", MAPS)
def test_neighbours_score_as_all_pairs_do(measure):
    every = WordNet(measure)(ICONS)
    sparse = WordNet(measure, neighbours=8)(ICONS)
    assert isinstance(sparse, SparseSimilarity)
    listed = sparse.first, sparse.second
    assert sparse.similarities == pytest.approx(every.values[listed], rel=1e-12)
    assert np.bincount(np.concatenate(listed), minlength=len(ICONS)).min() >= 8
    assert sparse.provenance["neighbours"] == 8
    shuffled = LabelSet(random.Random(0).sample(list(ICONS), len(ICONS)))
    assert WordNet(measure, neighbours=8)(shuffled).digest == sparse.digest


def test_more_classes_than_pairs_fit_get_neighbours(monkeypatch):
    monkeypatch.setattr(wordnet, "ALL_PAIRS", 100)
    made = WordNet()(ICONS)
    assert isinstance(made, SparseSimilarity)
    assert made.provenance["neighbours"] == 50
    assert not isinstance(WordNet()(ICONS.restrict(ICONS.ids[:100])), SparseSimilarity)
    with pytest.raises(SimilarityError, match="-1 neighbours"):
        WordNet(neighbours=-1)(ICONS)


def test_neighbours_share_a_synset():
    labels = LabelSet([ICONS["car"], Label("auto", wnid=ICONS["car"].wnid), ICONS["cat"]])
    assert WordNet(same_synset="allow", neighbours=1)(labels).between("auto", "car") == 1
