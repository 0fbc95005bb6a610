"""Icicles, radial trees and dendrograms: every class once, where the tree has it."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from taxonomy._core.errors import HierarchyError
from taxonomy.plots import (
    plot_dendrogram,
    plot_icicle,
    plot_radial,
    plot_tree,
    save_figure,
    tree_figure,
)
from taxonomy.plots._drawing import group_of, main_groups
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.trees import caterpillar

TREE = Hierarchy.from_nested(
    [
        {"name": "pets", "children": ["cat", "dog", ["owl", "parrot"]]},
        [["bus", "car"], ["boat", "ship"]],
        "$x_1$",
    ]
)
KINDS = {"dendrogram": plot_dendrogram, "icicle": plot_icicle, "radial": plot_radial}
PICTURE = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize("plot", KINDS.values(), ids=KINDS)
class TestEveryKind:
    def test_every_class_is_written_once_and_no_formula(self, plot):
        axes = plot(TREE, names={"cat": "tabby"})
        texts = [text.get_text() for text in axes.texts]
        assert [x for x in texts if x != "pets"] == [
            "cat tabby" if leaf == "cat" else leaf for leaf in TREE.leaf if leaf
        ]
        assert not any(text.get_parse_math() for text in axes.texts)

    def test_given_axes_are_returned_and_hold_all_texts(self, plot):
        figure = Figure(figsize=(5, 5))
        axes = figure.add_axes((0, 0, 1, 1))
        assert plot(TREE, axes=axes) is axes
        figure.draw_without_rendering()
        for text in axes.texts:
            box = text.get_window_extent()
            assert -1 <= box.x0 <= box.x1 <= figure.bbox.x1 + 1

    def test_pictures_stand_before_their_classes(self, plot):
        axes = plot(TREE, pictures={"cat": PICTURE, "ship": PICTURE})
        assert len(axes.images) == 2

    def test_deep_trees_and_equal_bytes(self, plot, tmp_path):
        tree = caterpillar([f"c{i:04d}" for i in range(300)])
        for name in ("a.svg", "b.svg"):
            save_figure(tmp_path / name, plot(tree).figure)
        assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()

    def test_what_is_no_tree(self, plot):
        with pytest.raises(HierarchyError, match="the tree is a str"):
            plot("tree.json")


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_classes_do_not_overlap(kind, tmp_path):
    """Texts of neighbours keep apart, and stay texts in a file that is not too large."""
    groups = [[f"class {i}-{k}" for k in range(25)] for i in range(40)]
    figure = tree_figure(Hierarchy.from_nested(groups), kind=kind)
    save_figure(tmp_path / "tree.svg", figure)
    assert (tmp_path / "tree.svg").read_text().count(">class ") == 1000
    for axes in figure.axes:
        at = np.array([text.get_position() for text in axes.texts])
        points = axes.texts[0].get_fontsize()
        apart = np.hypot(*np.diff(axes.transData.transform(at), axis=0).T) * 72 / figure.dpi
        assert points >= 5
        assert apart.min() >= points


def test_kinds_by_name(tmp_path):
    plot_tree(TREE, tmp_path / "tree.pdf", kind="icicle", title="$t$")
    assert (tmp_path / "tree.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(HierarchyError, match="Did you mean 'radial'"):
        plot_tree(TREE, tmp_path / "other.pdf", kind="radical")


def test_an_icicle_s_boxes_are_as_high_as_their_classes_are_many():
    paths = plot_icicle(TREE).collections[0].get_paths()
    heights = [np.ptp(path.vertices[:, 1]) for path in paths]
    assert heights == TREE.leaf_counts.tolist()


def test_a_radial_tree_puts_leaves_on_one_circle():
    axes = plot_radial(TREE)
    leaves = [text.get_position() for text in axes.texts if text.get_text() != "pets"]
    distance = np.hypot(*np.array(leaves).T)
    assert np.ptp(distance) < 1e-9
    lines = axes.collections[0].get_segments()
    assert len(lines) == len(TREE) - 1 + len(TREE.nodes)


def test_support_is_told_by_size_and_number_too():
    support = np.linspace(0, 1, len(TREE))
    tree = TREE.with_support(support)
    sizes = plot_dendrogram(tree).collections[1].get_sizes()
    assert (np.diff(sizes) > 0).all()
    texts = [text.get_text() for text in plot_icicle(tree).texts]
    assert (
        f"pets {100 * support[TREE.nodes[TREE.name.index('pets') == TREE.nodes][0]]:.0f} %" in texts
    )


def test_levels_and_merge_heights_are_written_above():
    labels = [label.get_text() for label in tree_figure(TREE).axes[0].get_xticklabels()]
    assert labels == ["level 1", "level 2"]
    raw = TREE.to_raw()
    raw.height = [
        0.0 if leaf else 1.0 - depth / 4 for leaf, depth in zip(raw.leaf, TREE.depth, strict=True)
    ]
    axes = tree_figure(Hierarchy.from_raw(raw)).axes[0]
    assert axes.get_xlabel() == "merge height"
    assert axes.get_xticklabels()[0].get_text() == "0"


def test_a_tree_that_parts_late_has_more_than_one_colour():
    late = Hierarchy.from_nested([[["ant", "bee"], ["cat", "dog"], ["eel", "fox"]]])
    assert len(main_groups(late)) == 3
    assert group_of(late)[late.leaf_entries].tolist() == [0, 0, 1, 1, 2, 2]
    order = ["eel", "fox", "ant", "bee", "cat", "dog"]
    assert group_of(late, order)[late.leaf_entries].tolist() == [1, 1, 2, 2, 0, 0]
    assert main_groups(Hierarchy.star("abc")) == []
