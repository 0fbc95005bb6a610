"""Quartet distance: how many sets of four labels two unrooted trees join differently."""

from __future__ import annotations

from math import comb, nan

import numpy as np

from taxonomy.comparison.cells import Cells, blocks
from taxonomy.comparison.heights import same_labels
from taxonomy.comparison.unresolved import WORD, four_apart
from taxonomy.trees.hierarchy import Hierarchy

MOST_LABELS = 55_000
"""Up to here 64 bits hold the counts: four labels of n can be ordered in less than 2**63 ways."""


def quartet_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return the share of sets of four labels that two trees join differently, exactly.

    Without a root four labels have four shapes: one of three ways to part them two by two
    (resolved), or all four paths meeting at one node (unresolved, a shape of its own). Range
    [0, 1], 0 for equal trees; lower is more similar. 0 too for three labels, which have no four.
    Where the root is plays no part, nor do heights and their ties: two trees that differ in their
    root alone have distance 0. A multiway node leaves quartets unresolved, and these differ from
    every resolved one: a star differs from a binary tree in all. Its mean under random relabelling
    is `expected_quartet_distance`, 2/3 for two binary trees. Time and memory as for
    `triplet_distance`; NaN, not computed, beyond 55,000 labels. Sources: Estabrook, McMorris &
    Meacham 1985, Systematic Zoology 34; Christiansen, Mailund, Pedersen, Randers & Stissing 2006,
    Algorithms for Molecular Biology 1, for sums over two nodes at a time, here over those that
    share labels.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> quartet_distance(a, b)  # cat, dog, owl with bus or car: two by two in one only
    0.4
    """
    same_labels(a, b)
    n = len(a.leaves)
    if n < 4:
        return 0.0
    if n > MOST_LABELS:
        return nan
    eightfold = unresolved = 0
    for cells in blocks(a, b):
        tables = _Tables(cells)
        eightfold += tables.eightfold_resolved()
        unresolved += tables.unresolved()
    return 1 - (eightfold // 8 + unresolved) / comb(n, 4)


def expected_quartet_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `quartet_distance` over all relabellings of one tree, exactly.

    As for triples: with u and v the shares of unresolved quartets, two random shapes agree with
    the chance ``u * v + (1 - u) * (1 - v) / 3``.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> round(expected_quartet_distance(a, a), 3)
    0.667
    """
    same_labels(a, b)
    n = len(a.leaves)
    if n < 4:
        return 0.0
    u, v = (unresolved_quartets(tree) / comb(n, 4) for tree in (a, b))
    return 1 - u * v - (1 - u) * (1 - v) / 3


def unresolved_quartets(tree: Hierarchy) -> int:
    """Return how many sets of four labels lie on four different edges of one node.

    >>> unresolved_quartets(Hierarchy.from_nested(["cat", "dog", ["bus", "car"], "owl"]))
    2
    """
    n, size = len(tree.leaves), tree.leaf_counts.tolist()
    total = 0
    for node in tree.nodes:
        around = [n - size[node], *(size[child] for child in tree.children(node))]
        ways = [1, 0, 0, 0, 0]  # to choose so many of them, one from each
        for count in around:
            ways = [1, *(ways[k] + count * ways[k - 1] for k in range(1, 5))]
        total += ways[4]
    return total


class _Tables:
    """Tables with a row more for what is outside u, and a column for what is outside v.

    A quartet xy|zw is seen twice in a tree: from the node at which z and w part, x and y lie in one
    part and z and w in two others, and the other way round. So twice the quartets that both trees
    resolve alike are, over all tables and over each cell, the pairs xy in the cell times the pairs
    zw in different other rows and different other columns.

    Attributes hold a value per cell (x, y), which may be a cell of a table, the sum of a row or of
    a column, or a whole table.
    """

    def __init__(self, cells: Cells) -> None:
        a, b, count = cells.a, cells.b, cells.count
        self.cells, self.count = cells, count
        self.size_a, self.size_b = a.size[cells.x], b.size[cells.y]
        self.only_a, self.only_b = self.size_a - count, self.size_b - count
        self.neither = int(a.size[0]) - self.size_a - self.only_b
        # Over the columns of a row (x, v), and over the rows of a column (u, y).
        self.row_squares = cells.over_columns(count**2)
        self.column_squares = cells.over_rows(count**2)
        self.row_sizes = cells.over_columns(count * self.size_b)
        self.column_sizes = cells.over_rows(count * self.size_a)
        at, self.tables = cells.tables, cells.tables
        self.all_squares = cells.over_rows(self.row_squares)[at]
        # The squares of the column outside v, child by child of u, and of the row outside u.
        self.squares_a, self.squares_b = a.squares[cells.x[at]], b.squares[cells.y[at]]
        self.outer_column = self.squares_a - 2 * self.column_sizes[at] + self.column_squares[at]
        self.outer_row = self.squares_b - 2 * self.row_sizes[at] + self.row_squares[at]

        same = self.row_squares[at] + self.column_squares[at] - self.all_squares
        # Twice the pairs below u and v in different rows and columns.
        self.pairs_inside = self.count[at] ** 2 - same

    def eightfold_resolved(self) -> int:
        """Return eight times the quartets that both trees resolve alike.

        Each is seen twice, and neither the pairs xy nor the pairs zw are halved.
        """
        return (self._xy_inside() + self._xy_outside() + self._xy_in_one()) % WORD

    def unresolved(self) -> int:
        """Return how many quartets both trees leave unresolved."""
        cells = self.cells
        wide_a, wide_b = (
            tree.children + (np.arange(len(tree.size)) > 0) > 3 for tree in (cells.a, cells.b)
        )
        if not (wide_a.any() and wide_b.any()):
            return 0
        at = self.tables
        wide = wide_a[cells.x[at]] & wide_b[cells.y[at]] & (self.pairs_inside > 0)
        return four_apart(cells, at[wide])

    def _xy_inside(self) -> int:
        """Count where x and y are below both u and v."""
        cells = self.cells
        at = np.flatnonzero((self.count > 1) & (cells.y > 0) & cells.is_row)
        row, column = cells.above_column[at], cells.above_row[at]
        # The pairs zw: squares of all that is left, less rows, less columns, and cells.
        of_table = np.zeros_like(self.count)
        of_table[self.tables] = self.all_squares + self.outer_row + self.outer_column
        of_table[self.tables] -= self.squares_a + self.squares_b
        apart = self.neither**2
        of_table += apart
        pairs = of_table[cells.above_row[row]]
        pairs += (2 * (self.row_sizes - self.row_squares) - apart - self.only_a**2)[row]
        pairs += (2 * (self.column_sizes - self.column_squares) - apart - self.only_b**2)[column]
        count = self.count[at]
        pairs += apart[at] + self.only_a[at] ** 2 + self.only_b[at] ** 2 + count**2
        return int(np.dot(count * (count - 1), pairs))

    def _xy_outside(self) -> int:
        """Count where x and y are below neither u nor v."""
        apart = self.neither[self.tables]
        return int(np.dot(apart * (apart - 1), self.pairs_inside))

    def _xy_in_one(self) -> int:
        """Count where x and y are below one of u and v only, in one child of it.

        For a child that shares nothing with the other node, z and w are any two below that one in
        different rows and columns; the others are corrected for.
        """
        cells, at = self.cells, self.tables
        is_row = cells.is_row & cells.b.inner[cells.y]
        is_column = cells.is_node & (cells.y > 0)
        rows = self.row_sizes - self.row_squares - self.count * self.only_b
        columns = self.column_sizes - self.column_squares - self.count * self.only_a
        found = 2 * int(np.dot(self.only_a * (self.only_a - 1) * is_row, rows))
        found += 2 * int(np.dot(self.only_b * (self.only_b - 1) * is_column, columns))
        pairs = (self.size_a**2 - self.only_a**2 - self.row_squares)[at]
        pairs += self.all_squares + self.outer_column - self.squares_a
        found += int(np.dot(self.outer_row - self.only_b[at], pairs))
        pairs = (self.size_b**2 - self.only_b**2 - self.column_squares)[at]
        pairs += self.all_squares + self.outer_row - self.squares_b
        return found + int(np.dot(self.outer_column - self.only_a[at], pairs))
