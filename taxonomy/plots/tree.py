"""A picture of a tree, columns side by side, so that some hundred leaves can be read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from taxonomy._core.errors import HierarchyError
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = npt.NDArray[np.float64]
LEAF_INCHES = 0.15
LEAVES_A_COLUMN = 75
MOST_CHARACTERS = 28
COLOURS = "viridis_r"


def tree_figure(
    tree: Hierarchy,
    support: Sequence[float] | None = None,
    columns: int = 0,
    title: str = "",
    note: str = "",
) -> Figure:
    """Draw a tree from left to right, its leaves by id, in columns that break between groups.

    A node's place is its merge height or, without these, its depth. A node whose leaves lie in
    several columns is drawn in each, hollow where it goes on from the column before.

    Args:
        tree: a tree.
        support: per entry a share in [0, 1], such as
            `taxonomy.clustering.stability.Stability.support`, which colours the nodes.
        columns: side by side; 0 for one every 75 leaves.
        title: above.
        note: small print below, such as what the support is.

    Raises:
        HierarchyError: support for another number of entries, or fewer leaves than columns.
    """
    n = len(tree.leaves)
    if support is not None and len(support) != len(tree):
        raise HierarchyError(f"{len(support)} shares of support for a tree of {len(tree)} entries.")
    columns = columns or math.ceil(n / LEAVES_A_COLUMN)
    if not 1 <= columns <= n:
        raise HierarchyError(f"{columns} columns for {n} leaves; ask for 1 to {n}.")
    breaks = _breaks(tree, columns)
    tallest = int(np.diff(breaks).max())
    size = (4.6 * columns + 0.4, max(2.5, LEAF_INCHES * tallest + 1.2))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, columns, squeeze=False)[0]
    place = _places(tree)
    shares = None if support is None else np.asarray(support, dtype=np.float64)
    for axes, first, stop in zip(grid, breaks[:-1], breaks[1:], strict=True):
        _draw(axes, tree, place, shares, (int(first), int(stop)))
        axes.set_ylim(tallest - 0.3, -0.7)
    if title:
        figure.suptitle(title, fontsize=12, parse_math=False)
    if shares is not None:
        colours = ScalarMappable(Normalize(0, 1), COLOURS)
        bar = figure.colorbar(colours, ax=list(grid), fraction=0.02, aspect=40, pad=0.01)
        bar.set_label("support", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    if note:
        figure.supxlabel(note, fontsize=8, color="0.35", parse_math=False)
    return figure


def _breaks(tree: Hierarchy, columns: int) -> npt.NDArray[np.int64]:
    """Return the leaves, in preorder, at which columns begin, and their number.

    Within a tenth of a column of the even share a column begins where the highest node parts.
    """
    n = len(tree.leaves)
    leaves = np.flatnonzero(tree.is_leaf)
    # Preorder: the lowest depth on the way from a leaf to the next is that of the next's branch.
    parts = np.append(np.minimum.reduceat(tree.depth, leaves + 1 - (leaves + 1 == len(tree))), 0)
    parts = np.concatenate([[0], parts[: n - 1], [0]])
    chosen = [0]
    for k in range(1, columns):
        even = round(k * n / columns)
        reach = max(0, n // columns // 10)
        low, high = max(chosen[-1] + 1, even - reach), min(n - columns + k, even + reach)
        near = np.arange(low, max(low, high) + 1)
        order = np.lexsort((np.abs(near - even), parts[near]))
        chosen.append(int(near[order[0]]))
    return np.array([*chosen, n])


def _places(tree: Hierarchy) -> FloatArray:
    """Return every entry's place from left (the root, 0) to right (the leaves, 1)."""
    if tree.merge_height is not None and tree.merge_height.max() > 0:
        return np.asarray(1 - tree.merge_height / tree.merge_height.max())
    deepest = max(1, int(tree.depth.max()))
    return np.asarray(np.where(tree.is_leaf, 1.0, tree.depth / deepest))


def _draw(
    axes: Axes,
    tree: Hierarchy,
    place: FloatArray,
    support: FloatArray | None,
    part: tuple[int, int],
) -> None:
    """Draw the leaves ``part`` and what is above them."""
    first, stop = part
    leaves = np.flatnonzero(tree.is_leaf)[first:stop]
    row = np.full(len(tree), np.nan)
    row[leaves] = np.arange(len(leaves))
    shown = np.zeros(len(tree), dtype=bool)
    shown[leaves] = True
    lines = []
    for entry in range(int(leaves[-1]), -1, -1):
        if not tree.is_leaf[entry]:
            below = [child for child in tree.children(entry) if shown[child]]
            if not below:
                continue
            shown[entry] = True
            ends = row[below[0]], row[below[-1]]
            row[entry] = sum(ends) / 2
            lines.append([(place[entry], ends[0]), (place[entry], ends[1])])
            lines += [[(place[entry], row[k]), (place[k], row[k])] for k in below]
    axes.add_collection(LineCollection(lines, colors="0.55", linewidths=0.8, zorder=1))
    for entry, leaf in zip(leaves, (tree.leaf[i] or "" for i in leaves), strict=True):
        text = leaf if len(leaf) <= MOST_CHARACTERS else leaf[: MOST_CHARACTERS - 1] + "…"
        axes.text(1.015, row[entry], text, va="center", fontsize=7.5, parse_math=False)
    _mark(axes, tree, place, row, support, np.flatnonzero(shown & ~tree.is_leaf), int(leaves[0]))
    axes.set_xlim(-0.03, 1.62)
    axes.set_axis_off()


def _mark(
    axes: Axes,
    tree: Hierarchy,
    place: FloatArray,
    row: FloatArray,
    support: FloatArray | None,
    nodes: npt.NDArray[np.int64],
    first_leaf: int,
) -> None:
    """Mark nodes by their support and name; hollow those that began in a column before."""
    begun = np.array([tree.is_leaf[node:first_leaf].any() for node in nodes])
    whole = nodes[~begun]
    if support is None:
        axes.scatter(place[whole], row[whole], s=14, color="0.35", zorder=2)
    else:
        axes.scatter(
            place[whole],
            row[whole],
            s=22,
            c=support[whole],
            cmap=COLOURS,
            vmin=0,
            vmax=1,
            zorder=2,
        )
    again = nodes[begun]
    axes.scatter(place[again], row[again], s=14, facecolor="white", edgecolor="0.55", zorder=2)
    for node in nodes:
        if tree.name[node]:
            name = tree.name[node]
            text = name if len(name) <= MOST_CHARACTERS else name[: MOST_CHARACTERS - 1] + "…"
            axes.annotate(
                text,
                (place[node], row[node]),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=6,
                color="0.3",
                parse_math=False,
            )
