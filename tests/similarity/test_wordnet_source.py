"""The WordNet source: nltk's numbers, and no synset guessed in silence."""

from __future__ import annotations

import pytest

from taxonomy.errors import SimilarityError
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.similarity.wordnet import Source

ICONS = get_labels("icons")


def test_path_counts_edges_and_wup_depths():
    """Cat and dog meet in carnivore, two edges above both: feline, canine.

    Carnivore is 10 edges below entity by its shortest way, so nltk's numbers are 1 / (1 + 4) and,
    depths counted in nodes, 2 * 12 / (14 + 14), its depth being that of its longest way.
    """
    path = Source("path")(ICONS)
    wup = Source("wup")(ICONS)
    assert path.between("cat", "dog") == 1 / (1 + 4)
    assert wup.between("cat", "dog") == pytest.approx(2 * 12 / (14 + 14))


def test_a_label_without_wnid_is_refused():
    with pytest.raises(SimilarityError, match=r"'dog' has no WordNet synset.*--senses first"):
        Source()(LabelSet([ICONS["cat"], Label("dog")]))


def test_first_senses_are_taken_on_demand_and_reported():
    labels = LabelSet([Label("my-cat", "cat"), Label("hot dog"), ICONS["car"]])
    made = Source("path", senses="first")(labels)  # the first hot dog is a daredevil
    assert made.provenance["first_sense"] == {"my-cat": "cat.n.01", "hot dog": "hotdog.n.01"}
    known = Source("path")(LabelSet([ICONS["cat"], ICONS["car"]]))
    assert made.between("my-cat", "car") == known.between("cat", "car")


def test_a_word_that_wordnet_lacks_is_refused():
    with pytest.raises(SimilarityError, match=r"'qwzx' has no WordNet synset.*no such noun"):
        Source(senses="first")(LabelSet([ICONS["cat"], Label("qwzx")]))


def test_an_unknown_wnid_is_refused():
    from taxonomy.errors import TaxonomyError

    with pytest.raises(TaxonomyError, match="n00000001"):
        Source()(LabelSet([ICONS["cat"], Label("x", wnid="n00000001")]))
