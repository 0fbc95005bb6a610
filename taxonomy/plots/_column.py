"""`Column`: some leaves of a tree below one another, with what is above them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.checked import check_kind
from taxonomy._core.errors import HierarchyError
from taxonomy.plots import _drawing as drawing
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAVES_A_COLUMN = 75
TREE_INCHES = (2.6, 7.0)
"""How wide a column's branches are: at least, and at most for the names of nodes to fit in."""
THUMBNAIL_GAP = 0.04


@dataclass(frozen=True)
class Column:
    """Leaves of a tree from one place to another, in rows, root left.

    Args:
        tree: the whole tree.
        first: the first leaf, in preorder.
        stop: the leaf after the last.
        inches: how wide the tree is, without its leaves' texts.
        row_inches: how high a row is.
        texts: of the leaves, by id.
        pictures: of leaves, by id.
    """

    tree: Hierarchy
    first: int
    stop: int
    inches: float
    row_inches: float
    texts: Mapping[str, str]
    pictures: Mapping[str, Any]

    @cached_property
    def leaves(self) -> IntArray:
        """The entries of its leaves."""
        return np.flatnonzero(self.tree.is_leaf)[self.first : self.stop]

    @cached_property
    def place(self) -> FloatArray:
        """Every entry's place from the root, 0, to the leaves, 1."""
        return drawing.places(self.tree)

    @cached_property
    def row(self) -> FloatArray:
        """Every entry's row, NaN where it is above no leaf of this column."""
        rows = {self.tree.leaf[leaf] or "": float(i) for i, leaf in enumerate(self.leaves)}
        return drawing.middle_rows(self.tree, rows)

    @cached_property
    def nodes(self) -> IntArray:
        """The nodes above its leaves."""
        return np.flatnonzero(~np.isnan(self.row) & ~self.tree.is_leaf)

    @cached_property
    def begun(self) -> IntArray:
        """Those of its nodes that have leaves in a column before."""
        before = np.append(0, np.cumsum(self.tree.is_leaf))[self.nodes]
        return self.nodes[before < self.first]

    @property
    def points(self) -> float:
        """The size of the leaves' texts."""
        return drawing.row_points(self.row_inches)

    def frame(self, axes: Axes, tallest: int = 0) -> None:
        """Set the limits of axes, so that the leaves' texts fit in, and hide what is not needed."""
        left, right = margins(self.tree, self.texts, self.pictures, self.row_inches)
        axes.set_xlim(-left / self.inches, 1 + right / self.inches)
        axes.set_ylim((tallest or len(self.leaves)) - 0.3, -0.7)
        axes.yaxis.set_visible(False)
        axes.set_frame_on(False)

    def page(self) -> Axes:
        """Return axes of a new figure that hold it."""
        sides = sum(margins(self.tree, self.texts, self.pictures, self.row_inches))
        height = self.row_inches * (len(self.leaves) + 0.4)
        figure = Figure(figsize=(self.inches + sides, height + 0.4))
        return figure.add_axes((0, 0, 1, height / (height + 0.4)))

    def write_leaves(self, axes: Axes) -> None:
        """Write the leaves' texts, behind their pictures where there are some."""
        x = 1 + THUMBNAIL_GAP / self.inches
        side = picture_inches(self.pictures, self.row_inches)
        for entry in self.leaves:
            leaf, row = self.tree.leaf[entry] or "", self.row[entry]
            if leaf in self.pictures:
                high = 0.5 * side / self.row_inches
                extent = (x, x + side / self.inches, row + high, row - high)
                axes.imshow(self.pictures[leaf], extent=extent, aspect="auto", cmap="gray")
            start = x + (side + THUMBNAIL_GAP * bool(side)) / self.inches
            drawing.write(axes, start, row, self.texts[leaf], self.points)


def picture_inches(pictures: Mapping[str, Any], row_inches: float) -> float:
    """Return how large leaves' pictures are."""
    return 0.92 * row_inches if pictures else 0.0


def margins(
    tree: Hierarchy, texts: Mapping[str, str], pictures: Mapping[str, Any], row_inches: float
) -> tuple[float, float]:
    """Return the inches left of the root, for its name, and right of the tree, for the leaves."""
    left = 0.25 if tree.name[0] else 0.1
    side = picture_inches(pictures, row_inches)
    points = drawing.row_points(row_inches)
    return left, 0.1 + side + THUMBNAIL_GAP + drawing.widest_inches(texts.values(), points)


def in_columns(
    tree: Hierarchy,
    columns: int,
    names: Mapping[str, str] | None,
    pictures: Mapping[str, Any],
) -> list[Column]:
    """Return the columns of a tree, which break between groups.

    Raises:
        HierarchyError: fewer leaves than columns.
    """
    n = len(tree.leaves)
    columns = columns or math.ceil(n / LEAVES_A_COLUMN)
    if not 1 <= columns <= n:
        raise HierarchyError(f"{columns} columns for {n} leaves; ask for 1 to {n}.")
    ends = breaks(tree, columns)
    texts = {leaf: drawing.beside(leaf, names) for leaf in tree.leaves}
    row = 0.3 if pictures else drawing.row_inches(int(np.diff(ends).max()))
    inches = _tree_inches(tree, drawing.places(tree))
    return [
        Column(tree, int(first), int(stop), inches, row, texts, pictures)
        for first, stop in pairwise(ends)
    ]


def on_axes(
    tree: Hierarchy,
    axes: Axes | None,
    names: Mapping[str, str] | None,
    pictures: Mapping[str, Any] | None,
) -> tuple[Axes, Column]:
    """Return a tree as one column that fits into axes, or axes of a new figure that fit it.

    Raises:
        HierarchyError: something else than a tree is given.
    """
    check_kind(tree, Hierarchy, "the tree", HierarchyError)
    pictures = pictures or {}
    if axes is None:
        (column,) = in_columns(tree, 1, names, pictures)
        return column.page(), column
    width, height = drawing.inches_of(axes)
    texts = {leaf: drawing.beside(leaf, names) for leaf in tree.leaves}
    row = height / (len(tree.leaves) + 0.4)
    inches = max(0.3 * width, width - sum(margins(tree, texts, pictures, row)))
    return axes, Column(tree, 0, len(tree.leaves), inches, row, texts, pictures)


def breaks(tree: Hierarchy, columns: int) -> IntArray:
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


def _tree_inches(tree: Hierarchy, place: FloatArray) -> float:
    """Return how wide the branches must be for every node's name to fit above its own."""
    least, most = TREE_INCHES
    for node in tree.nodes[1:]:
        if tree.name[node]:
            width = drawing.text_inches(drawing.shown(tree.name[node]), drawing.NAME_POINTS) + 0.08
            branch = place[node] - place[tree.parent[node]]
            least = max(least, min(most, width / max(branch, 1e-9)))
    return least
