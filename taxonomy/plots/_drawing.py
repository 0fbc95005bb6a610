"""What all pictures of trees share: sizes, colours, texts from strangers, branches."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import printable
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe & Ito's colours, told apart with any colour vision, but for the yellow, pale on white."""
STRIKES = ("solid", (0, (4, 1.5)), (0, (1, 1.2)))
"""Strikes of lines beside the colours, so that no two of eighteen things differ by colour alone."""
BRANCH, FAINT, SMALL_PRINT = "0.55", "0.8", "0.35"
MOST_CHARACTERS = 28
LEAF_POINTS, NAME_POINTS = 7.5, 6.0
MOST_GROUPS = len(COLOURS) * len(STRIKES)
MANY = 300
"""From this number of rows on they stand closer, and texts are smaller."""


def row_inches(rows: int) -> float:
    """Return how far apart rows of text are; a page of a thousand is some two metres long."""
    return 0.15 if rows < MANY else 0.1


def row_points(inches: float) -> float:
    """Return the size of a text that fits into a row."""
    return min(LEAF_POINTS, 0.72 * 72 * inches)


def shown(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return a text as a picture shows it: on one line, cut, what cannot be seen escaped."""
    clean = printable(text).replace("\n", " ")
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def beside(leaf: str, names: Mapping[str, str] | None) -> str:
    """Return a leaf's id, and its name where that says something else, as a picture shows it."""
    name = (names or {}).get(leaf, leaf)
    return shown(f"{leaf} {name}" if name != leaf else leaf)


def text_inches(text: str, points: float) -> float:
    """Return about how wide a text is.

    A character of the font is on average 0.6 of its size, one of the wide scripts 1.
    """
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return (0.6 * (len(text) - wide) + wide) * points / 72


def widest_inches(texts: Iterable[str], points: float) -> float:
    """Return about how wide the widest of some texts is."""
    return max((text_inches(text, points) for text in texts), default=0.0)


def write(axes: Axes, x: float, y: float, text: str, points: float, **style: Any) -> None:
    """Write a text from a stranger: in it ``$`` begins no formula."""
    axes.text(x, y, text, fontsize=points, **{"va": "center", "parse_math": False, **style})


def page(width: float, height: float) -> Axes:
    """Return the axes of a new figure of some inches, which they fill, in inches from above."""
    return Figure(figsize=(width, height)).add_axes((0, 0, 1, 1))


def inches_of(axes: Axes) -> tuple[float, float]:
    """Return how wide and high axes are, in inches."""
    box = axes.get_window_extent()
    return box.width / axes.figure.dpi, box.height / axes.figure.dpi


def places(tree: Hierarchy) -> FloatArray:
    """Return every entry's place from the root, 0, to the leaves, 1.

    By merge heights or, without these, by depth; leaves are in one line.
    """
    if tree.merge_height is not None and tree.merge_height.max() > 0:
        return np.asarray(1 - tree.merge_height / tree.merge_height.max())
    deepest = max(1, int(tree.depth.max()))
    return np.asarray(np.where(tree.is_leaf, 1.0, tree.depth / deepest))


def middle_rows(tree: Hierarchy, rows: Mapping[str, float]) -> FloatArray:
    """Return every entry's row, a node's in the middle of its children's.

    Args:
        tree: of labels that have rows, or not; what is above none has NaN.
        rows: of labels.
    """
    row = np.array([np.nan if leaf is None else rows.get(leaf, np.nan) for leaf in tree.leaf])
    low, high = row.copy(), row.copy()
    for entry in range(len(tree) - 1, 0, -1):
        row[entry] = (low[entry] + high[entry]) / 2
        above = tree.parent[entry]
        low[above] = np.fmin(low[above], row[entry])
        high[above] = np.fmax(high[above], row[entry])
    row[0] = (low[0] + high[0]) / 2
    return row


def branches(tree: Hierarchy, row: FloatArray, place: FloatArray) -> list[FloatArray]:
    """Return the lines of a tree: along each branch, and across each node's children.

    Args:
        tree: what is drawn.
        row: of every entry; NaN for those that are left out.
        place: of every entry, along the other axis.

    Returns:
        of each line two points, (place, row).
    """
    there = np.flatnonzero(~np.isnan(row[1:])) + 1
    above = tree.parent[there]
    low, high = (np.full(len(tree), end) for end in (np.inf, -np.inf))
    np.minimum.at(low, above, row[there])
    np.maximum.at(high, above, row[there])
    nodes = np.unique(above)
    along = np.stack([place[above], row[there], place[there], row[there]], axis=1)
    across = np.stack([place[nodes], low[nodes], place[nodes], high[nodes]], axis=1)
    return list(np.concatenate([across, along]).reshape(-1, 2, 2))


def main_groups(tree: Hierarchy) -> list[int]:
    """Return the nodes whose classes are told apart by colour: the root's children, or below.

    In the place of one that holds more than a third of all classes stand the nodes below it, so
    that a tree that parts late is not drawn in a single colour.

    >>> main_groups(Hierarchy.from_nested([[["ant", "bee"], ["cat", "dog"]], "eel"]))
    [2, 5]
    """

    def below(node: int) -> list[int]:
        return [child for child in tree.children(node) if not tree.is_leaf[child]]

    counts, found = tree.leaf_counts, below(0)
    while found:
        node = max(found, key=lambda node: (counts[node], -node))
        within = below(node)
        if 3 * counts[node] <= counts[0] or not within or len(found) + len(within) > MOST_GROUPS:
            break
        found = [*(other for other in found if other != node), *within]
    return sorted(found)


def group_of(tree: Hierarchy, order: Iterable[str] = ()) -> IntArray:
    """Return, for every entry, the number of its group in `main_groups`, and -1 above these.

    Args:
        tree: what is drawn.
        order: of its leaves from first to last, so that neighbours have different colours; left
            out, the tree's own.
    """
    owner = np.full(len(tree), -1)
    for node in main_groups(tree):
        owner[node : tree.stop[node]] = node
    entry = dict(zip(tree.leaves, tree.leaf_entries.tolist(), strict=True))
    leaves = [entry[leaf] for leaf in order] or np.flatnonzero(tree.is_leaf)
    number = {-1: -1}
    for node in owner[leaves].tolist():
        number.setdefault(node, len(number) - 1)
    return np.array([number[node] for node in owner.tolist()])


def colour(group: int) -> str:
    """Return a group's colour; grey for none."""
    return BRANCH if group < 0 else COLOURS[group % len(COLOURS)]


def strike(group: int) -> Any:
    """Return how a group's lines are struck: another way when all colours were used."""
    return "solid" if group < 0 else STRIKES[group // len(COLOURS) % len(STRIKES)]
