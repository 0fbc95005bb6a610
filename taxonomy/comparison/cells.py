"""How many labels each two clades of two trees share, as sparse tables of children by children.

A *cell* (x, y) counts the labels that are below both the entry x of one tree and the entry y of
the other; only cells that hold any are kept, at most n times the product of the depths for two
trees of n labels. The *table* of two inner nodes (u, v) is made of the cells of the children of u
with those of v. Metrics that look at every two nodes are sums over tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from taxonomy._core.arrays import BoolArray, IntArray
from taxonomy.trees.consensus import leaf_spans
from taxonomy.trees.hierarchy import Hierarchy

BLOCK = 1_000_000
"""Cells in memory at once, roughly; never less than those of one node's tables."""


class ByLevel:
    """A tree with its entries numbered level by level, so that siblings are neighbours.

    Attributes:
        entry: the tree's own entry of each number.
        parent: the number above each entry; the root's own is 0.
        size: labels below each.
        inner: whether each is an inner node.
        start: first place of its labels in preorder.
        depth: edges from the root.
        children: how many each has.
        place: of every label, in order of the ids, its place in preorder.
    """

    def __init__(self, tree: Hierarchy) -> None:
        order = np.argsort(tree.depth, kind="stable")
        number = np.empty_like(order)
        number[order] = np.arange(len(order))
        start = leaf_spans(tree)[0]
        self.entry: IntArray = order
        self.parent: IntArray = number[np.maximum(tree.parent[order], 0)]
        self.size: IntArray = tree.leaf_counts[order]
        self.inner: BoolArray = ~tree.is_leaf[order]
        self.start: IntArray = start[order]
        self.depth: IntArray = tree.depth[order]
        self.children = np.bincount(self.parent[1:], minlength=len(order))
        self.place: IntArray = start[tree.leaf_entries]

    def members(self, entries: IntArray) -> Any:
        """Return a sparse matrix of which places of labels are below which of the entries."""
        from scipy.sparse import csr_array

        size = self.size[entries]
        ends = np.cumsum(size)
        places = np.arange(ends[-1]) + np.repeat(self.start[entries] - ends + size, size)
        ones = np.ones(len(places), dtype=np.int32)
        return csr_array((ones, places, np.append(0, ends)), shape=(len(size), self.size[0]))


class Cells:
    """Cells of some inner nodes of one tree, and of all their children, with the other tree.

    Args:
        a: the tree the rows are of.
        b: the tree the columns are of.
        rows: the row of each cell, ascending.
        columns: the column of each.
        count: labels in each.
        first: the first of the inner nodes.
        last: the one after the last of them.

    Attributes:
        x: the row of each cell, ascending.
        y: the column of each, ascending within its row.
        count: labels in each.
    """

    def __init__(
        self,
        a: ByLevel,
        b: ByLevel,
        rows: IntArray,
        columns: IntArray,
        count: IntArray,
        first: int,
        last: int,
    ) -> None:
        # Two stable sorts, by columns and then by rows, give both orders.
        by_column = np.argsort(_narrow(columns, len(b.size)), kind="stable")
        self._x_by_column = _narrow(rows, len(a.size))[by_column]
        by_row = np.argsort(self._x_by_column, kind="stable")
        order = by_column[by_row]
        self.a, self.b = a, b
        self.x: IntArray = rows
        self.y: IntArray = columns[order].astype(np.int64)
        self.count: IntArray = count[order].astype(np.int64)
        self._by_column = np.empty_like(by_row)
        self._by_column[by_row] = np.arange(len(by_row))
        self._in_column = np.bincount(columns)
        inside = a.inner & (np.arange(len(a.size)) >= first) & (np.arange(len(a.size)) < last)
        self._is_child = inside[a.parent]
        self._is_child[0] = False
        self._is_node = inside

    @cached_property
    def tables(self) -> IntArray:
        """The places of the cells that are tables: both entries are inner nodes."""
        return np.flatnonzero(self.is_node & self.b.inner[self.y])

    @cached_property
    def is_row(self) -> BoolArray:
        """Whether each cell (x, y) is of a child x of the nodes, a row of their tables."""
        of_child: BoolArray = self._is_child[self.x]
        return of_child

    @cached_property
    def is_node(self) -> BoolArray:
        """Whether each cell (x, y) is of one of the nodes, a column of a table or a table."""
        of_node: BoolArray = self._is_node[self.x]
        return of_node

    def over_columns(self, values: IntArray) -> IntArray:
        """Return, per cell (x, v), the sum of the values of (x, y) over the children y of v."""
        return _sums(values, *self._columns)

    def over_rows(self, values: IntArray) -> IntArray:
        """Return, per cell (u, y), the sum of the values of (x, y) over the children x of u."""
        return _sums(values, *self._rows)

    @cached_property
    def _columns(self) -> tuple[IntArray, IntArray, IntArray]:
        """The cells below the root; where siblings start among them; the cells above these."""
        below = np.flatnonzero(self.y)
        changes = _changes(self.x[below], self.b.parent[self.y[below]])
        # Numbered by level, parents have the order of their children: the groups of a row are its
        # inner nodes.
        return below, np.flatnonzero(changes), np.flatnonzero(self.b.inner[self.y])

    @cached_property
    def _rows(self) -> tuple[IntArray, IntArray, IntArray]:
        """The cells of children, column by column; where siblings start; the cells above these."""
        rows = self._x_by_column
        inside = self._is_child[rows]
        column = np.repeat(np.arange(len(self._in_column)), self._in_column)
        changes = _changes(column[inside], self.a.parent[rows[inside]])
        return (
            self._by_column[inside],
            np.flatnonzero(changes),
            self._by_column[self._is_node[rows]],
        )


def blocks(a: Hierarchy, b: Hierarchy) -> Iterator[Cells]:
    """Yield the cells of two trees over the same labels; every table is in one block.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    >>> (cells,) = blocks(a, b)
    >>> cells.count[cells.tables].tolist()  # two nodes by three
    [4, 3, 2, 1, 2, 2]
    """
    one, other = ByLevel(a), ByLevel(b)
    place = np.empty_like(one.place)
    place[one.place] = other.place
    above = np.empty_like(one.place)
    above[one.place] = 1 + b.depth[b.leaf_entries]
    running = np.append(0, np.cumsum(above))
    work = running[one.start + one.size] - running[one.start]
    sparse = bool(work.sum() <= len(a) * len(b))
    holders = other.members(np.arange(len(b)))[:, place].T.tocsr() if sparse else None
    spent = np.append(0, np.cumsum(work if sparse else np.full(len(a), len(b))))
    ends = 1 + np.cumsum(one.children)
    first = 0
    while first < len(a):
        child = ends[first - 1] if first else 1
        last = max(first + 1, int(np.searchsorted(spent[ends], spent[child] + BLOCK, "right")))
        entries = np.union1d(np.arange(first, last), np.arange(child, ends[last - 1]))
        members = one.members(entries)
        shared = members @ holders if sparse else _by_running_sums(members, place, other)
        rows = np.repeat(entries, np.diff(shared.indptr))
        yield Cells(one, other, rows, shared.indices, shared.data, first, last)
        first = last


def twice_pairs(cells: Cells) -> IntArray:
    """Return twice the pairs of labels that meet at both nodes of each table."""
    square = cells.count**2
    square -= cells.over_columns(square)
    pairs: IntArray = (square - cells.over_rows(square))[cells.tables]
    return pairs


def meeting_pairs(a: Hierarchy, b: Hierarchy) -> tuple[IntArray, IntArray, IntArray]:
    """Return how many pairs of labels meet at which node of one tree and at which of the other.

    What a metric looks at pair by pair it has to look at for these only, with their numbers.

    >>> a = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> u, v, pairs = meeting_pairs(a, Hierarchy.from_nested([["cat", "car"], "dog"]))
    >>> sorted(zip(u.tolist(), v.tolist(), pairs.tolist()))  # cat and dog, car and dog, cat and car
    [(0, 0, 1), (0, 1, 1), (2, 0, 1)]
    """
    found = []
    for cells in blocks(a, b):
        pairs = twice_pairs(cells)
        some = np.flatnonzero(pairs)
        at = cells.tables[some]
        found.append((cells.a.entry[cells.x[at]], cells.b.entry[cells.y[at]], pairs[some] // 2))
    u, v, pairs = (np.concatenate(values) for values in zip(*found, strict=True))
    return u, v, pairs


def _by_running_sums(members: Any, place: IntArray, other: ByLevel) -> Any:
    """Return the product of members with what holds them in the other tree, row by row."""
    from scipy.sparse import csr_array

    running = np.zeros((members.shape[0], members.shape[1] + 1), dtype=np.int32)
    row = np.repeat(np.arange(members.shape[0]), np.diff(members.indptr))
    running[row, place[members.indices] + 1] = 1
    np.cumsum(running, axis=1, out=running)
    return csr_array(running[:, other.start + other.size] - running[:, other.start])


def _narrow(values: IntArray, below: int) -> Any:
    """Return values in the type that sorts fastest: numpy sorts 16 bits by their digits."""
    return values.astype(np.uint16) if below <= 1 << 16 else values


def _changes(one: IntArray, other: IntArray) -> BoolArray:
    """Return where either value differs from the one before; the first does."""
    changes = np.ones(len(one), dtype=bool)
    np.not_equal(one[1:], one[:-1], out=changes[1:])
    changes[1:] |= other[1:] != other[:-1]
    return changes


def _sums(values: IntArray, below: IntArray, starts: IntArray, targets: IntArray) -> IntArray:
    sums = np.zeros(len(values), dtype=np.int64)
    sums[targets] = np.add.reduceat(values[below], starts)
    return sums
