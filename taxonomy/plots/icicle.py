"""A tree as an icicle: every node a box as high as its classes are many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from taxonomy.plots import _drawing as drawing
from taxonomy.plots._column import Column, on_axes
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_POINTS = 4.5
ROOT_INCHES = 0.22
"""How wide the root's box is, which no branch leads to."""
DARKEST, SHADES, PALEST = 0.2, 0.5, 0.88
"""How much white the root's box has, how much more the lowest nodes' have, and the leaves' have."""


def plot_icicle(
    tree: Hierarchy,
    *,
    names: Mapping[str, str] | None = None,
    pictures: Mapping[str, Any] | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw a tree as boxes side by side: the root on the left, below each node what it holds.

    A box is as high as its node has classes, and as wide as the branch that leads to it in a
    dendrogram. Colours are those of `plot_radial`, paler towards the leaves. A
    node's name, and its support in percent, stand in its box where they fit, upright if need be.

    Args:
        tree: a tree.
        names: of classes, by id, which are written beside the ids.
        pictures: of classes, by id: arrays of shape (height, width) or (height, width, 3).
        axes: to draw in, with texts as large as fit there; left out, axes of a new figure, as
            large as the tree needs.

    Returns:
        the axes, whose ``figure`` `save_figure` writes.

    Raises:
        HierarchyError: something else than a tree is given.

    >>> axes = plot_icicle(Hierarchy.from_nested([["cat", "dog"], "car"]))
    >>> len(axes.collections[0].get_paths())  # the root, one node and three leaves
    5
    """
    axes, column = on_axes(tree, axes, names, pictures)
    draw_icicle(axes, column)
    return axes


def draw_icicle(axes: Axes, column: Column, tallest: int = 0) -> None:
    """Draw a column's boxes, with a broken line above those that began in a column before."""
    tree, place = column.tree, column.place
    there = np.flatnonzero(~np.isnan(column.row))
    low, high = column.row.copy(), column.row.copy()
    for entry in there[::-1]:
        above = tree.parent[entry]
        if above >= 0:
            low[above] = min(low[above], low[entry])
            high[above] = max(high[above], high[entry])
    start = np.where(tree.parent < 0, -ROOT_INCHES / column.inches, place[tree.parent])
    boxes = [
        [(a, b), (c, b), (c, d), (a, d)]
        for a, b, c, d in zip(
            start[there], low[there] - 0.5, place[there], high[there] + 0.5, strict=True
        )
    ]
    colours = _colours(tree)
    axes.add_collection(
        PolyCollection(
            boxes, facecolors=[colours[i] for i in there], edgecolors="white", linewidths=0.8
        )
    )
    for entry in column.begun:
        y = low[entry] - 0.5
        axes.plot((start[entry], place[entry]), (y, y), color="0.2", lw=1, ls=(0, (2, 2)))
    for entry in column.nodes:
        box = start[entry], place[entry], low[entry] - 0.5, high[entry] + 0.5
        _write(axes, column, _title(tree, int(entry)), box)
    column.write_leaves(axes)
    column.frame(axes, tallest)
    axes.xaxis.set_visible(False)


def _title(tree: Hierarchy, node: int) -> str:
    """Return what stands in a node's box: its name and its support."""
    title = drawing.shown(tree.name[node])
    if tree.support is not None and not np.isnan(tree.support[node]):
        title = f"{title} {100 * tree.support[node]:.0f} %".strip()
    return title


def _write(axes: Axes, column: Column, text: str, box: tuple[float, float, float, float]) -> None:
    """Write a text into a box where it fits, along or upright."""
    left, right, top, bottom = box
    width, height = (right - left) * column.inches, (bottom - top) * column.row_inches
    long = drawing.text_inches(text, 1) + 0.01  # inches a point
    high = 1.3 / 72
    along, upright = min(width / long, height / high), min(height / long, width / high)
    points = min(drawing.NAME_POINTS, max(along, upright))
    if not text or points < LEAST_POINTS:
        return
    turn = 0 if along >= points else 90
    middle = (left + right) / 2, (top + bottom) / 2
    drawing.write(axes, *middle, text, points, ha="center", rotation=turn)


def _colours(tree: Hierarchy) -> list[tuple[float, float, float]]:
    """Return every entry's colour: that of its group, paler towards the leaves; grey above."""
    deepest = max(1, int(tree.depth[tree.nodes].max()))
    white = np.where(tree.is_leaf, PALEST, DARKEST + SHADES * tree.depth / deepest)
    base = np.array([to_rgb(drawing.colour(group)) for group in drawing.group_of(tree).tolist()])
    return [(r, g, b) for r, g, b in (base + (1 - base) * white[:, None]).tolist()]
