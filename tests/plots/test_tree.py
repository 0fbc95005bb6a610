"""The picture of a tree: every class once, nodes in the colour of their support."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy._core.errors import HierarchyError
from taxonomy.clustering.levels import dendrogram
from taxonomy.plots import save_figure, tree_figure
from taxonomy.similarity import Similarity
from taxonomy.trees.hierarchy import Hierarchy
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
    figure = tree_figure(TREE, support, note="from 7 runs")
    marks = figure.axes[0].collections[1]
    assert marks.get_array().tolist() == support[TREE.nodes].tolist()
    assert figure.axes[1].get_ylabel() == "support"
    with pytest.raises(HierarchyError, match="2 shares of support for a tree of"):
        tree_figure(TREE, [0.5, 1])


def test_a_node_lies_at_its_merge_height():
    similarity = Similarity("abc", [[1, 0.9, 0.5], [0.9, 1, 0.5], [0.5, 0.5, 1]])
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
