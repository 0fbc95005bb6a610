"""Two trees face to face, with lines between equal classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.collections import LineCollection

from taxonomy._core.checked import check_kind
from taxonomy._core.errors import HierarchyError
from taxonomy._core.spelling import counted
from taxonomy.plots import _drawing as drawing
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.untangling import displaced, untangle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TREE_INCHES, LINES_INCHES, GAP, EDGE = 1.8, 2.4, 0.06, 0.1
ABOVE, BELOW = 0.45, 0.35
"""Inches for the titles, and for the small print."""


def plot_tanglegram(
    first: Hierarchy,
    second: Hierarchy,
    *,
    names: Sequence[str] = ("first", "second"),
    moved: Collection[str] | None = None,
    labels: Mapping[str, str] | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw two trees face to face, with a line between the two places of every class.

    The children of nodes are put in an order in which few lines cross (`taxonomy.trees.untangle`).
    The lines of classes that moved are thick, their names bold, and both have the colour and the
    strike of the group that the class has in the first tree; all other lines are thin and
    grey. A class that only one tree has is written in grey italics. Places are those of
    `tree_figure`.

    Args:
        first: the left tree.
        second: the right tree.
        names: what the two are called.
        moved: ids of the classes that moved, such as the first of
            `taxonomy.comparison.moved`; left out, the fewest whose lines have to go for no two
            to cross.
        labels: names of classes, by id, which are written beside the ids.
        axes: to draw in, with texts as large as fit there; left out, axes of a new figure, as
            large as the trees need.

    Returns:
        the axes, whose ``figure`` `save_figure` writes.

    Raises:
        HierarchyError: something else than trees and two names, or no class in common.

    >>> one = Hierarchy.from_nested([["ant", "bee"], ["cat", "dog"]])
    >>> other = Hierarchy.from_nested([["ant", "dog"], ["cat", "bee"]])
    >>> axes = plot_tanglegram(one, other, names=("by legs", "by letters"))
    >>> [text.get_text() for text in axes.texts][-1]
    '1 of 4 classes moved; 1 of 6 pairs of lines cross'
    """
    check_kind(first, Hierarchy, "the first tree", HierarchyError)
    check_kind(second, Hierarchy, "the second tree", HierarchyError)
    if isinstance(names, str) or len(names) != 2:
        raise HierarchyError("`names` are two texts, one for either tree.")
    shared = set(first.leaves) & set(second.leaves)
    if not shared:
        raise HierarchyError("The two trees have no class in common; no line could be drawn.")
    found = untangle(first, second)
    orders = found.first, found.second
    chosen = displaced(*orders) if moved is None else frozenset(moved) & shared
    texts = {leaf: drawing.beside(leaf, labels) for order in orders for leaf in order}
    axes, inches = _page(axes, texts, max(map(len, orders)))
    width, height = drawing.inches_of(axes)
    points = drawing.row_points(inches)
    room = _room(texts, points)
    branch = max(0.1, (width - 2 * room) * TREE_INCHES / (2 * TREE_INCHES + LINES_INCHES))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    number = drawing.group_of(first, found.first).clip(0)
    groups = dict(zip(first.leaves, number[first.leaf_entries].tolist(), strict=True))
    rows = []
    for tree, order, name, left in zip((first, second), orders, names, (True, False), strict=True):
        # The shorter of two lists is spread over the height of the longer.
        step = (height - ABOVE - BELOW) / len(order)
        rows.append({leaf: ABOVE + (i + 0.5) * step for i, leaf in enumerate(order)})
        place = drawing.places(tree) * (branch - EDGE) + EDGE
        lines = drawing.branches(tree, drawing.middle_rows(tree, rows[-1]), place)
        root, end = (0.0, branch) if left else (width, width - branch)
        for line in lines:
            line[:, 0] = abs(root - line[:, 0])
        axes.add_collection(LineCollection(lines, colors=drawing.BRANCH, linewidths=0.8))
        toward, align = (1, "left") if left else (-1, "right")
        drawing.write(axes, root + toward * EDGE, ABOVE / 2, drawing.shown(name), 10, ha=align)
        for leaf, row in rows[-1].items():
            style = _style(leaf, chosen, shared, groups)
            drawing.write(axes, end + toward * GAP, row, texts[leaf], points, ha=align, **style)
    _lines(axes, rows, chosen, groups, (branch + room, width - branch - room))
    drawing.write(
        axes,
        width / 2,
        height - BELOW / 2,
        _note(len(shared), len(chosen), found.crossings),
        8,
        ha="center",
        color=drawing.SMALL_PRINT,
    )
    return axes


def _page(axes: Axes | None, texts: Mapping[str, str], rows: int) -> tuple[Axes, float]:
    """Return axes and the inches of a row in them: those given, or new ones as large as needed."""
    if axes is not None:
        return axes, max(0.01, drawing.inches_of(axes)[1] - ABOVE - BELOW) / rows
    inches = drawing.row_inches(rows)
    room = _room(texts, drawing.row_points(inches))
    width = 2 * (TREE_INCHES + room) + LINES_INCHES
    return drawing.page(width, inches * rows + ABOVE + BELOW), inches


def _room(texts: Mapping[str, str], points: float) -> float:
    """Return how wide the texts are, some of which are bold."""
    return 1.1 * drawing.widest_inches(texts.values(), points) + 2 * GAP


def _style(
    leaf: str, moved: Collection[str], shared: Collection[str], groups: Mapping[str, int]
) -> dict[str, Any]:
    if leaf in moved:
        return {"color": drawing.colour(groups[leaf]), "weight": "bold"}
    return {} if leaf in shared else {"color": drawing.BRANCH, "style": "italic"}


def _lines(
    axes: Axes,
    rows: Sequence[Mapping[str, float]],
    moved: Collection[str],
    groups: Mapping[str, int],
    ends: tuple[float, float],
) -> None:
    """Draw the lines between equal classes, those of moved ones above the others."""
    one, other = rows
    still = [leaf for leaf in one if leaf in other and leaf not in moved]
    went = [leaf for leaf in one if leaf in moved]

    def between(leaves: list[str]) -> list[Any]:
        return [[(ends[0], one[leaf]), (ends[1], other[leaf])] for leaf in leaves]

    axes.add_collection(
        LineCollection(between(still), colors=drawing.FAINT, linewidths=0.7, zorder=1)
    )
    axes.add_collection(
        LineCollection(
            between(went),
            colors=[drawing.colour(groups[leaf]) for leaf in went],
            linestyles=[drawing.strike(groups[leaf]) for leaf in went],
            linewidths=1.4,
            zorder=2,
        )
    )


def _note(shared: int, moved: int, crossings: int) -> str:
    pairs = shared * (shared - 1) // 2
    crossing = counted(pairs, "pair")
    return (
        f"{moved:,} of {counted(shared, 'class')} moved; {crossings:,} of {crossing} of lines cross"
    )
