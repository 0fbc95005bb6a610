"""A square matrix as a heat map, in the order of a tree that is drawn beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection

from taxonomy._core.arrays import FloatArray
from taxonomy._core.checked import check_several
from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.labels import check_same_labels
from taxonomy.plots import _drawing as drawing
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = "cividis"
"""Rises in lightness alone, which any colour vision reads."""
MOST_WRITTEN = 15
"""Rows up to which values stand in their cells, if these are large enough for the size below."""
LEAST_POINTS = 4.0
CELL_INCHES, TREE_INCHES, BAR_INCHES, TITLE_INCHES, GAP = 0.42, 1.2, 1.0, 0.4, 0.08


def plot_heat_map(
    matrix: Any,
    names: Sequence[str],
    *,
    by: Hierarchy | Any | None = None,
    bounds: tuple[float, float] | None = None,
    title: str = "",
    quantity: str = "",
    axes: Axes | None = None,
) -> Axes:
    """Draw a square matrix, such as the similarities of classes or the distances of trees.

    Rows and columns are in the order given or, with ``by``, in that of a tree, which is drawn on
    the left. Cells of up to 15 rows have their values written in; cells that are NaN are empty,
    with a stroke. Texts are as large as fit.

    Args:
        matrix: numbers, shape (n, n), such as a similarity's values or a data frame.
        names: of the n rows and columns.
        by: a tree whose leaves are the names, or a linkage matrix of scipy over the rows, shape
            (n - 1, 4).
        bounds: the values at the ends of the colours; left out, the least and the greatest.
        title: above.
        quantity: what the numbers are, beside the colour bar.
        axes: to draw in; left out, axes of a new figure that is as large as the names need.

    Returns:
        the axes, whose ``figure`` `save_figure` writes.

    Raises:
        HierarchyError: the matrix is not square or holds no numbers; there are other names than
            rows, or than the tree has leaves; or the linkage is none of n rows.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> axes = plot_heat_map([[1, 0.1, 0.9], [0.1, 1, 0.2], [0.9, 0.2, 1]],
    ...                      ["cat", "car", "dog"], by=tree)
    >>> [text.get_text() for text in axes.texts][:3]
    ['car', 'cat', 'dog']
    """
    values = _checked(matrix, names)
    tree, order = _rows_by(by, names)
    values = values[np.ix_(order, order)]
    texts = [drawing.shown(names[i]) for i in order]
    branch = 0.0 if tree is None else TREE_INCHES
    if axes is not None:
        branch = min(branch, 0.2 * drawing.inches_of(axes)[0])
    left = GAP + branch
    above = TITLE_INCHES if title else GAP
    axes, cell = _page(axes, texts, left, above)
    side, points = cell * len(texts), drawing.row_points(cell)
    width, height = drawing.inches_of(axes)
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    for i, text in enumerate(texts):
        drawing.write(axes, left + side + GAP, above + (i + 0.5) * cell, text, points)
    for i, text in enumerate(texts):
        x, y = left + (i + 0.5) * cell, above + side + GAP
        drawing.write(axes, x, y, text, points, rotation=90, ha="center", va="top")
    image = axes.imshow(
        values,
        COLOURS,
        aspect="auto",
        interpolation="none",
        extent=(left, left + side, above + side, above),
        vmin=bounds and bounds[0],
        vmax=bounds and bounds[1],
    )
    axes.set_xlim(0, width)  # which the picture changes
    axes.set_ylim(height, 0)
    _fill(axes, image, values, (left, above, cell))
    _bar(axes, image, (width - BAR_INCHES, above, min(side, 3.0)), quantity)
    if tree is not None:
        leaves = [leaf for leaf in tree.leaf if leaf is not None]
        rows = {leaf: above + (i + 0.5) * cell for i, leaf in enumerate(leaves)}
        place = GAP + drawing.places(tree) * (branch - GAP / 2)
        lines = drawing.branches(tree, drawing.middle_rows(tree, rows), place)
        axes.add_collection(LineCollection(lines, colors=drawing.BRANCH, linewidths=0.8))
    if title:
        drawing.write(axes, left, above / 2, drawing.shown(title, 200), 11)
    return axes


def _checked(matrix: Any, names: Sequence[str]) -> FloatArray:
    """Return a matrix as an array of numbers."""
    check_several(names, "names of rows", HierarchyError)
    try:
        values = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise HierarchyError(f"the matrix is {shown(matrix)}; give numbers, n rows of n.") from None
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not len(values):
        raise HierarchyError(f"the matrix has the shape {values.shape}; give n rows of n numbers.")
    if len(names) != len(values):
        raise HierarchyError(
            f"{counted(len(names), 'name')} for a matrix of {counted(len(values), 'row')}; give "
            "each one."
        )
    if np.isinf(values).any():
        raise HierarchyError("the matrix holds an infinite number; leave such cells out as NaN.")
    return values


def _rows_by(by: Any, names: Sequence[str]) -> tuple[Hierarchy | None, list[int]]:
    """Return the tree beside the rows, if any, and the order that it puts them in."""
    if by is None:
        return None, list(range(len(names)))
    if isinstance(by, Hierarchy):
        if len(set(names)) < len(names):
            raise HierarchyError("Two rows have one name; a tree could not tell them apart.")
        check_same_labels(sorted(names), by.leaves, HierarchyError, ("the matrix", "the tree"))
        row = {name: i for i, name in enumerate(names)}
        return by, [row[leaf] for leaf in by.leaf if leaf is not None]
    n, merges = len(names), np.asarray(by)
    made = np.arange(n, 2 * n - 1)[:, None]
    if merges.shape != (n - 1, 4) or not ((merges[:, :2] >= 0) & (merges[:, :2] < made)).all():
        raise HierarchyError(
            f"`by` is neither a tree nor a linkage matrix over {n} rows; give one of these."
        )
    parent = np.full(2 * n - 1, -1)
    parent[merges[:, :2].astype(np.int64)] = made
    tree = Hierarchy.from_raw(
        RawTree(
            parent=parent.tolist(),
            leaf=[*(f"{i:09d}" for i in range(n)), *[None] * (n - 1)],
            height=[*[0.0] * n, *merges[:, 2].tolist()],
        )
    )
    return tree, [int(leaf) for leaf in tree.leaf if leaf is not None]


def _page(axes: Axes | None, texts: Sequence[str], left: float, above: float) -> tuple[Axes, float]:
    """Return axes and how many inches a cell of them has: those given, or new ones."""

    def around(cell: float) -> tuple[float, float]:
        room = drawing.widest_inches(texts, drawing.row_points(cell)) + 2 * GAP
        return left + room + BAR_INCHES, above + room

    rows = len(texts)
    if axes is not None:
        width, height = drawing.inches_of(axes)
        beside, over = around(min(width, height) / rows)
        return axes, max(0.01, min(width - beside, height - over) / rows)
    cell = CELL_INCHES if rows <= MOST_WRITTEN else drawing.row_inches(rows)
    beside, over = around(cell)
    return drawing.page(beside + cell * rows, max(over + cell * rows, 1.8)), cell


def _fill(axes: Axes, image: Any, values: FloatArray, corner: tuple[float, float, float]) -> None:
    """Write few values into their cells, and put a stroke into empty ones."""
    left, above, cell = corner
    points = min(8.0, 0.28 * 72 * cell)
    few = len(values) <= MOST_WRITTEN and points >= LEAST_POINTS
    for i, j in np.ndindex(values.shape):
        value = values[i, j]
        if not few and not np.isnan(value):
            continue
        red, green, blue, _ = image.cmap(image.norm(value))
        dark = np.isfinite(value) and 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        text = "–" if np.isnan(value) else f"{value:.2f}" if abs(value) < 100 else f"{value:.3g}"
        style = {"ha": "center", "color": "white" if dark else "black"}
        drawing.write(
            axes, left + (j + 0.5) * cell, above + (i + 0.5) * cell, text, points, **style
        )


def _bar(axes: Axes, image: Any, corner: tuple[float, float, float], quantity: str) -> None:
    """Draw what the colours stand for, some inches high."""
    x, y, inches = corner
    width, height = drawing.inches_of(axes)
    inner = axes.inset_axes((x / width, 1 - (y + inches) / height, 0.15 / width, inches / height))
    bar = axes.figure.colorbar(image, cax=inner)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7, length=2)
    if quantity:
        bar.ax.set_ylabel(drawing.shown(quantity, 60), fontsize=8, parse_math=False)
