"""`Hierarchy`: one text per tree, and operations that agree with plain set arithmetic."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import jsonschema
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import FileFormatError, HierarchyError, LabelError
from taxonomy.clustering.levels import dendrogram
from taxonomy.formats import get_tree
from taxonomy.trees import hierarchy
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import prune
from taxonomy.trees.raw_tree import RawTree
from tests.support.strategies import (
    clades_of,
    leaves_of,
    nested_trees,
    shuffled,
    similarities,
    trees,
)

SCHEMA = json.loads(Path(hierarchy.__file__).with_name("hierarchy.schema.json").read_text())
PETS = [["cat", "dog"], ["bus", ["car", "taxi"]]]


def clades(tree: Hierarchy) -> set[frozenset[str]]:
    return {frozenset(tree.clade(node)) for node in tree.nodes}


def restricted(nested, classes):
    """Restrict a nested list by hand, keeping lists with a single item."""
    if isinstance(nested, str):
        return nested
    kept = [child for child in nested if leaves_of(child) & set(classes)]
    return [restricted(child, classes) for child in kept]


@st.composite
def trees_and_classes(draw):
    nested = draw(nested_trees())
    classes = draw(st.sets(st.sampled_from(sorted(leaves_of(nested))), min_size=1))
    return nested, sorted(classes)


class TestCanonicalForm:
    @given(nested_trees(), st.integers(0, 99))
    def test_the_order_of_children_does_not_matter(self, nested, seed):
        one, other = (Hierarchy.from_nested(t) for t in (nested, shuffled(nested, seed)))
        assert one.to_json() == other.to_json()
        assert one == other
        assert hash(one) == hash(other)

    @given(nested_trees(), st.integers(0, 99))
    def test_the_order_of_entries_does_not_matter(self, nested, seed):
        tree = Hierarchy.from_nested(nested)
        order = random.Random(seed).sample(range(len(tree)), len(tree))
        rank = {entry: place for place, entry in enumerate(order)}
        raw = RawTree(
            parent=[rank.get(int(tree.parent[i]), -1) for i in order],
            leaf=[tree.leaf[i] for i in order],
        )
        assert Hierarchy.from_raw(raw).to_json() == tree.to_json()

    @given(nested_trees())
    def test_it_holds_the_leaves_and_clades_it_was_given(self, nested):
        tree = Hierarchy.from_nested(nested)
        assert set(tree.leaves) == leaves_of(nested)
        assert clades(tree) == clades_of(nested)
        assert [tree.leaf[i] for i in tree.leaf_entries] == list(tree.leaves)
        assert tree.leaf_counts.tolist() == [len(tree.clade(i)) for i in range(len(tree))]

    @given(nested_trees(least=4), nested_trees(least=4))
    def test_other_trees_have_other_digests(self, one, other):
        a, b = Hierarchy.from_nested(one), Hierarchy.from_nested(other)
        if clades(a) != clades(b):
            assert a.digest != b.digest

    def test_by_hand(self):
        tree = Hierarchy.from_nested(PETS)
        # preorder: root, (bus, (car, taxi)), bus, (car, taxi), car, taxi, (cat, dog), cat, dog
        assert tree.parent.tolist() == [-1, 0, 1, 1, 3, 3, 0, 6, 6]
        assert tree.depth.tolist() == [0, 1, 2, 2, 3, 3, 1, 2, 2]
        assert tree.height.tolist() == [3, 2, 0, 1, 0, 0, 1, 0, 0]
        assert tree.ancestors("taxi") == (3, 1, 0)
        assert tree.children(1) == (2, 3)
        assert tree.positions(["dog", "bus"]).tolist() == [3, 0]

    def test_arrays_cannot_be_written(self):
        tree = Hierarchy.from_nested(PETS).with_support([0.5] * 9)
        for array in (tree.parent, tree.span, tree.support):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 5


class TestFiles:
    @given(nested_trees())
    def test_json_round_trips_by_the_schema(self, tmp_path_factory, nested):
        tree = Hierarchy.from_nested(nested, {"made_by": "test"})
        path = tmp_path_factory.mktemp("trees") / "tree.json"
        tree.save(path)
        jsonschema.validate(json.loads(path.read_text()), SCHEMA)
        loaded = Hierarchy.load(path)
        assert loaded.to_json() == tree.to_json()
        assert loaded.provenance == {"made_by": "test"}

    @given(similarities(), st.data())
    def test_heights_names_and_spans_round_trip(self, tmp_path_factory, similarity, data):
        whole = dendrogram(similarity)
        tree = whole.restrict(data.draw(st.sets(st.sampled_from(whole.leaves), min_size=1)))
        path = tmp_path_factory.mktemp("trees") / "tree.json"
        tree.save(path)
        jsonschema.validate(json.loads(path.read_text()), SCHEMA)
        loaded = Hierarchy.load(path)
        assert loaded == tree
        assert loaded.height.tolist() == tree.height.tolist()
        assert loaded.span.tolist() == tree.span.tolist()

    def test_provenance_is_no_part_of_the_digest(self):
        assert Hierarchy.from_nested(PETS, {"a": 1}) == Hierarchy.from_nested(PETS, {"b": 2})

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda c: c["nodes"][2].update(leaf="lorry"), "does not match its digest"),
            (lambda c: c["nodes"][2].update(parent=0), "does not match its digest"),
            (lambda c: c.update(format="newick"), "not a taxonomy-hierarchy file"),
            (lambda c: c.update(version=2), "version: 2 is not readable"),
            (lambda c: c.pop("nodes"), "nodes: expected a list, not null"),
            (lambda c: c["nodes"][2].update(parent="x"), r"nodes\[2\].parent: expected a whole"),
            (lambda c: c["nodes"][2].update(height=1.5), "some have none"),
            (lambda c: c.update(provenance=3), "provenance"),
            (
                lambda c: c["nodes"][2].update(leaf=["bus"]),
                r"nodes\[2\].leaf: expected text, not a list",
            ),
        ],
    )
    def test_damage_is_reported_with_the_files_name(self, tmp_path, change, message):
        content = json.loads(Hierarchy.from_nested(PETS).to_json())
        change(content)
        path = tmp_path / "tree.json"
        path.write_text(json.dumps(content))
        with pytest.raises(FileFormatError, match=rf"tree\.json: .*{message}"):
            Hierarchy.load(path)

    def test_a_list_is_no_tree(self, tmp_path):
        (tmp_path / "tree.json").write_text("[]")
        with pytest.raises(FileFormatError, match="not a taxonomy-hierarchy file"):
            Hierarchy.load(tmp_path / "tree.json")


class TestRefusals:
    @pytest.mark.parametrize(
        ("parent", "leaf", "message"),
        [
            ([-1, 2, 1, 0], [None, None, None, "a"], "cycle|without leaves"),
            ([-1, 2, 1, 2, 0], [None, None, None, "a", "b"], "Entry 1 is on a cycle"),
            ([-1, -1, 0, 1], [None, None, "a", "b"], "one root, and this one has 2"),
            ([1, 0], [None, "a"], "one root, and this one has 0"),
            ([], [], "one root, and this one has 0"),
            ([-1, 0, 0], [None, "a", "a"], "'a' occurs twice"),
            ([-1, 0, 1], [None, "a", "b"], "The leaf 'a' has children"),
            ([-1, 0, 0], [None, "a", None], "without leaves"),
            ([-1], ["a"], "root is a leaf"),
            ([-1, 7], [None, "a"], "parent 7, which does not exist"),
            ([-1, 0], [None, ""], "no text"),
        ],
    )
    def test_malformed_trees(self, parent, leaf, message):
        with pytest.raises(HierarchyError, match=message):
            Hierarchy.from_raw(RawTree(parent=parent, leaf=leaf, name=[""] * len(parent)))

    def test_other_content(self):
        with pytest.raises(HierarchyError, match="holds 3"):
            Hierarchy.from_nested(["a", 3])
        raw = RawTree(parent=[-1, 0], leaf=[None, "a"], height=[float("inf"), 0.0])
        with pytest.raises(HierarchyError, match="finite"):
            Hierarchy.from_raw(raw)

    @pytest.mark.parametrize("classes", [[], ["kat"], ["cat", "cat"]])
    def test_classes(self, classes):
        with pytest.raises(LabelError):
            Hierarchy.from_nested(PETS).restrict(classes)
        if classes == ["kat"]:
            with pytest.raises(LabelError, match="Did you mean 'cat'"):
                Hierarchy.from_nested(PETS).ancestors("kat")


class TestSupport:
    TREE = Hierarchy.from_nested(PETS)

    def test_is_of_nodes_and_part_of_the_digest(self):
        tree = self.TREE.with_support([1, 0.5, 0.1, 0.25, 0.1, 0.1, float("nan"), 0.1, 0.1])
        assert [tree.attributes(i).get("support") for i in tree.nodes] == [1, 0.5, 0.25, None]
        assert np.isnan(tree.support[tree.is_leaf]).all()
        assert tree != self.TREE
        assert tree.with_support(None) == self.TREE
        assert self.TREE.with_support([float("nan")] * 9).support is None

    @pytest.mark.parametrize(
        ("support", "message"),
        [([1, 0.5], "2 shares of support for a tree of 9"), ([2] * 9, "support 2.0; a support is")],
    )
    def test_refusals(self, support, message):
        with pytest.raises(HierarchyError, match=message):
            self.TREE.with_support(support)

    @given(trees(), st.data())
    def test_is_carried_through_restrictions(self, tree, data):
        classes = data.draw(st.sets(st.sampled_from(tree.leaves), min_size=1))
        part, origin = tree.restrict_with_origin(classes)
        known = [np.nan] * len(part) if tree.support is None else tree.support[origin]
        assert part == part.with_support(known)
        assert tree.restrict(tree.leaves) == tree


@given(trees())
def test_a_raw_tree_holds_all_of_a_tree(tree):
    assert Hierarchy.from_raw(tree.to_raw(), tree.provenance).to_json() == tree.to_json()


def test_there_is_one_way_to_make_a_tree():
    with pytest.raises(TypeError, match="from_raw, from_nested"):
        Hierarchy()


class TestGetTree:
    def test_by_name_file_and_run_folder(self, tmp_path):
        tree = get_tree("icons/wordnet")
        assert len(tree.leaves) == 212
        tree.save(tmp_path / "hierarchy.json")
        assert get_tree(tmp_path) == get_tree(str(tmp_path / "hierarchy.json")) == tree

    def test_names_are_suggested(self):
        with pytest.raises(FileFormatError, match=r"mean 'icons/wordnet'\? .*taxonomy list trees"):
            get_tree("icons/wordnett")


class TestRestrict:
    @pytest.mark.parametrize("unary", ["kep", "", None, True])
    def test_an_unknown_option_is_refused(self, unary):
        """It collapsed the tree without a word."""
        with pytest.raises(HierarchyError, match="Choose from: keep, collapse"):
            Hierarchy.from_nested(PETS).restrict(["cat"], unary=unary)
        with pytest.raises(HierarchyError, match="`unary` is"):
            prune(Hierarchy.from_nested(PETS), ["cat"], unary)

    @given(trees_and_classes())
    def test_keeps_every_node_on_a_path(self, drawn):
        nested, classes = drawn
        kept = Hierarchy.from_nested(nested).restrict(classes)
        by_hand = Hierarchy.from_nested(restricted(nested, classes))
        assert kept.parent.tolist() == by_hand.parent.tolist()
        assert kept.leaf == by_hand.leaf

    @given(trees_and_classes())
    def test_collapsed_clades_are_the_intersections(self, drawn):
        nested, classes = drawn
        small = Hierarchy.from_nested(nested).restrict(classes, unary="collapse")
        cut = {clade & set(classes) for clade in clades_of(nested)}
        assert clades(small) == {clade for clade in cut if len(clade) > 1} | {frozenset(classes)}
        if len(classes) > 1:
            assert all(len(small.children(node)) > 1 for node in small.nodes)

    @given(trees_and_classes(), st.data())
    def test_the_span_of_the_full_tree_is_remembered(self, drawn, data):
        nested, classes = drawn
        whole = Hierarchy.from_nested(nested)
        fewer = data.draw(st.sets(st.sampled_from(classes), min_size=1))
        once, origin = whole.restrict_with_origin(fewer)
        twice = whole.restrict(classes).restrict(fewer)
        assert once == twice
        assert once.span.tolist() == whole.leaf_counts[origin].tolist()

    @given(trees_and_classes())
    def test_origin_names_the_entries_it_came_from(self, drawn):
        nested, classes = drawn
        whole = Hierarchy.from_nested(nested)
        part, origin = whole.restrict_with_origin(classes)
        assert [whole.leaf[i] for i in origin] == list(part.leaf)
        for i, entry in enumerate(origin):
            assert set(part.clade(i)) == set(whole.clade(entry)) & set(classes)

    @given(similarities(), st.data())
    def test_heights_at_which_leaves_meet_stay(self, similarity, data):
        """Also those that meet where the root of what is left lies below the old one."""
        whole = dendrogram(similarity)
        classes = sorted(data.draw(st.sets(st.sampled_from(whole.leaves), min_size=2)))
        rows = np.ix_(whole.positions(classes), whole.positions(classes))
        expected = whole.height[whole.lowest_common_ancestors[rows]]
        for unary in ("keep", "collapse"):
            part = whole.restrict(classes, unary=unary)
            assert (part.height[part.lowest_common_ancestors] == expected).all()

    def test_by_hand(self):
        part = Hierarchy.from_nested(PETS).restrict(["taxi", "cat"])
        assert part.parent.tolist() == [-1, 0, 1, 0, 3, 4]  # root, pets, cat, road, cars, taxi
        assert part.span.tolist() == [5, 2, 1, 3, 2, 1]

    @given(nested_trees())
    def test_everything_changes_nothing(self, nested):
        tree = Hierarchy.from_nested(nested)
        assert tree.restrict(tree.leaves) == tree


class TestOtherOperations:
    @given(nested_trees())
    def test_collapse_unary_keeps_clades_once(self, nested):
        tree = Hierarchy.from_nested(nested).collapse_unary()
        assert clades(tree) == {c for c in clades_of(nested) if len(c) > 1}
        assert len(tree.nodes) == len(clades(tree))
        assert tree.collapse_unary() == tree

    @given(nested_trees(), st.data())
    def test_collapse_keeps_the_nodes_named(self, nested, data):
        tree = Hierarchy.from_nested(nested)
        keep = data.draw(st.sets(st.sampled_from(tree.nodes.tolist())))
        expected = {frozenset(tree.clade(node)) for node in {*keep, 0}}
        assert clades(tree.collapse(keep)) == expected

    @given(nested_trees())
    def test_lowest_common_ancestors(self, nested):
        tree = Hierarchy.from_nested(nested)
        for (i, one), (j, other) in itertools.product(enumerate(tree.leaves), repeat=2):
            met = tree.clade(tree.lowest_common_ancestors[i, j])
            both = [clade for clade in clades_of(nested) if {one, other} <= clade]
            assert set(met) == (min(both, key=len) if i != j else {one})

    def test_a_star(self):
        star = Hierarchy.star("ba")
        assert star.parent.tolist() == [-1, 0, 0]
        assert star.to_text() == "(2)\n├── a\n└── b"


def test_a_caterpillar_5000_deep(tmp_path):
    """Nothing recurses: each node holds one leaf and the next node."""
    ids = [f"c{i:04d}" for i in range(5000)]
    nested = [ids[-1]]
    for name in reversed(ids[:-1]):
        nested = [name, nested]
    tree = Hierarchy.from_nested(nested)
    assert int(tree.depth.max()) == 5000
    tree.save(tmp_path / "deep.json")
    assert Hierarchy.load(tmp_path / "deep.json") == tree
    part = tree.restrict(ids[::1000], unary="collapse")
    assert len(part.nodes) == 4
    assert len(tree.to_text().splitlines()) == len(tree)
    assert nx.is_arborescence(tree.to_networkx())
