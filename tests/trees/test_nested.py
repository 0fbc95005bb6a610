"""Nested lists and dictionaries: three forms, no confusion, nothing lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from taxonomy._core.errors import HierarchyError
from taxonomy.trees import Hierarchy
from tests.support.strategies import nested_trees, trees


@given(trees())
def test_what_is_written_is_read_as_an_equal_tree(tree):
    nested = tree.to_nested()
    assert Hierarchy.from_nested(nested, tree.provenance).to_json() == tree.to_json()
    assert Hierarchy.from_nested(json.loads(json.dumps(nested))) == tree


@given(nested_trees())
def test_a_bare_tree_is_lists_alone(nested):
    written = json.dumps(Hierarchy.from_nested(nested).to_nested())
    assert "{" not in written


def test_a_dictionary_names_its_nodes():
    tree = Hierarchy.from_nested({"kitchen": ["fork", "spoon"], "garden": {"tools": ["rake"]}})
    assert tree.to_text().splitlines() == [
        "(3)",
        "├── kitchen (2)",
        "│   ├── fork",
        "│   └── spoon",
        "└── garden (1)",
        "    └── tools (1)",
        "        └── rake",
    ]


def test_the_forms_mix():
    objects = {
        "children": [
            {"name": "kitchen", "leaves": ["fork", "spoon"]},
            {"name": "garden", "children": [{"name": "tools", "leaves": ["rake"]}, "tree"]},
        ]
    }
    for mixed in (
        [{"kitchen": ["fork", {"label": "spoon"}]}, {"garden": [{"tools": ["rake"]}, "tree"]}],
        [{"kitchen": ["fork", "spoon"], "garden": ["tree", {"tools": ["rake"]}]}],
        {"kitchen": {"leaves": ["fork", "spoon"]}, "garden": [{"tools": ["rake"]}, "tree"]},
    ):
        assert Hierarchy.from_nested(mixed) == Hierarchy.from_nested(objects)
    assert Hierarchy.from_nested({"kitchen": {"name": "kitchen", "leaves": ["fork"]}}).name[1]


def test_nodes_called_like_the_keys_of_objects():
    tree = Hierarchy.from_nested([{"name": "children", "leaves": ["Ann"]}, {"name": ["x"]}])
    assert {"children", "name"} < set(tree.name)
    assert Hierarchy.from_nested(tree.to_nested()) == tree


@pytest.mark.parametrize(
    ("nested", "message"),
    [
        ({"kitchen": "fork"}, r"'kitchen' holds 'fork'; .* \{'kitchen': \['a label'"),
        ({"kitchen": None}, "'kitchen' holds None; expected a list"),
        ({"kitchen": {"label": "fork"}}, "'kitchen' holds a dict; expected a list"),
        ({"kitchen": []}, r"without leaves; .*H105"),
        (["fork", {}], r"without leaves; .*H105"),
        ({1: ["fork"]}, "names a node 1; expected text"),
        ({"": ["fork"]}, "names a node ''"),
        ({"children": ["Ann"], "adults": ["Bob"]}, "'adults' is no key of one"),
        ({"label": ["Ann"], "name": ["Bob"]}, "label is a list; expected text"),
        ({"leaves": ["Ann"], "childern": ["Bob"]}, "Did you mean 'children'"),
        ({"label": "Ann", "name": "x"}, "leaf 'Ann' is an object, having the key 'label'"),
        ({"kitchen": {"name": "garden", "leaves": ["x"]}}, "'kitchen' has another name, 'garden'"),
        ({"name": 3, "leaves": ["x"]}, "name is 3; expected text"),
        ({"name": "pets"}, "'name' holds 'pets'"),
        ({"leaves": "cat"}, "leaves of the node '' are 'cat'; expected a list"),
        ({"children": {"a": ["b"]}}, "children of the node '' are a dict; expected a list"),
        ({"leaves": [["cat"]]}, "hold a list; expected label ids"),
        ({"leaves": ["cat"], "merge_height": "x"}, "merge_height of the node '' is 'x'"),
        ({"leaves": ["cat"], "span": 1.5}, "span of the node '' is 1.5"),
        ([{"leaves": ["a"], "merge_height": 1}, "b"], "the node '' has none"),
        ({"leaves": ["cat"], "support": True}, "support of the node '' is True"),
        (["a", 3], "holds 3; expected a label id"),
        (["a", b"cat"], "holds b'cat'"),
        (None, "holds None"),
    ],
)
def test_what_is_malformed_or_ambiguous_is_refused(nested, message):
    with pytest.raises(HierarchyError, match=message):
        Hierarchy.from_nested(nested)


@pytest.mark.parametrize("around", [list, lambda loop: {"pets": loop}])
def test_what_contains_itself_is_refused(around):
    loop: list[object] = ["cat"]
    loop.append(around([loop]))
    with pytest.raises(HierarchyError, match="contains itself"):
        Hierarchy.from_nested(loop)


def test_one_list_may_stand_in_two_places():
    pair = ["cat"]
    with pytest.raises(HierarchyError, match="cat"):  # its leaf may not: it would be there twice
        Hierarchy.from_nested([pair, pair])
