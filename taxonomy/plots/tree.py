"""A picture of a tree, in columns side by side, legible with hundreds of leaves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.checked import check_kind
from taxonomy._core.endings import FIGURES, check_ending
from taxonomy._core.errors import HierarchyError
from taxonomy.plots._files import save_figure
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAF_INCHES = 0.15
LEAVES_A_COLUMN = 75
MOST_CHARACTERS = 28
LEAF_POINTS, NAME_POINTS = 7.5, 6.0
TREE_INCHES = (2.6, 7.0)
"""How wide a column's branches are: at least, and at most for the names of nodes to fit in."""
COLOURS = "viridis_r"


def plot_tree(
    tree: Hierarchy,
    path: Path | str,
    *,
    columns: int = 0,
    title: str = "",
    note: str | None = None,
    names: Mapping[str, str] | None = None,
) -> None:
    """Draw a tree into a file; nodes are coloured by their support, where the tree has any.

    Args:
        tree: a tree.
        path: the file; its ending decides the format: ``.png``, ``.svg`` or ``.pdf``.
        columns: side by side; 0 for one every 75 leaves.
        title: above.
        note: small print below; by default what the support is, where the tree says that.
        names: of classes, by id, which are written beside the ids.

    Raises:
        HierarchyError: fewer leaves than columns.
        FileFormatError: another ending.
    """
    check_kind(tree, Hierarchy, "the tree", HierarchyError)
    check_ending(path, FIGURES)
    save_figure(path, tree_figure(tree, columns, title, note, names))


def tree_figure(
    tree: Hierarchy,
    columns: int = 0,
    title: str = "",
    note: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Figure:
    """Draw a tree from left to right, its leaves by id, in columns that break between groups.

    A node's place is its merge height or, without these, its depth; its name, if it has one, is
    written above the branch that leads to it. Columns are as wide as these names need, within
    limits; of names that would overlap all the same, those of smaller groups are left out. A node
    whose leaves lie in several columns is drawn in each, hollow where it goes on from the column
    before. Nodes have the colour of their support where the tree has any, and are grey where it is
    not known.

    Args:
        tree: a tree; `Hierarchy.support` colours its nodes.
        columns: side by side; 0 for one every 75 leaves.
        title: above.
        note: small print below; by default what the support is, where the provenance says that.
        names: of classes, by id, which are written beside the ids.

    Raises:
        HierarchyError: fewer leaves than columns.
    """
    n = len(tree.leaves)
    columns = columns or math.ceil(n / LEAVES_A_COLUMN)
    if not 1 <= columns <= n:
        raise HierarchyError(f"{columns} columns for {n} leaves; ask for 1 to {n}.")
    breaks = _breaks(tree, columns)
    tallest = int(np.diff(breaks).max())
    place = _places(tree)
    inches = _tree_inches(tree, place)
    # Left of the root its name, right of the branches the leaves.
    left = 0.25 if tree.name[0] else 0.1
    texts = {leaf: _shown(_beside(leaf, names or {})) for leaf in tree.leaves}
    right = 0.1 + max(_text_inches(text, LEAF_POINTS) for text in texts.values())
    size = ((left + inches + right + 0.1) * columns + 0.4, max(2.5, LEAF_INCHES * tallest + 1.2))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, columns, squeeze=False)[0]
    for axes, first, stop in zip(grid, breaks[:-1], breaks[1:], strict=True):
        _draw(axes, tree, place, (int(first), int(stop)), inches, texts)
        axes.set_xlim(-left / inches, 1 + right / inches)
        axes.set_ylim(tallest - 0.3, -0.7)
    if title:
        figure.suptitle(title, fontsize=12, parse_math=False)
    if tree.support is not None:
        colours = ScalarMappable(Normalize(0, 1), COLOURS)
        bar = figure.colorbar(colours, ax=list(grid), fraction=0.02, aspect=40, pad=0.01)
        bar.set_label("support", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    if note := _note(tree) if note is None else note:
        figure.supxlabel(note, fontsize=8, color="0.35", parse_math=False)
    return figure


def _note(tree: Hierarchy) -> str:
    """Return what a tree's support is, where its provenance says that."""
    stored = tree.provenance.get("stability")
    if tree.support is None or not isinstance(stored, dict):
        return ""
    runs, noise = stored.get("runs"), stored.get("noise")
    if not isinstance(runs, int) or not isinstance(noise, int | float):
        return ""
    return f"support: the share of {runs} runs with noise of up to {noise:.2g} that keep a node"


def _breaks(tree: Hierarchy, columns: int) -> IntArray:
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


def _beside(leaf: str, names: Mapping[str, str]) -> str:
    """Return a leaf's id, and its name where that says something else."""
    return f"{leaf} {names[leaf]}" if names.get(leaf, leaf) != leaf else leaf


def _shown(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _text_inches(text: str, points: float) -> float:
    """Return about how wide a text is; a character of the font is on average 0.6 of its size."""
    return 0.6 * points / 72 * len(text)


def _tree_inches(tree: Hierarchy, place: FloatArray) -> float:
    """Return how wide the branches must be for every node's name to fit above its own."""
    least, most = TREE_INCHES
    for node in tree.nodes[1:]:
        if tree.name[node]:
            width = _text_inches(_shown(tree.name[node] or ""), NAME_POINTS) + 0.08
            branch = place[node] - place[tree.parent[node]]
            least = max(least, min(most, width / max(branch, 1e-9)))
    return least


def _draw(
    axes: Axes,
    tree: Hierarchy,
    place: FloatArray,
    part: tuple[int, int],
    inches: float,
    texts: Mapping[str, str],
) -> None:
    """Draw the leaves ``part`` and what is above them, the branches being some inches wide."""
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
    for entry in leaves:
        text = texts[tree.leaf[entry] or ""]
        x = 1 + 0.04 / inches
        axes.text(x, row[entry], text, va="center", fontsize=LEAF_POINTS, parse_math=False)
    nodes = np.flatnonzero(shown & ~tree.is_leaf)
    _mark(axes, tree, place, row, nodes, int(leaves[0]))
    _name(axes, tree, place, row, nodes, inches)
    axes.set_axis_off()


def _mark(
    axes: Axes,
    tree: Hierarchy,
    place: FloatArray,
    row: FloatArray,
    nodes: IntArray,
    first_leaf: int,
) -> None:
    """Mark nodes by their support; hollow those that began in a column before."""
    begun = np.array([tree.is_leaf[node:first_leaf].any() for node in nodes])
    whole = nodes[~begun]
    support = np.full(len(tree), np.nan) if tree.support is None else tree.support
    known, unknown = whole[~np.isnan(support[whole])], whole[np.isnan(support[whole])]
    if len(unknown):
        axes.scatter(place[unknown], row[unknown], s=14, color="0.35", zorder=2)
    if len(known):
        shares = support[known]
        axes.scatter(
            place[known], row[known], s=22, c=shares, cmap=COLOURS, vmin=0, vmax=1, zorder=2
        )
    again = nodes[begun]
    axes.scatter(place[again], row[again], s=14, facecolor="white", edgecolor="0.55", zorder=2)


def _name(
    axes: Axes,
    tree: Hierarchy,
    place: FloatArray,
    row: FloatArray,
    nodes: IntArray,
    inches: float,
) -> None:
    """Write the nodes' names above the branches that lead to them, that of the root upright."""
    taken: list[tuple[float, float, float]] = []  # left, right and row of every name
    height = NAME_POINTS / 72 / LEAF_INCHES
    style: dict[str, Any] = {"fontsize": NAME_POINTS, "color": "0.3", "parse_math": False}
    for node in sorted(nodes, key=lambda node: (-tree.leaf_counts[node], node)):
        if not tree.name[node]:
            continue
        text, x, y = _shown(tree.name[node] or ""), place[node], row[node]
        if node == 0:
            x -= 0.06 / inches
            axes.text(x, y, text, ha="right", va="center", rotation=90, **style)
            continue
        x -= 0.05 / inches
        left = x - _text_inches(text, NAME_POINTS) / inches
        if any(left < b and a < x and abs(y - other) < height for a, b, other in taken):
            continue
        taken.append((left, x, y))
        # A name longer than its branch hides what it crosses.
        ground: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}
        axes.text(x, y - 0.12, text, ha="right", va="bottom", zorder=1.5, bbox=ground, **style)
