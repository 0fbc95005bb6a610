"""Links from parent to child: what is no tree, and what stays of it by which policy."""

from __future__ import annotations

import pytest

from taxonomy._core.errors import HierarchyError
from taxonomy.trees import Hierarchy
from taxonomy.trees.links import keys_of, label_of, leaf_key, name_of, read_links

# a bat is an animal and a tool; tools lie deeper, animals have more classes
BAT = [
    *(("things", "animal"), ("things", "artefact"), ("artefact", "tool")),
    *(("tool", "bat"), ("animal", "bat"), ("animal", "cat"), ("animal", "dog")),
]


@pytest.mark.parametrize(
    ("policy", "parent"), [("first", "tool"), ("deepest", "tool"), ("most-classes", "animal")]
)
def test_a_policy_says_which_parent_stays(policy, parent):
    raw, notes = read_links({}, BAT, parents=policy)
    tree = Hierarchy.from_raw(raw)
    assert tree.name[tree.ancestors("bat")[0]] == parent
    assert notes[0].startswith("1 node has several parents, such as 'bat': 'tool', 'animal'; of")


def test_without_a_policy_they_are_refused():
    with pytest.raises(
        HierarchyError, match=r"'bat' has 2 parents: 'tool', 'animal'.*`parents`: fir"
    ):
        read_links({}, BAT)
    with pytest.raises(HierarchyError, match="Did you mean 'deepest'"):
        read_links({}, BAT, parents="deepst")


def test_what_is_left_without_classes_goes():
    """A node that had children never becomes a class."""
    raw, notes = read_links({}, BAT, parents="most-classes")
    assert Hierarchy.from_raw(raw).leaves == ("bat", "cat", "dog")
    assert notes[1] == "2 nodes were left without classes and went, such as 'tool'"


def test_the_order_of_nodes_matters_to_first_only():
    for policy in ("deepest", "most-classes"):
        one, _ = read_links({}, BAT, parents=policy)
        other, _ = read_links({}, BAT[::-1], parents=policy)
        assert Hierarchy.from_raw(one) == Hierarchy.from_raw(other)


def test_roots_are_joined_and_lone_nodes_are_classes():
    raw, notes = read_links({"fog": {}}, [("pets", "cat"), ("cars", "taxi")])
    tree = Hierarchy.from_raw(raw)
    assert tree == Hierarchy.from_nested([{"pets": ["cat"]}, {"cars": ["taxi"]}, "fog"])
    assert notes == ["3 roots, such as 'fog' and 'pets', were put under a new one"]
    assert read_links({}, [("pets", "cat"), ("cars", "taxi")], forest=True)[1] == []


@pytest.mark.parametrize("span", [3, 3.0, "3", "3.0"])
def test_a_span_is_a_whole_number_however_it_is_written(span):
    raw, _ = read_links({"pets": {"span": span}}, [("pets", "cat"), ("pets", "dog")])
    assert Hierarchy.from_raw(raw).span.tolist() == [3, 1, 1]
    with pytest.raises(HierarchyError, match=r"span of the node 'pets' is '2\.5'; it counts"):
        read_links({"pets": {"span": "2.5"}}, [("pets", "cat"), ("pets", "dog")])


def test_a_cycle_is_shown():
    with pytest.raises(HierarchyError, match="cycle: 'b' → 'c' → 'b'; remove"):
        read_links({}, [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")])


def test_links_given_twice_count_once():
    raw, notes = read_links({}, [("a", "b"), ("a", "b"), ("a", "c")])
    assert Hierarchy.from_raw(raw) == Hierarchy.from_nested({"name": "a", "leaves": ["b", "c"]})
    assert notes == ["1 link was given more than once"]


def test_classes_of_one_label_keep_their_keys():
    nodes = {"n1": {"label": "crane"}, "n2": {"label": "crane"}, "n3": {"label": "cat"}}
    raw, notes = read_links(nodes, [("r", key) for key in nodes])
    assert Hierarchy.from_raw(raw).leaves == ("cat", "n1", "n2")
    assert notes[0].startswith("1 label stands for several classes, such as 'crane'")
    with pytest.raises(HierarchyError, match="'n1' and 'n2' both give the label 'crane'"):
        read_links(nodes, [("r", key) for key in nodes], lenient=False)


def test_too_many_parents_to_count_are_refused():
    layers = [(f"{i}.{a}", f"{i + 1}.{b}") for i in range(40) for a in range(30) for b in range(30)]
    with pytest.raises(HierarchyError, match="choose another of `parents`"):
        read_links({}, layers, parents="most-classes")
    raw, _ = read_links({}, layers, parents="deepest")
    assert len(Hierarchy.from_raw(raw).leaves) == 30


def test_keys_of_entries_are_never_confused():
    tree = Hierarchy.from_nested(
        [{"pets": ["cat", "node:1"]}, {"pets": ["leaf:node:2"]}, {"cat": ["lion"]}, ["x", "y"]]
    )
    keys = keys_of(tree)
    assert len(set(keys)) == len(tree)
    assert [label_of(k) for k, leaf in zip(keys, tree.leaf, strict=True) if leaf] == [
        leaf for leaf in tree.leaf if leaf
    ]
    assert leaf_key("node:1") == "leaf:node:1"
    assert {name_of(k) for k, leaf in zip(keys, tree.leaf, strict=True) if not leaf} == {""}
    assert keys_of(tree, unique=False).count("pets") == 2
