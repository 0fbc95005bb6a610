"""The picture of a tree: every class once, nodes in the colour of their support."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from taxonomy._core.errors import HierarchyError
from taxonomy.clustering.levels import dendrogram
from taxonomy.formats import get_tree
from taxonomy.plots import save_figure, tree_figure
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import name_nodes
from tests.support.trees import caterpillar

TREE = Hierarchy.from_nested(
    [
        {"name": "pets", "children": ["cat", "dog", ["owl", "parrot"]]},
        [["bus", "car"], ["boat", "ship"]],
        "$x_1$",
    ]
)


def written(figure) -> list[str]:
    """Return the texts of all columns, from left to right and down."""
    return [
        text.get_text()
        for axes in figure.axes
        for text in sorted(axes.texts, key=lambda text: text.get_position()[1])
        if text.get_text() != "pets"
    ]


@pytest.mark.parametrize("columns", [1, 2, 3, 9])
def test_every_class_is_written_once(columns):
    figure = tree_figure(TREE, columns=columns)
    assert len(figure.axes) == columns
    assert written(figure) == [leaf for leaf in TREE.leaf if leaf]
    assert not any(text.get_parse_math() for axes in figure.axes for text in axes.texts)


def test_columns_begin_where_groups_do():
    groups = [[f"{x}{i}" for i in range(size)] for x, size in (("a", 21), ("b", 19), ("c", 20))]
    figure = tree_figure(Hierarchy.from_nested(groups), columns=3)
    assert [len(axes.texts) for axes in figure.axes] == [21, 19, 20]


def test_nodes_have_the_colour_of_their_support():
    support = np.linspace(0, 1, len(TREE))
    figure = tree_figure(TREE.with_support(support), note="from 7 runs")
    marks = figure.axes[0].collections[1]
    assert marks.get_array().tolist() == support[TREE.nodes].tolist()
    assert figure.axes[1].get_ylabel() == "support"


def test_nodes_of_unknown_support_are_grey():
    support = np.full(len(TREE), np.nan)
    support[0] = 0.5
    unknown, known = tree_figure(TREE.with_support(support)).axes[0].collections[1:3]
    assert len(unknown.get_offsets()) == len(TREE.nodes) - 1
    assert unknown.get_array() is None
    assert known.get_array().tolist() == [0.5]


def test_the_small_print_says_what_the_support_is():
    supported = TREE.with_support([1] * len(TREE))
    said = supported.with_provenance(stability={"runs": 7, "noise": 0.05, "seed": 0})
    shown = tree_figure(said).get_supxlabel()
    assert shown == "support: the share of 7 runs with noise of up to 0.05 that keep a node"
    assert tree_figure(said, note="mine").get_supxlabel() == "mine"
    for odd in (3, {"runs": "many"}, {}):
        assert not tree_figure(supported.with_provenance(stability=odd)).get_supxlabel()


def test_a_node_lies_at_its_merge_height():
    similarity = DenseSimilarity("abc", [[1, 0.9, 0.5], [0.9, 1, 0.5], [0.5, 0.5, 1]])
    figure = tree_figure(dendrogram(similarity))
    places = figure.axes[0].collections[1].get_offsets()[:, 0]
    assert places.tolist() == pytest.approx([0, 1 - 0.1 / 0.5])


def test_columns_that_cannot_be():
    for columns in (-1, 10):
        with pytest.raises(HierarchyError, match="columns for 9 leaves"):
            tree_figure(TREE, columns=columns)


def test_deep_trees_and_equal_bytes(tmp_path):
    tree = caterpillar([f"c{i:04d}" for i in range(300)])
    for name in ("one.png", "other.png"):
        save_figure(tmp_path / name, tree_figure(tree))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()


NAMED = Hierarchy.from_nested(
    {
        "name": "thing",
        "children": [
            {"name": "domestic animal", "leaves": ["cat", "dog", "horse"]},
            {"name": "instrumentality", "children": [
                {"name": "a vehicle that has wheels", "leaves": ["car", "bus", "train"]},
                {"name": "musical instrument", "leaves": ["guitar", "piano", "violin"]},
            ]},
        ],
    }
)  # fmt: skip
WEIGHTED = name_nodes(
    dendrogram(
        DenseSimilarity("abcd", np.full((4, 4), 0.5) + np.eye(4) / 2 + 0.4 * np.eye(4)[::-1])
    ),
    {1: "a long name of a node", 4: "another long name of a node"},
)


@pytest.mark.parametrize("tree", [NAMED, WEIGHTED], ids=["by depth", "by height"])
def test_names_of_nodes_overlap_neither_leaves_nor_each_other(tree):
    figure = tree_figure(tree)
    figure.draw_without_rendering()  # after which everything has its place
    boxes = {text.get_text(): text.get_window_extent() for text in figure.axes[0].texts}
    names = {tree.name[node] for node in tree.nodes} - {None, ""}
    assert names | set(tree.leaves) == boxes.keys()
    for one, other in combinations(boxes.values(), 2):
        assert not one.overlaps(other)


def test_the_names_of_many_nodes_in_little_room_are_those_of_the_largest_groups():
    nested = {"name": "the innermost node", "leaves": ["cat", "dog"]}
    for i in range(30):  # nodes with one child each, side by side in one row
        nested = {"name": f"the node of number {i}", "children": [nested]}
    tree = Hierarchy.from_nested({"children": [nested, "car"]})
    figure = tree_figure(tree)
    figure.draw_without_rendering()
    texts = [text for text in figure.axes[0].texts if text.get_text().startswith("the node")]
    assert "the node of number 29" in {text.get_text() for text in texts}
    assert 3 < len(texts) < 30
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_names_stand_beside_codes():
    tree = Hierarchy.star(["n02084071", "cat"])
    figure = tree_figure(tree, names={"n02084071": "dog", "cat": "cat"})
    assert {"n02084071 dog", "cat"} <= {text.get_text() for text in figure.axes[0].texts}


def test_the_roots_upright_name_and_its_branchs_do_not_cross():
    tree = get_tree("imagenet-1k/hypernyms")  # too deep for branches as long as their names
    figure = tree_figure(tree.restrict(tree.leaves[:60:4]))
    figure.draw_without_rendering()
    boxes = {text.get_text(): text.get_window_extent() for text in figure.axes[0].texts}
    assert {"entity.n.01", "fish.n.01"} <= boxes.keys()
    assert not any(a.overlaps(b) for a, b in combinations(boxes.values(), 2))
