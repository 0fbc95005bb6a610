"""The heat map: the matrix in the order of a tree, few values written in."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from taxonomy._core.errors import HierarchyError
from taxonomy.plots import plot_heat_map, save_figure
from taxonomy.trees.hierarchy import Hierarchy

NAMES = ["cat", "car", "$dog$", "bus"]
VALUES = np.array(
    [[1, 0.1, 0.9, 0.2], [0.1, 1, 0.3, 0.8], [0.9, 0.3, 1, 0.15], [0.2, 0.8, 0.15, 1]]
)
TREE = Hierarchy.from_nested([["cat", "$dog$"], ["car", "bus"]])


def shown(axes) -> tuple[list[str], list[str], list[str]]:
    """Return the names beside the rows, those below the columns, and what stands in cells."""
    texts = [text.get_text() for text in axes.texts]
    n = len(axes.images[0].get_array())
    return texts[:n], texts[n : 2 * n], texts[2 * n :]


def test_rows_and_columns_are_in_the_order_of_the_tree():
    axes = plot_heat_map(VALUES, NAMES, by=TREE)
    order = [NAMES.index(leaf) for leaf in TREE.leaf if leaf]
    assert axes.images[0].get_array().tolist() == VALUES[np.ix_(order, order)].tolist()
    rows, columns, cells = shown(axes)
    assert rows == columns == [NAMES[i] for i in order]
    assert cells == [f"{x:.2f}" for x in VALUES[np.ix_(order, order)].ravel()]
    assert len(axes.collections) == 1  # the tree's branches


def test_a_linkage_orders_as_well():
    merges = linkage(squareform(1 - VALUES), "average")
    rows, *_ = shown(plot_heat_map(VALUES, NAMES, by=merges))
    theirs = [NAMES[i] for i in leaves_list(merges)]
    halves = {frozenset(theirs[:2]), frozenset(theirs[2:])}
    assert {frozenset(rows[:2]), frozenset(rows[2:])} == halves


def test_without_a_tree_the_order_stays():
    axes = plot_heat_map(VALUES, NAMES)
    assert shown(axes)[0] == NAMES
    assert not axes.collections


def test_empty_cells_have_a_stroke_and_many_values_are_not_written():
    holes = VALUES.copy()
    holes[0, 1] = np.nan
    assert shown(plot_heat_map(holes, NAMES))[2][1] == "–"
    many = np.eye(40)
    axes = plot_heat_map(many, [f"c{i}" for i in range(40)])
    assert shown(axes)[2] == []


def test_values_are_readable_on_their_cells():
    """Light text on dark cells, dark on light ones."""
    axes = plot_heat_map([[0, 1], [1, 0]], ["a", "b"])
    assert [text.get_color() for text in axes.texts[4:]] == ["white", "black", "black", "white"]


def test_bounds_and_quantity():
    axes = plot_heat_map(VALUES, NAMES, bounds=(0, 2), title="$t$", quantity="similarity")
    assert axes.images[0].get_clim() == (0, 2)
    assert axes.child_axes[0].get_ylabel() == "similarity"


def test_texts_do_not_overlap_and_bytes_are_equal(tmp_path):
    names = [f"{'a long name of a class'} {i}" for i in range(30)]
    for name in ("a.svg", "b.svg"):
        axes = plot_heat_map(np.arange(900.0).reshape(30, 30), names, quantity="number")
        save_figure(tmp_path / name, axes.figure)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    boxes = [text.get_window_extent() for text in axes.texts]
    for i, box in enumerate(boxes):
        assert axes.figure.bbox.y0 <= box.y0
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_given_axes_are_returned():
    given = Figure(figsize=(6, 4)).subplots()
    assert plot_heat_map(VALUES, NAMES, by=TREE, axes=given) is given


@pytest.mark.parametrize(
    ("matrix", "names", "by", "message"),
    [
        ([[1, 2]], ["a"], None, r"shape \(1, 2\)"),
        ([["x"]], ["a"], None, "give numbers"),
        ([[1]], ["a", "b"], None, "2 names for a matrix of 1 row"),
        ([[1]], "a", None, "one text where names of rows are wanted"),
        ([[np.inf]], ["a"], None, "infinite"),
        (np.eye(2), ["a", "a"], Hierarchy.star("ab"), "Two rows have one name"),
        (np.eye(2), ["a", "c"], Hierarchy.star("ab"), "different labels"),
        (np.eye(2), ["a", "c"], np.zeros((2, 4)), "neither a tree nor a linkage"),
        (np.eye(2), ["a", "c"], [[0, 7, 1, 2]], "neither a tree nor a linkage"),
    ],
)
def test_refusals(matrix, names, by, message):
    with pytest.raises(HierarchyError, match=message):
        plot_heat_map(matrix, names, by=by)
