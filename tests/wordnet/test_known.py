"""Codes of WordNet said in words, and wnids that do not fit their names."""

from __future__ import annotations

import pytest

from taxonomy._core.errors import LabelError
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.wordnet.known import display_names, known, listed, misfit_note, misfits


def names(*labels):
    return [label.name for label in known(LabelSet(labels))]


def test_codes_become_lemmas_and_definitions():
    dog = known(LabelSet(["n02084071"]))["n02084071"]
    assert (dog.name, dog.wnid) == ("dog", "n02084071")
    assert dog.definition.startswith("a member of the genus Canis")
    assert names("n02510455") == ["giant panda"]
    assert names("giant_panda.n.01") == ["giant panda"]


def test_names_and_definitions_that_are_given_stay():
    given = LabelSet(
        [Label("n02084071", "hound", "mine", "n02084071"), Label("cat", wnid="n02121620")]
    )
    assert known(given) is given
    own = known(LabelSet([Label("n02084071", "", "mine", "n02084071")]))
    assert own["n02084071"].definition == "mine"


def test_a_synset_by_name_becomes_its_wnid():
    assert known(LabelSet([Label("club", wnid="bat.n.05")]))["club"].wnid == "n02806379"


def test_synsets_of_lists_that_wordnet_lacks_are_told(caplog):
    """LVIS has a few of its own."""
    sign = Label("stop_sign", "stop sign", "a traffic sign", "stop_sign.n.01")
    assert known(LabelSet([sign, "cat"]))["stop_sign"].wnid == ""
    assert "stay without: stop_sign (stop_sign.n.01)." in caplog.text


def test_a_code_without_wnid_is_said_in_words_too():
    """As where synsets are to be found anew, and what is known of them is not to be read."""
    label = known(LabelSet([Label("n02084071")]))["n02084071"]
    assert (label.name, label.wnid) == ("dog", "")


def test_namesakes_get_what_they_are_kinds_of():
    assert names("bat.n.01", "bat.n.05", "cat.n.01") == [
        "bat (placental)",
        "bat (club)",
        "cat",
    ]
    assert names("n02012849", Label("x", "crane")) == ["crane (wading bird)", "crane"]


@pytest.mark.parametrize("code", ["n99999999", "n00000001", "nosuchword.n.01", "dog.n.99"])
def test_codes_that_wordnet_lacks_are_refused_with_what_helps(code):
    with pytest.raises(LabelError, match=r"No noun synset.*columns id and name"):
        known(LabelSet(["cat", code]))
    assert names(Label(code, "thing", wnid="")) == ["thing"]


@pytest.mark.parametrize(
    ("name", "wnid", "synset"),
    [
        ("cat", "n02084071", "dog.n.01"),  # the column of wnids is one row off
        ("orange", "n02958343", "car.n.01"),
        ("polar bear", "n02134418", "sloth_bear.n.01"),
        ("t-shirt", "n02084071", "dog.n.01"),
    ],
)
def test_misfits(name, wnid, synset):
    assert misfits(LabelSet([Label(name, wnid=wnid)])) == {name: synset}


@pytest.mark.parametrize(
    ("name", "wnid"),
    [
        ("cat", "n02121620"),
        ("Cats", "n02121620"),
        ("lamp", "n04380533"),  # a table lamp is a lamp
        ("poodle", "n02084071"),  # and a poodle a dog
        ("my own word", "n02084071"),
        ("n02084071", "n02084071"),
        ("", ""),
    ],
)
def test_what_fits(name, wnid):
    assert misfits(LabelSet([Label(name or "x", wnid=wnid)])) == {}


@pytest.mark.parametrize("name", ["icons", "cifar-10", "cifar-100", "imagenet-1k", "imagenet-21k"])
def test_the_shipped_sets_fit(name):
    assert misfits(get_labels(name)) == {}


def test_a_shifted_table_is_told_in_one_sentence():
    shifted = [
        Label(name, wnid="n02084071") for name in ("cat", "car", "cow", "cup", "fork", "jug")
    ]
    note = misfit_note(LabelSet(shifted))
    assert note.startswith(
        "the WordNet ids of 6 labels do not fit their names; check: car is dog.n"
    )
    assert note.endswith(" …")
    assert listed(LabelSet(shifted)).splitlines()[-1] == note
    assert misfit_note(LabelSet(shifted[:1])).startswith(
        "the WordNet id of 1 label does not fit its"
    )


def test_display_names():
    assert display_names(["n02084071", "n99999999", "cat"]) == {"n02084071": "dog"}
    assert display_names(["cat"], LabelSet([Label("cat", "House cat")])) == {"cat": "House cat"}
