"""Classes that only the data or only the tree has: refused with advice, or settled as asked."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy._core.errors import DataError
from taxonomy.data import Matching, Pictures, match
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested(
    {
        "children": [
            {"name": "pet", "children": [{"name": "dog", "leaves": ["beagle", "poodle"]}, "cat"]},
            {"name": "vehicle", "leaves": ["bus", "car"]},
        ]
    }
)


def pictures(*classes, untrained=()):
    """Return two training pictures and a test picture a class; the untrained have no former."""
    classes = tuple(sorted(classes))
    rows = [
        (split, target)
        for split in (0, 0, 2)
        for target, name in enumerate(classes)
        if split or name not in untrained
    ]
    return Pictures(
        images=np.array([t for _, t in rows], np.uint8)[:, None, None, None]
        * np.ones((1, 3, 2, 2), np.uint8),
        targets=np.array([t for _, t in rows], np.int64),
        classes=classes,
        splits=np.array([s for s, _ in rows], np.uint8),
        groups=np.full(len(rows), ""),
    )


def test_what_agrees_is_returned_as_it_is():
    data = pictures(*TREE.leaves)
    assert match(data, TREE) == (data, TREE)


def test_labels_that_are_not_in_the_tree(caplog):
    data = pictures(*TREE.leaves, "buss")
    with pytest.raises(DataError, match=r"'buss' is in the data .*mean 'bus'.*`unknown=\"drop\"`"):
        match(data, TREE)
    kept, tree = match(data, TREE, Matching(unknown="drop"))
    assert (kept.classes, tree) == (TREE.leaves, TREE)
    assert "1 classes are left out: 'buss'" in caplog.text
    with pytest.raises(DataError, match="no class in common"):
        match(pictures("x", "y"), TREE, Matching(unknown="drop"))


@pytest.mark.parametrize("untrained", [(), ("car",)])
def test_tree_classes_without_training_pictures(untrained, caplog):
    """A class of the tree is missing in the data, or has test pictures only."""
    data = pictures(*(set(TREE.leaves) - {"bus"} - set()), untrained=untrained)
    with pytest.raises(
        DataError, match=r"in the tree but without a training.*`without_data=\"drop\"`"
    ):
        match(data, TREE)
    kept, tree = match(data, TREE, Matching(without_data="drop"))
    left = tuple(name for name in TREE.leaves if name not in {"bus", *untrained})
    assert kept.classes == tree.leaves == left
    assert tree == TREE.restrict(left)
    assert "left out of the tree: 'bus'" in caplog.text


def test_no_training_pictures_at_all():
    data = pictures("cat", "car", untrained=("cat", "car"))
    with pytest.raises(DataError, match="No class of the tree has a training picture"):
        match(data, Hierarchy.star(["cat", "car"]), Matching(without_data="drop"))


class TestLabelsAtInnerNodes:
    data = pictures(*TREE.leaves, "dog")

    def test_refused_by_default(self):
        with pytest.raises(
            DataError,
            match=r"'dog' is in the data, and an inner node.*`coarse=\"drop\"`.*`coarse=\"leaf\"`",
        ):
            match(self.data, TREE)

    def test_dropped(self, caplog):
        kept, tree = match(self.data, TREE, Matching(coarse="drop"))
        assert (kept.classes, tree) == (TREE.leaves, TREE)
        assert len(kept) == 3 * 5
        assert "'dog'" in caplog.text

    def test_given_a_leaf(self):
        kept, tree = match(self.data, TREE, Matching(coarse="leaf"))
        assert kept is self.data
        assert tree.leaves == self.data.classes
        below = {tree.name[node]: tree.clade(node) for node in tree.nodes[1:]}
        assert below == {
            "pet": ("beagle", "cat", "dog", "poodle"),
            "dog": ("beagle", "dog", "poodle"),
            "vehicle": ("bus", "car"),
        }
        assert tree.restrict(TREE.leaves).to_text() == TREE.to_text()
        assert tree.ancestors("dog") == tree.ancestors("beagle")

    def test_several_at_once_even_at_the_root(self):
        nested = {"name": "thing", "children": ["cat", {"name": "dog", "leaves": ["beagle"]}]}
        data = pictures("cat", "beagle", "dog", "thing")
        _, tree = match(data, Hierarchy.from_nested(nested), Matching(coarse="leaf"))
        assert tree.leaves == ("beagle", "cat", "dog", "thing")
        assert tree.ancestors("thing") == (0,)

    def test_a_name_of_two_nodes_is_refused(self):
        nested = {"children": [{"name": "x", "leaves": ["a", "b"]}, {"name": "x", "leaves": ["c"]}]}
        with pytest.raises(DataError, match="'x' could be 2 nodes"):
            match(pictures("a", "b", "c", "x"), Hierarchy.from_nested(nested), Matching("leaf"))


ONE, TWO = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(("here", "there"), [(ONE, TWO), (TWO, ONE)])
def test_classes_are_written_as_in_the_tree(here, there):
    """The order of the classes may change with it: U+0301 comes before z, and U+00E9 after."""
    data = pictures("cafz", here, "bar")
    tree = Hierarchy.from_nested([["cafz", there], "bar"])
    kept, matched = match(data, tree)
    assert matched == tree
    assert kept.classes == tuple(sorted(["cafz", there, "bar"]))
    names = {there: here}
    for old, new in zip(data.targets, kept.targets, strict=True):
        assert data.classes[old] == names.get(kept.classes[new], kept.classes[new])


def test_a_coarse_class_in_other_characters_is_the_node():
    data = pictures(TWO, "tea", "cake")
    tree = Hierarchy.from_nested({"children": [{"name": ONE, "leaves": ["tea", "cake"]}]})
    kept, matched = match(data, tree, Matching(coarse="leaf"))
    assert kept.classes == matched.leaves == tuple(sorted(["cake", ONE, "tea"]))


@pytest.mark.parametrize("field", ["coarse", "unknown", "without_data"])
def test_a_word_that_is_no_choice_is_refused(field):
    with pytest.raises(DataError, match=rf"`{field}` is 'dorp'. Did you mean .*drop"):
        Matching(**{field: "dorp"})
