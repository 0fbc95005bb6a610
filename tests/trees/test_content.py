"""The toolkit's JSON: every form comes back, and what is wrong is named with its place."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core import io
from taxonomy._core.errors import MOST_CHARACTERS, FileFormatError
from taxonomy.trees import Hierarchy, content
from tests.support.strategies import trees

SCHEMA = json.loads(Path(content.__file__).with_name("hierarchy.schema.json").read_text())
WHOLE = {
    "format": "taxonomy-hierarchy",
    "version": 1,
    "provenance": {"made_by": "test", "of": [{"seed": 3}]},
    "nodes": [
        {"parent": -1, "name": "all", "height": 2.5, "span": 9, "support": 1.0},
        {"parent": 0, "name": "pets", "height": 1, "support": 0.5},
        {"parent": 1, "leaf": "cat", "height": 0},
        {"parent": 1, "leaf": "dog", "height": 0},
        {"parent": 0, "leaf": "bus", "height": 0},
    ],
}


@given(trees())
def test_a_file_gives_an_equal_tree_with_equal_bytes(tmp_path_factory, tree):
    path = tmp_path_factory.mktemp("trees") / "tree.json"
    tree.save(path)
    jsonschema.validate(json.loads(path.read_text()), SCHEMA)
    loaded = Hierarchy.load(path)
    assert loaded == tree
    assert loaded.to_json() == tree.to_json()
    assert Hierarchy.from_content(json.loads(tree.to_json()), "text").to_json() == tree.to_json()


@given(trees())
def test_a_digest_is_of_the_canonical_content(tree):
    """Its text is made by a shorter way."""
    assert content.digest_of(tree) == io.digest(content.content_of(tree))


def read(decoded) -> Hierarchy:
    return Hierarchy.from_content(decoded, "tree.json")


def deep(levels):
    nested = 1
    for _ in range(levels):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ((), [], "not a taxonomy-hierarchy file; make one"),
        (("format",), "newick", "not a taxonomy-hierarchy file"),
        (("version",), True, "version: True is not readable"),
        (("version",), 2, "version: 2 is not readable; this toolkit reads 1."),
        (("provenancé",), {}, "provenancé: unknown key. Did you mean 'provenance'?"),
        (("nodes",), {}, "nodes: expected a list, not an object."),
        (("nodes", 3), None, "nodes[3]: expected an object, not null."),
        (("nodes", 3, "parent"), "x", "nodes[3].parent: expected a whole number, not 'x'."),
        (("nodes", 3, "parent"), True, "nodes[3].parent: expected a whole number, not True."),
        (("nodes", 3, "parent"), 1.0, "nodes[3].parent: expected a whole number, not 1.0."),
        (("nodes", 3, "parent"), 2**63, "nodes[3].parent: 9223372036854775808 is beyond 64 bits."),
        (("nodes", 3, "parent"), -(10**99), "nodes[3].parent: a huge number is beyond 64 bits."),
        (("nodes", 0, "span"), 10**30, "nodes[0].span: 1000000000000000000000000000000 is beyond"),
        (("nodes", 2, "leaf"), None, "nodes[2].leaf: expected text, not null; leave it out"),
        (("nodes", 2, "leaf"), "c\ud800", r"nodes[2].leaf: 'c\ud800' holds half a character"),
        (("nodes", 1, "name"), 5, "nodes[1].name: expected text, not 5"),
        (("nodes", 1, "name"), "\udfff", "nodes[1].name: '\\udfff' holds half a character"),
        (("nodes", 1, "height"), "1.5", "nodes[1].height: expected a number, not '1.5'."),
        (("nodes", 1, "height"), float("nan"), "nodes[1].height: nan is not a finite number."),
        (("nodes", 1, "height"), float("inf"), "nodes[1].height: inf is not a finite number."),
        (("nodes", 1, "height"), 10**400, "nodes[1].height: a huge number is not a finite number."),
        (("nodes", 1, "support"), [0.5], "nodes[1].support: expected a number, not a list."),
        (("nodes", 1, "support"), 1.5, "support 1.5"),
        (("nodes", 1, "hieght"), 1, "nodes[1].hieght: unknown key. Did you mean 'height'?"),
        (("provenance",), 3, "provenance: expected an object, not 3."),
        (("provenance", "of"), float("nan"), "provenance.of: nan is not a finite number."),
        (("provenance", "of", 0), "\ud900", r"provenance.of[0]: '\ud900' holds half a character"),
        (("provenance", "\ud900"), 1, r"provenance: '\ud900' holds half a character"),
        (("provenance", "of"), deep(200), "provenance.of[0][0]"),
        (("provenance", "of"), deep(200), "…: nested more than 100 deep."),
        (("provenance", "of"), {1, 2}, "provenance.of: {1, 2} is nothing that JSON holds."),
        (("provenance", 3), 1, "provenance: the key 3 is no text."),
    ],
)
def test_a_fault_is_named_with_its_place(place, value, message):
    assert read(WHOLE)
    decoded = copy.deepcopy(WHOLE)
    if place:
        target = decoded
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = value
    else:
        decoded = value
    with pytest.raises(FileFormatError) as error:
        read(decoded)
    assert str(error.value).startswith("tree.json: ")
    assert message in str(error.value)


def test_a_parent_must_be_there():
    decoded = copy.deepcopy(WHOLE)
    del decoded["nodes"][3]["parent"]
    with pytest.raises(FileFormatError, match=r"nodes\[3\]\.parent: is missing"):
        read(decoded)


@pytest.mark.parametrize("i", [0, 1, 4])
def test_heights_are_in_all_entries_or_in_none(i):
    decoded = copy.deepcopy(WHOLE)
    del decoded["nodes"][i]["height"]
    with pytest.raises(FileFormatError, match=rf"nodes\[{i}\]\.height: is missing; some entries"):
        read(decoded)


@given(st.data())
def test_messages_are_short_whatever_the_file_holds(data):
    """Also where a label, a key or a name is a million characters long."""
    decoded = copy.deepcopy(WHOLE)
    long = "x" * 1_000_000
    targets = [decoded, decoded["provenance"], *decoded["nodes"]]
    target = data.draw(st.sampled_from(targets))
    key = data.draw(st.sampled_from([*target, long]))
    target[key] = data.draw(st.sampled_from([long, long + "\n", {long: float("nan")}, [[long]]]))
    try:
        read(decoded).to_json()
    except FileFormatError as error:
        assert len(str(error)) <= MOST_CHARACTERS


ODD = [None, True, -7, 3, 2**63, 10**30, 10**400, 0.5, 1e308, float("nan"), float("inf")]
ODD += ["", "x", "\ud800", [], {}, [1], {"\ud800": 1}, deep(150)]


@given(st.data())
def test_what_is_read_can_be_written(data):
    """Whatever stands in place of any one value, there is no other error, then or later."""
    decoded = copy.deepcopy(WHOLE)
    targets = [decoded, decoded["nodes"], *decoded["nodes"], decoded["provenance"]]
    target = data.draw(st.sampled_from(targets))
    keys = list(target) if isinstance(target, dict) else range(len(target))
    extra = ["leaf", "height", "new"] if isinstance(target, dict) else []
    target[data.draw(st.sampled_from([*keys, *extra]))] = copy.copy(data.draw(st.sampled_from(ODD)))
    try:
        tree = read(decoded)
    except FileFormatError as error:
        assert str(error).startswith("tree.json: ")
    else:
        assert Hierarchy.from_content(json.loads(tree.to_json()), "again") == tree
