"""A request for pictures: read as asked, kept as JSON, refused with the nearest word."""

from __future__ import annotations

import dataclasses
import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from taxonomy._core.errors import DataError, LabelError, RegistryError
from taxonomy.data import DataRequest, Matching, get_data
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested([["cat", "dog"], ["car", "bus"]])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
JSON = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT


@pytest.fixture
def photos(tmp_path):
    """Three classes of the tree and one of none, six pictures each."""
    for shade, name in enumerate(("cat", "dog", "car", "owl")):
        (tmp_path / "photos" / "train" / name).mkdir(parents=True)
        (tmp_path / "photos" / "test" / name).mkdir(parents=True)
        for split, count in (("train", 4), ("test", 2)):
            for i in range(count):
                picture = Image.new("RGB", (9, 9), (shade, i, 7))
                picture.save(tmp_path / "photos" / split / name / f"{i}.png")
    return tmp_path / "photos"


def test_a_folder_or_a_name(photos):
    asked = DataRequest(str(photos), {"splits": "named"})
    assert asked.is_folder
    pictures = asked.pictures(8)
    assert pictures.images.shape == (24, 3, 8, 8)
    assert pictures.digest == get_data(photos, 8, splits="named").digest
    icons = DataRequest("icons", classes=["dog", "cat"])
    assert not icons.is_folder
    assert icons.pictures(32).classes == ("cat", "dog")
    assert get_data("icons").digest == DataRequest("icons").pictures(32).digest


def test_a_text_with_a_slash_is_a_folder_even_if_there_is_none(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        DataRequest(str(tmp_path / "nowhere")).pictures(8)
    with pytest.raises(RegistryError, match=r"'icon'. Did you mean 'icons'"):
        DataRequest("icon").pictures(8)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "icons").mkdir()
    assert not DataRequest("icons").is_folder  # the name comes first; ./icons is the folder
    assert DataRequest("./icons").is_folder


def test_data_and_tree_are_matched_as_asked(photos):
    with pytest.raises(DataError, match="'owl' is in the data but not in the tree"):
        DataRequest(str(photos)).matched(TREE, 8)
    policy = Matching(unknown="drop", without_data="drop")
    pictures, tree = DataRequest(str(photos), matching=policy).matched(TREE, 8)
    assert pictures.classes == tree.leaves == ("car", "cat", "dog")
    pictures, tree = DataRequest(str(photos), classes=("dog", "cat")).matched(TREE, 8)
    assert pictures.classes == tree.leaves == ("cat", "dog")


def test_an_unknown_option_is_refused_with_the_nearest(photos):
    with pytest.raises(RegistryError, match=r"no option 'unreadible'. Did you mean 'unreadable'"):
        get_data(photos, 8, unreadible="skip")
    with pytest.raises(RegistryError, match="'icons' has no option 'cache'"):
        get_data("icons", cache="x")
    with pytest.raises(DataError, match="resolution is the network's"):
        DataRequest("icons", {"resolution": 32})


def test_a_class_that_is_not_there(photos):
    with pytest.raises(LabelError, match=r"'dgo'. Did you mean 'dog'"):
        DataRequest(str(photos), classes=("dgo",)).pictures(8)
    with pytest.raises(LabelError, match="given twice"):
        DataRequest(str(photos), classes=("dog", "dog")).pictures(8)


def test_another_resolution_is_refused():
    with pytest.raises(DataError, match="'icons' have 32 pixels a side and the network takes 16"):
        DataRequest("icons").pictures(16)


@given(
    TEXT,
    st.dictionaries(TEXT.filter(lambda name: name != "resolution"), JSON),
    st.lists(TEXT),
    st.sampled_from(["refuse", "drop", "leaf"]),
    st.sampled_from(["refuse", "drop"]),
)
def test_it_is_read_again_from_json(data, options, classes, coarse, unknown):
    asked = DataRequest(data, options, tuple(classes), Matching(coarse=coarse, unknown=unknown))
    again = DataRequest.from_dict(json.loads(json.dumps(asked.to_dict())))
    assert again == asked
    assert hash(again) == hash(asked)


def test_only_what_was_asked_for_is_kept():
    assert DataRequest("icons").to_dict() == {"data": "icons"}
    asked = DataRequest("icons", matching=Matching(unknown="drop"))
    assert asked.to_dict() == {"data": "icons", "matching": {"unknown": "drop"}}


def test_it_cannot_be_changed():
    options = {"splits": "named"}
    asked = DataRequest("photos/", options)
    options["splits"] = "auto"
    assert asked.options == {"splits": "named"}
    with pytest.raises(TypeError):
        asked.options["splits"] = "auto"
    with pytest.raises(dataclasses.FrozenInstanceError):
        asked.data = "icons"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "The request is no mapping"),
        ({}, "does not say which `data`"),
        ({"data": 3}, "`data` is '3', no text"),
        ({"data": "icons", "option": {}}, "no key 'option'. Did you mean 'options'"),
        ({"data": "icons", "options": []}, "`options` is '\\[\\]', no mapping"),
        ({"data": "icons", "classes": "cat"}, "`classes` is 'cat', no list"),
        ({"data": "icons", "classes": [1]}, "`classes` are not all texts"),
        ({"data": "icons", "matching": {"coars": "drop"}}, "`matching` has no key 'coars'. Did"),
        ({"data": "icons", "matching": {"coarse": 1}}, "`matching.coarse` is '1', no text"),
        ({"data": "icons", "matching": {"coarse": "lef"}}, "`coarse` is 'lef'. Did you mean"),
    ],
)
def test_a_record_that_is_none_is_refused_by_its_place(content, message):
    with pytest.raises(DataError, match=message):
        DataRequest.from_dict(content)


def test_classes_in_other_characters_are_those_of_the_tree(tmp_path):
    """As in a folder from another system than the tree's words."""
    one, two = "caf\u00e9", "cafe\u0301"
    assert unicodedata.normalize("NFC", two) == one != two
    for name in (two, "bar", "zoo"):
        (tmp_path / name).mkdir()
        for i in range(30):
            Image.new("RGB", (4, 4), (len(name), i, 0)).save(tmp_path / name / f"{i}.png")
    for written in (one, two):
        tree = Hierarchy.from_nested([[written, "bar"], "zoo"])
        pictures, matched = DataRequest(str(tmp_path)).matched(tree, 4)
        assert matched == tree
        assert set(pictures.classes) == {written, "bar", "zoo"}
        shades = {pictures.classes[t]: i[0, 0, 0] for t, i in zip(
            pictures.targets, np.asarray(pictures.images), strict=True)}  # fmt: skip
        assert shades == {written: 5, "bar": 3, "zoo": 3}
        few, small = DataRequest(str(tmp_path), classes=(one, "bar")).matched(tree, 4)
        assert small.leaves == few.classes
