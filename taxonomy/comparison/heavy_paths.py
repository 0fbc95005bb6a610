"""Labels on two trees' heavy paths, for sums over every two nodes that deep trees do not slow.

A *heavy path* goes down from its top to a leaf, always into the child with the most labels. Every
node lies on one path, and a label below many nodes is below few paths: at most log2(n) + 1 (Sleator
& Tarjan 1983, Journal of Computer and System Sciences 26). Where a label leaves a path it does so
from one of the path's nodes into one of that node's *light* children; at the path's end it is the
leaf itself. A *point* is a label with a path of each tree that it is below: its row is the light
child of the one path, its column that of the other. All points with the same two paths are a
*group*. What two nodes u and v share are the points of their paths' group that leave neither path
above them, so that sums over every two nodes become sums over points, of counts of points in
corners of their group. There are at most n (log2(n) + 1)**2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taxonomy._core.arrays import BoolArray, IntArray
from taxonomy.comparison.halving import Halving, halvings
from taxonomy.trees.hierarchy import Hierarchy

BLOCK = 1_000_000
"""Points in memory at once, roughly; never less than those of one path."""


class HeavyPaths:
    """Where every label leaves the heavy paths it is below.

    Args:
        tree: a tree.
        least: paths with fewer labels are left out.

    Attributes:
        label: the label of each place, as a position in ``tree.leaves``, ascending.
        path: the entry that is its path's top.
        node: where it leaves the path: the path's nodes are numbered upwards, the leaf first.
        child: the light child, numbered in the order of the nodes they are below.
        entries: how many entries the tree has.
        wide: by number of node, whether it has more than two children.
        size: by number of node, the labels below it.
        light: by number of node, those below its light children; 1 at a path's end.
        child_size: by number of light child, the labels below it.
    """

    def __init__(self, tree: Hierarchy, least: int = 1) -> None:
        entries = np.arange(len(tree))
        size, above = tree.leaf_counts, np.maximum(tree.parent, 0)
        by_size = 1 + np.argsort(size[1:], kind="stable")
        heavy = np.zeros(len(tree), dtype=np.int64)
        heavy[above[by_size]] = by_size  # of several the last stays
        top = np.where(heavy[above] == entries, above, entries)
        top[0] = 0
        while True:  # each round doubles how far up an entry has looked
            higher = top[top]
            if np.array_equal(higher, top):
                break
            top = higher
        # In preorder a path's entries ascend downwards.
        upwards = np.lexsort((-entries, top))
        number = np.empty_like(upwards)
        number[upwards] = entries
        leaves = np.where((top == entries) & (entries > 0), number[above], number)
        light = np.empty_like(upwards)
        by_node = np.argsort(leaves, kind="stable")
        light[by_node] = entries
        label = np.arange(len(tree.leaves))
        at = child = tree.leaf_entries
        found = []
        while len(label):
            some = size[top[at]] >= least
            found.append((label[some], top[at][some], number[at][some], light[child][some]))
            child = top[at]
            below = child > 0
            label, child = label[below], child[below]
            at = above[child]
        label, self.path, self.node, self.child = map(np.concatenate, zip(*found, strict=True))
        order = np.argsort(label, kind="stable")
        self.label: IntArray = label[order]
        self.path, self.node, self.child = self.path[order], self.node[order], self.child[order]
        self.entries = len(tree)
        self.wide: BoolArray = np.bincount(above[1:], minlength=len(tree))[upwards] > 2
        self.size: IntArray = size[upwards]
        self.light: IntArray = self.size - np.where(tree.is_leaf, 0, size[heavy])[upwards]
        self.child_size: IntArray = size[by_node]


@dataclass(frozen=True)
class Lines:
    """The rows, or the columns, of groups of points.

    All arrays have a value for each point, in the order of groups, nodes of the lines' tree and
    nodes of the other, upwards both, unless they say otherwise. *Up to* means from a path's end up
    to the point's node, which it includes.

    Attributes:
        order: the points in the order of `Points`, by place here.
        first: the first place of the points that leave from the same node.
        last: the place after the last of them.
        start: the first place of those that share the other node too.
        stop: the place after the last of those.
        by_line: the places in an order in which points of the same line and other node are
            neighbours.
        before: points of the same line with a smaller place; those at one node in any order.
        below: points of the same line below the other node, on its path.
        upto: those and the ones at that node.
        of_line: points of the same line.
        of_cell: points of the same line and the same line of the other tree.
    """

    order: IntArray
    first: IntArray
    last: IntArray
    start: IntArray
    stop: IntArray
    by_line: IntArray
    before: IntArray
    below: IntArray
    upto: IntArray
    of_line: IntArray
    of_cell: IntArray


@dataclass(frozen=True)
class Spots:
    """Every two nodes that points are at, in the order of `Points`.

    Attributes:
        at: the first point of each.
        count: how many it has.
        of: of each point its spot.
        column: the number of each in the order of columns.
    """

    at: IntArray
    count: IntArray
    of: IntArray
    column: IntArray

    @cached_property
    def by_column(self) -> IntArray:
        """The spots in the order of columns."""
        order = np.empty_like(self.column)
        order[self.column] = np.arange(len(order))
        return order


class Points:
    """Groups of points.

    Args:
        group: the number of each point's group, ascending. The fewer of them have many rows and
            high numbers, the less there is to halve.
        rows: of every point the node and the light child, numbered as in `HeavyPaths`.
        columns: the same of the other tree.
        a: the paths of the rows.
        b: the paths of the columns.
    """

    def __init__(
        self,
        group: IntArray,
        rows: tuple[IntArray, IntArray],
        columns: tuple[IntArray, IntArray],
        a: HeavyPaths,
        b: HeavyPaths,
    ) -> None:
        # No sum depends on the order of points at the same two nodes: no sort need be stable.
        order = np.argsort((group * a.entries + rows[0]) * b.entries + columns[0])
        self.group: IntArray = group[order]
        self.rows = rows[0][order], rows[1][order]
        self.columns = columns[0][order], columns[1][order]
        self.a, self.b = a, b

    @cached_property
    def row_lines(self) -> Lines:
        """What there is of the points' rows."""
        return _lines(self.group, self.rows, self.columns, self.a, self.b, None)

    @cached_property
    def column_lines(self) -> Lines:
        """What there is of the points' columns."""
        by_column = (self.group * self.b.entries + self.columns[0]) * self.a.entries + self.rows[0]
        order = np.argsort(by_column)
        return _lines(self.group, self.columns, self.rows, self.b, self.a, order)

    @cached_property
    def group_start(self) -> IntArray:
        """The first place of each point's group."""
        return _runs(_changes(self.group))[0]

    @cached_property
    def by_column(self) -> IntArray:
        """Of each point the place in the order of the column lines."""
        place = np.empty_like(self.group)
        place[self.column_lines.order] = np.arange(len(place))
        return place

    @cached_property
    def spots(self) -> Spots:
        """The nodes u and v that have points."""
        rows, columns = self.row_lines, self.column_lines
        place = np.arange(len(self.group))
        new = rows.start == place
        at = np.flatnonzero(new)
        number = np.cumsum(columns.start == place) - 1
        column = number[self.by_column[at]]
        return Spots(at, rows.stop[at] - at, np.cumsum(new) - 1, column)

    @cached_property
    def halvings(self) -> list[Halving]:
        """How groups are halved by their rows, from whole groups down to single rows.

        In the order of columns at first, and in that of rows at the end.
        """
        spots = self.spots
        start, first = (spots.of[x[spots.at]] for x in (self.group_start, self.row_lines.first))
        return list(halvings(start, first, spots.by_column, spots.count))

    @cached_property
    def corner(self) -> IntArray:
        """The points of its group up to both nodes of each spot: what these share."""
        spots, rows = self.spots, self.row_lines
        below = np.zeros(len(spots.at), dtype=np.int64)
        for halves in reversed(self.halvings):
            below[: len(halves.to)] = below[halves.to] + halves.low * halves.upper
        # Of lower rows those before it in the order of columns; of its row those up to the column.
        corner: IntArray = below[spots.column] + (rows.stop - rows.first)[spots.at]
        return corner


def points(a: Hierarchy, b: Hierarchy, least: int) -> Iterator[Points]:
    """Yield the points of two trees over the same labels; every group is in one of the blocks.

    Args:
        a: the tree of the rows.
        b: the tree of the columns.
        least: groups with fewer points are left out.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    >>> (block,) = points(a, b, 2)
    >>> block.corner.tolist()  # a group of four labels, and one of two
    [1, 2, 3, 4, 1, 1]
    """
    one, other = HeavyPaths(a, least), HeavyPaths(b, least)
    begin = np.searchsorted(other.label, np.arange(len(b.leaves) + 1))
    by_path = np.argsort(one.path, kind="stable")
    many = np.diff(begin)[one.label[by_path]]
    paths = np.flatnonzero(_changes(one.path[by_path]))
    spent = np.append(0, np.cumsum(many))
    ends = np.append(paths[1:], len(by_path))
    first = 0
    while first < len(paths):
        limit = spent[paths[first]] + BLOCK
        last = max(first + 1, int(np.searchsorted(spent[ends], limit, "right")))
        span = slice(paths[first], ends[last - 1])
        here, count = by_path[span], many[span]
        there = np.repeat(begin[one.label[here]] - np.cumsum(count) + count, count)
        there += np.arange(len(there))
        found = _grouped(one, other, np.repeat(here, count), there, least)
        if found is not None:
            yield found
        first = last


def _grouped(
    one: HeavyPaths, other: HeavyPaths, here: IntArray, there: IntArray, least: int
) -> Points | None:
    pair = one.path[here] * other.entries + other.path[there]
    by_row = pair * one.entries + one.node[here]
    order = np.argsort(by_row)
    by_row = by_row[order]
    starts = np.flatnonzero(_changes(pair[order]))
    size = np.diff(np.append(starts, len(order)))
    kept = size >= least
    if not kept.any():
        return None
    rows = np.add.reduceat(_changes(by_row), starts, dtype=np.int64)[kept]
    group = np.empty_like(rows)
    group[np.argsort(-rows, kind="stable")] = np.arange(len(rows))
    order = order[np.repeat(kept, size)]
    here, there = here[order], there[order]
    return Points(
        np.repeat(group, size[kept]),
        (one.node[here], one.child[here]),
        (other.node[there], other.child[there]),
        one,
        other,
    )


def _lines(
    group: IntArray,
    line: tuple[IntArray, IntArray],
    across: tuple[IntArray, IntArray],
    of: HeavyPaths,
    to: HeavyPaths,
    order: IntArray | None,
) -> Lines:
    """Return the lines of points, given in the order of `Points`, and the order they are to get."""
    if order is None:
        order = np.arange(len(group))
    node, child = line[0][order], line[1][order]
    other, cell = across[0][order], across[1][order]
    at_node = _changes(group, node)
    at_both = at_node | _changes(other)
    first, last = _runs(at_node)
    start, stop = _runs(at_both)
    place = np.arange(len(group))
    if not of.wide.any() and not to.wide.any():
        values = [place - first, start - first, stop - first, last - first, stop - start]
        return Lines(order, first, last, start, stop, place, *values)
    # Light children are numbered in the order of the nodes.
    finer = np.argsort((group * of.entries + child) * to.entries + cell)
    at_child = _changes(group, child[finer])
    at_other = at_child | _changes(other[finer])
    begin, end = _runs(at_child)
    here, upto = _runs(at_other)
    cells, cells_end = _runs(at_other | _changes(cell[finer]))
    values = [place - begin, here - begin, upto - begin, end - begin, cells_end - cells]
    for i, value in enumerate(values):
        values[i] = np.empty_like(value)
        values[i][finer] = value
    return Lines(order, first, last, start, stop, finer, *values)


def _changes(*values: IntArray | BoolArray) -> BoolArray:
    """Return where any of the values differs from the one before; the first does."""
    changes = np.zeros(len(values[0]), dtype=bool)
    for value in values:
        changes[1:] |= value[1:] != value[:-1]
    changes[:1] = True
    return changes


def _runs(changes: BoolArray) -> tuple[IntArray, IntArray]:
    """Return for each place where its run starts, and the place after the run's last."""
    starts = np.flatnonzero(changes)
    lengths = np.diff(np.append(starts, len(changes)))
    return np.repeat(starts, lengths), np.repeat(starts + lengths, lengths)
