"""A tree as a dendrogram: from left to right, with bands for its levels and marks of support."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.plots import _drawing as drawing
from taxonomy.plots._column import Column, on_axes
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUPPORT = "viridis_r"
BAND, MOST_BANDS = "0.965", 20
LEAST_MARK, MOST_MARK = 8.0, 30.0


def plot_dendrogram(
    tree: Hierarchy,
    *,
    names: Mapping[str, str] | None = None,
    pictures: Mapping[str, Any] | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw a tree from left to right in one column, its leaves by id.

    What is drawn is that of `tree_figure`, which puts many leaves in several columns.

    Args:
        tree: a tree; `Hierarchy.support` colours its nodes.
        names: of classes, by id, which are written beside the ids.
        pictures: of classes, by id: arrays of shape (height, width) or (height, width, 3).
        axes: to draw in, with texts as large as fit there; left out, axes of a new figure, as
            large as the tree needs.

    Returns:
        the axes, whose ``figure`` `save_figure` writes.

    Raises:
        HierarchyError: something else than a tree is given.

    >>> axes = plot_dendrogram(Hierarchy.from_nested([["cat", "dog"], "car"]))
    >>> [text.get_text() for text in axes.texts]
    ['car', 'cat', 'dog']
    """
    axes, column = on_axes(tree, axes, names, pictures)
    draw_dendrogram(axes, column)
    return axes


def draw_dendrogram(axes: Axes, column: Column, tallest: int = 0) -> None:
    """Draw a column's branches, its nodes with their names, and its leaves."""
    lines = drawing.branches(column.tree, column.row, column.place)
    axes.add_collection(LineCollection(lines, colors=drawing.BRANCH, linewidths=0.8, zorder=1))
    column.write_leaves(axes)
    x, y, begun = column.place, column.row, column.begun
    mark(axes, column.tree, np.setdiff1d(column.nodes, begun), (x, y))
    axes.scatter(x[begun], y[begun], 14, facecolor="white", edgecolor=drawing.BRANCH, zorder=2)
    _name(axes, column)
    column.frame(axes, tallest)
    _bands(axes, column)


def _bands(axes: Axes, column: Column) -> None:
    """Shade every other level, and write above the levels or the merge heights which they are."""
    tree, deepest = column.tree, int(column.tree.depth.max())
    height = tree.merge_height
    if height is not None and height.max() > 0:
        ticks = [
            tick
            for tick in MaxNLocator(4).tick_values(0, height.max())
            if 0 <= tick <= height.max()
        ]
        at = [1 - tick / height.max() for tick in ticks]
        axes.vlines(at, 0, 1, transform=axes.get_xaxis_transform(), color="0.93", lw=0.6, zorder=0)
        texts = [f"{tick:g}" for tick in ticks]
        axes.set_xlabel("merge height", fontsize=drawing.NAME_POINTS, color=drawing.SMALL_PRINT)
        axes.xaxis.set_label_position("top")
    else:
        levels = range(1, deepest) if deepest <= MOST_BANDS else ()
        for level in levels[::2]:
            axes.axvspan(
                (level - 0.5) / deepest,
                min(1.0, (level + 0.5) / deepest),
                color=BAND,
                lw=0,
                zorder=0,
            )
        at = [level / deepest for level in levels]
        wide = column.inches / deepest > drawing.text_inches("level 10", drawing.NAME_POINTS)
        texts = [f"level {level}" if wide else str(level) for level in levels]
    axes.xaxis.tick_top()
    axes.set_xticks(at, texts, fontsize=drawing.NAME_POINTS, color=drawing.SMALL_PRINT)
    axes.tick_params(axis="x", length=0, pad=1)


def mark(axes: Axes, tree: Hierarchy, nodes: IntArray, at: tuple[FloatArray, FloatArray]) -> None:
    """Mark nodes by their support, the more, the larger and darker; in grey where it is unknown.

    Args:
        axes: to draw in.
        tree: whose support it is.
        nodes: what is marked.
        at: every entry's place along the two axes.
    """
    x, y = at
    support = np.full(len(tree), np.nan) if tree.support is None else tree.support
    unknown, known = nodes[np.isnan(support[nodes])], nodes[~np.isnan(support[nodes])]
    if len(unknown):
        axes.scatter(x[unknown], y[unknown], 14, color="0.35", zorder=2)
    if len(known):
        shares = support[known]
        size = LEAST_MARK + (MOST_MARK - LEAST_MARK) * shares
        axes.scatter(x[known], y[known], size, shares, cmap=SUPPORT, vmin=0, vmax=1, zorder=2)


def _name(axes: Axes, column: Column) -> None:
    """Write the nodes' names above the branches that lead to them, that of the root upright."""
    tree, inches = column.tree, column.inches
    taken: list[tuple[float, float, float, float]] = []  # left, right, row and reach in rows
    line = drawing.NAME_POINTS / 72
    height = line / column.row_inches
    style: dict[str, Any] = {"color": "0.3", "ha": "right"}
    for node in sorted(column.nodes, key=lambda node: (-tree.leaf_counts[node], node)):
        if not tree.name[node]:
            continue
        text, x, y = drawing.shown(tree.name[node]), column.place[node], column.row[node]
        long = drawing.text_inches(text, drawing.NAME_POINTS)
        if node == 0:
            right = x - 0.06 / inches
            drawing.write(axes, right, y, text, drawing.NAME_POINTS, rotation=90, **style)
            taken.append((right - line / inches, right, y, 0.5 * long / column.row_inches + height))
            continue
        x -= 0.05 / inches
        left = x - long / inches
        if any(left < b and a < x and abs(y - row) < reach for a, b, row, reach in taken):
            continue
        taken.append((left, x, y, height))
        # A name longer than its branch hides what it crosses.
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}
        drawing.write(
            axes,
            x,
            y - 0.12,
            text,
            drawing.NAME_POINTS,
            va="bottom",
            zorder=1.5,
            bbox=ground,
            **style,
        )
