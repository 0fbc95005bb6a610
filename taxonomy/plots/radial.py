"""A tree around its root: leaves on a circle, as many inches apart as their texts need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection

from taxonomy._core.arrays import FloatArray
from taxonomy._core.checked import check_kind
from taxonomy._core.errors import HierarchyError
from taxonomy.plots import _drawing as drawing
from taxonomy.plots.dendrogram import mark
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_RADIUS, GAP, TITLE_INCHES, NOTE_INCHES = 1.6, 0.08, 0.4, 0.3
MOST_POINTS = 16.0
OPEN = 0.5
"""Rows left free where the circle closes."""
ARC_STEP = math.radians(1)


def plot_radial(
    tree: Hierarchy,
    *,
    names: Mapping[str, str] | None = None,
    pictures: Mapping[str, Any] | None = None,
    title: str = "",
    note: str = "",
    axes: Axes | None = None,
) -> Axes:
    """Draw a tree around its root, its leaves by id on a circle.

    How far a node is from the middle is its merge height or, without these, its depth. The
    branches below a child of the root have one colour and strike; below one that holds more than
    a third of the classes, each of its children has its own. The names of these groups are
    written where there is room. Nodes are marked by their support as in a dendrogram.

    Args:
        tree: a tree.
        names: of classes, by id, which are written beside the ids.
        pictures: of classes, by id: arrays of shape (height, width) or (height, width, 3).
        title: above.
        note: small print below.
        axes: to draw in, with texts as large as fit there; left out, axes of a new figure, as
            large as the tree needs.

    Returns:
        the axes, whose ``figure`` `save_figure` writes.

    Raises:
        HierarchyError: something else than a tree is given.

    >>> axes = plot_radial(Hierarchy.from_nested([["cat", "dog"], "car"]))
    >>> [text.get_text() for text in axes.texts]
    ['car', 'cat', 'dog']
    """
    check_kind(tree, Hierarchy, "the tree", HierarchyError)
    pictures = pictures or {}
    order = [leaf for leaf in tree.leaf if leaf is not None]
    texts = {leaf: drawing.beside(leaf, names) for leaf in order}
    step = 2 * math.pi / (len(order) + OPEN)
    axes, radius, row = _page(axes, texts, step, bool(pictures), (title, note))
    turn = drawing.middle_rows(tree, {leaf: i * step for i, leaf in enumerate(order)})
    turn = np.pi / 2 - step * OPEN / 2 - turn  # from the top, clockwise
    reach = drawing.places(tree) * radius
    _branches(axes, tree, turn, reach)
    mark(axes, tree, tree.nodes, (reach * np.cos(turn), reach * np.sin(turn)))
    side = 0.92 * row if pictures else 0.0
    for leaf, entry in zip(order, np.flatnonzero(tree.is_leaf), strict=True):
        if leaf in pictures:
            x, y = ((radius + GAP + side / 2) * f(turn[entry]) for f in (math.cos, math.sin))
            box = (x - side / 2, x + side / 2, y - side / 2, y + side / 2)
            axes.imshow(pictures[leaf], extent=box, aspect="auto", cmap="gray")
        _write(axes, texts[leaf], float(turn[entry]), radius + side + GAP * (1 + bool(side)), row)
    _name_groups(axes, tree, turn, reach)
    return axes


def _page(
    axes: Axes | None, texts: Mapping[str, str], step: float, pictured: bool, more: tuple[str, str]
) -> tuple[Axes, float, float]:
    """Return axes in inches from the middle, the circle's radius, and how far leaves are apart."""
    row = 0.3 if pictured else drawing.row_inches(len(texts))

    def room(row: float) -> float:
        beside = 0.92 * row + GAP if pictured else 0.0
        return beside + 2 * GAP + drawing.widest_inches(texts.values(), drawing.row_points(row))

    above, below = TITLE_INCHES * bool(more[0]), NOTE_INCHES * bool(more[1])
    if axes is None:
        radius = max(LEAST_RADIUS, row / step)
        side = 2 * (radius + room(row))
        axes = drawing.page(side, side + above + below)
    width, height = drawing.inches_of(axes)
    side = min(width, height - above - below)
    row = min(row, side / 2 * step)
    radius = max(side / 2 - room(row), side / 6)
    axes.set_axis_off()
    low, high = -(height - above + below) / 2, (height + above - below) / 2
    axes.set_xlim(-width / 2, width / 2)
    axes.set_ylim(low, high)
    axes.set_autoscale_on(False)
    for text, y, points in ((more[0], high - above / 2, 12), (more[1], low + below / 2, 8)):
        if text:
            drawing.write(axes, 0, y, drawing.shown(text, 200), points, ha="center")
    return axes, radius, min(row, radius * step)


def _branches(axes: Axes, tree: Hierarchy, turn: FloatArray, reach: FloatArray) -> None:
    """Draw the branches: outward to every entry, and along the circle over a node's children."""
    lines = []
    for (start, one), (end, other) in drawing.branches(tree, turn, reach):
        steps = 2 + int(abs(other - one) / ARC_STEP)
        along, around = np.linspace(start, end, steps), np.linspace(one, other, steps)
        lines.append(np.stack([along * np.cos(around), along * np.sin(around)], axis=1))
    # First the nodes' lines across, then the lines to all entries but the root.
    groups = drawing.group_of(tree)[[*tree.nodes, *range(1, len(tree))]].tolist()
    axes.add_collection(
        LineCollection(
            lines,
            colors=[drawing.colour(group) for group in groups],
            linestyles=[drawing.strike(group) for group in groups],
            linewidths=0.9,
            zorder=1,
        )
    )


def _write(axes: Axes, text: str, turn: float, reach: float, row: float) -> None:
    """Write a leaf's text outward, not upside down."""
    degrees = math.degrees(turn) % 360
    left = 90 < degrees < 270
    drawing.write(
        axes,
        reach * math.cos(turn),
        reach * math.sin(turn),
        text,
        drawing.row_points(row),
        rotation=degrees - 180 if left else degrees,
        rotation_mode="anchor",
        ha="right" if left else "left",
    )


def _name_groups(axes: Axes, tree: Hierarchy, turn: FloatArray, reach: FloatArray) -> None:
    """Write the names of the coloured groups at their nodes, those of larger groups first."""
    taken: list[tuple[float, float, float]] = []
    # The larger the page, the farther its middle is looked at from.
    points = float(np.clip(reach.max(), drawing.LEAF_POINTS, MOST_POINTS))
    high = 1.5 * points / 72
    for node in sorted(drawing.main_groups(tree), key=lambda node: (-tree.leaf_counts[node], node)):
        if not tree.name[node]:
            continue
        text = drawing.shown(tree.name[node])
        half = 1.1 * drawing.text_inches(text, points) / 2
        x, y = reach[node] * math.cos(turn[node]), reach[node] * math.sin(turn[node])
        if any(abs(x - a) < half + b and abs(y - c) < high for a, b, c in taken):
            continue
        taken.append((x, half, y))
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85}
        drawing.write(axes, x, y, text, points, ha="center", weight="bold", bbox=ground, zorder=3)
