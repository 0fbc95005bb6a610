"""The tanglegram: every class once on either side, lines where its two places are."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from taxonomy._core.errors import HierarchyError
from taxonomy.plots import plot_tanglegram, save_figure
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.untangling import untangle
from tests.support.trees import random_pair

ONE = Hierarchy.from_nested([["ant", "bee", "cat"], ["dog", "eel", "fox"], "gnu"])
OTHER = Hierarchy.from_nested([["ant", "bee", "fox"], ["dog", "eel", "cat"], "gnu"])


def written(axes, side: str) -> list[str]:
    """Return the classes on a side, downwards: what begins left of the lines, or ends right."""
    texts = [text for text in axes.texts[:-1] if text.get_ha() == side][1:]
    return [text.get_text() for text in sorted(texts, key=lambda text: text.get_position()[1])]


def test_both_sides_are_untangled_and_lines_join_equal_classes():
    axes = plot_tanglegram(ONE, OTHER)
    found = untangle(ONE, OTHER)
    assert written(axes, "left") == list(found.first)
    assert written(axes, "right") == list(found.second)
    height = {(text.get_text(), text.get_ha()): text.get_position()[1] for text in axes.texts[:-1]}
    lines = [line for drawn in axes.collections[2:] for line in drawn.get_segments()]
    ends = sorted((a[1], b[1]) for a, b in lines)
    assert ends == sorted((height[leaf, "left"], height[leaf, "right"]) for leaf in ONE.leaves)


def test_moved_classes_are_thick_bold_and_coloured():
    axes = plot_tanglegram(ONE, OTHER, moved=["cat", "fox", "not in the trees"])
    still, went = axes.collections[2:]
    assert (len(still.get_segments()), len(went.get_segments())) == (5, 2)
    assert went.get_linewidths()[0] > still.get_linewidths()[0]
    assert len(np.unique(went.get_colors(), axis=0)) == 2  # of the two groups they left
    bold = {text.get_text() for text in axes.texts if text.get_weight() == "bold"}
    assert bold == {"cat", "fox"}
    assert axes.texts[-1].get_text().startswith("2 of 7 classes moved; ")


def test_of_equal_trees_nothing_moved():
    axes = plot_tanglegram(ONE, ONE)
    assert axes.texts[-1].get_text() == "0 of 7 classes moved; 0 of 21 pairs of lines cross"
    segments = axes.collections[2].get_segments()
    assert all(a[1] == b[1] for a, b in segments)


@pytest.mark.parametrize("seed", range(5))
def test_the_count_of_crossings_is_that_of_the_lines_that_are_drawn(seed):
    """Every pair of lines looked at: they cross where their ends are in opposite orders."""
    axes = plot_tanglegram(*(pair.tree for pair in random_pair(seed)))
    lines = [line for drawn in axes.collections[2:] for line in drawn.get_segments()]
    ends = [(one[1], other[1]) for one, other in lines]
    cross = sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(ends) for c, d in ends[:i])
    pairs = len(ends) * (len(ends) - 1) // 2
    assert axes.texts[-1].get_text().endswith(f"; {cross:,} of {pairs:,} pairs of lines cross")


def test_classes_of_one_tree_are_there_without_a_line():
    axes = plot_tanglegram(ONE.restrict(["ant", "bee", "gnu"]), OTHER)
    assert len(written(axes, "left")) == 3
    assert sorted(written(axes, "right")) == list(OTHER.leaves)
    assert len(axes.collections[2].get_segments()) == 3
    slanted = {text.get_text() for text in axes.texts if text.get_style() == "italic"}
    assert slanted == {"cat", "dog", "eel", "fox"}


def test_names_from_strangers_are_no_formulas_and_do_not_overlap(tmp_path):
    nested = [["$x_1$", "a" * 200], ["b", "<c>&"]]
    tree = Hierarchy.from_nested(nested)
    beside = {"<c>&": "see", "b": "\u202e"}
    axes = plot_tanglegram(tree, tree, names=("$y$", "z\x07"), labels=beside)
    save_figure(tmp_path / "one.svg", axes.figure)
    text = (tmp_path / "one.svg").read_text()
    for shown in ("$x_1$", "a" * 27 + "…", "b \\u202e", "&lt;c&gt;&amp; see", "$y$", "z\\x07"):
        assert f">{shown}</text>" in text
    axes.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    page = axes.figure.bbox
    assert all(page.x0 <= box.x0 and box.x1 <= page.x1 for box in boxes)
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize("seed", range(4))
def test_equal_trees_have_equal_bytes(tmp_path, seed):
    one, other = (pair.tree for pair in random_pair(seed))
    for name in ("a.svg", "b.svg"):
        save_figure(tmp_path / name, plot_tanglegram(one, other).figure)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_given_axes_are_filled_and_returned():
    left, right = Figure(figsize=(12, 4)).subplots(1, 2)
    assert plot_tanglegram(ONE, OTHER, axes=right) is right
    assert not left.texts
    assert right.texts


def test_refusals():
    with pytest.raises(HierarchyError, match="no class in common"):
        plot_tanglegram(ONE, Hierarchy.star("xyz"))
    with pytest.raises(HierarchyError, match="`names` are two texts"):
        plot_tanglegram(ONE, OTHER, names="ab")
    with pytest.raises(HierarchyError, match="the first tree is a str"):
        plot_tanglegram("one", OTHER)
