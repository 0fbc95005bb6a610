"""Quartets of labels in four different rows and four different columns of one table.

The *table* of two nodes (u, v) has a row for each child of u and one for what is outside u, a
column for each child of v and one for what is outside v; its cells count the labels that are in
both. The rows and columns of light children (see `taxonomy.comparison.heavy_paths`) have few labels
in common; all others are in two cells of each, with the other node's heavy child and outside. Sums
are modulo 2**64, which is exact as long as the result is smaller.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taxonomy._core.arrays import IntArray

WORD = 2**64


class Lights:
    """The light rows, or the light columns, of tables.

    Args:
        table: the table of each.
        heavy: its labels in the heavy child of the other node.
        outside: its labels outside the other node.
        tables: how many tables there are.
        line: the light row, or column, of each cell of light rows with light columns.
        count: the labels in each of these.
    """

    def __init__(
        self,
        table: IntArray,
        heavy: IntArray,
        outside: IntArray,
        tables: int,
        line: IntArray,
        count: IntArray,
    ) -> None:
        self.table, self.heavy, self.outside, self.line = table, heavy, outside, line
        self.tables = tables
        self.inner = self.by_line(count)
        self.total = heavy + outside + self.inner
        self.inner_squares = self.by_line(count**2)
        self.squares = heavy**2 + outside**2 + self.inner_squares
        self.all_heavy, self.all_outside = self.by_table(heavy), self.by_table(outside)
        self.heavy_squares, self.outside_squares = (
            self.by_table(heavy**2),
            self.by_table(outside**2),
        )
        self.products = self.by_table(heavy * outside)

    def pairs_with(self, across: Lights) -> IntArray:
        """Return of each table twice the pairs of labels in different of these lines and others.

        Others are the light lines across, the heavy child and the outside.
        """
        pairs = self.by_table(self.total) ** 2 - self.all_heavy**2 - self.all_outside**2
        pairs -= across.by_table(across.inner**2)
        return pairs + self.by_table(self.squares - self.total**2)

    def by_line(self, values: IntArray) -> IntArray:
        """Return the sum of cells' values, of each line; sums below 2**53."""
        return np.bincount(self.line, values, len(self.table)).astype(np.int64)

    def by_table(self, values: IntArray) -> IntArray:
        """Return the sum of lines' values, of each table; sums below 2**53."""
        return np.bincount(self.table, values, self.tables).astype(np.int64)


class Tables:
    """Tables of u and v over the same labels.

    Args:
        n: the labels of each table.
        rows: rows of light children.
        columns: columns of light children.
        corners: shape (2, 2, tables), the labels in u's heavy child and outside u, by those in v's
            heavy child and outside v.
        count: the labels in cells of `rows` with `columns`.
    """

    def __init__(
        self, n: int, rows: Lights, columns: Lights, corners: IntArray, count: IntArray
    ) -> None:
        self.n, self.rows, self.columns, self.corners, self.count = n, rows, columns, corners, count
        # Of heavy children and outsides: labels, and the sum of squared cells.
        self.row_totals: IntArray = corners.sum(axis=1) + np.array(
            [columns.all_heavy, columns.all_outside]
        )
        self.column_totals: IntArray = corners.sum(axis=0) + np.array(
            [rows.all_heavy, rows.all_outside]
        )
        squares = corners**2
        self.row_squares: IntArray = squares.sum(axis=1) + np.array(
            [columns.heavy_squares, columns.outside_squares]
        )
        self.column_squares: IntArray = squares.sum(axis=0) + np.array(
            [rows.heavy_squares, rows.outside_squares]
        )

    def four_apart(self) -> int:
        """Return 24 times the quartets in different rows and different columns of one table.

        They are counted by inclusion and exclusion over which of four labels share a row and which
        share a column: sums over cells, rows, columns and whole tables of their counts' powers.
        """
        rows, columns = self.rows, self.columns
        spread = rows.by_table(rows.total**2 - rows.squares) + columns.by_table(columns.total**2)
        spread += (self.row_totals**2 - self.row_squares + self.column_totals**2).sum(axis=0)
        total = self.n**4 * len(spread) + 3 * int(np.sum(spread**2))
        return total + self._of_lines() + self._of_cells() + 6 * self._cycles()

    def _of_lines(self) -> int:
        total = 0
        for one, other, totals, squares, across, corners in (
            (
                self.rows,
                self.columns,
                self.row_totals,
                self.row_squares,
                self.column_totals,
                self.corners,
            ),
            (
                self.columns,
                self.rows,
                self.column_totals,
                self.column_squares,
                self.row_totals,
                self.corners.swapaxes(0, 1),
            ),
        ):
            beside = one.by_line(self.count * other.total[other.line])
            beside += one.heavy * across[0][one.table] + one.outside * across[1][one.table]
            total += _lines(self.n, one.total, one.squares, beside)
            beside = (corners * across).sum(axis=1)
            beside += np.array(
                [other.by_table(x * other.total) for x in (other.heavy, other.outside)]
            )
            total += _lines(self.n, totals, squares, beside)
        return total

    def _of_cells(self) -> int:
        rows, columns = self.rows, self.columns
        total = _cells(self.n, self.count, rows.total[rows.line], columns.total[columns.line])
        for one, totals in ((rows, self.column_totals), (columns, self.row_totals)):
            for count, beside in zip((one.heavy, one.outside), totals, strict=True):
                total += _cells(self.n, count, one.total, beside[one.table])
        return total + _cells(self.n, self.corners, self.row_totals[:, None], self.column_totals)

    def _cycles(self) -> int:
        """Return the cycles of four: two rows with two columns, each two of which share a cell."""
        rows, columns = self.rows, self.columns
        total = _inner_cycles(rows, columns, self.count)
        for beside in (rows.heavy, rows.outside):
            total += 2 * int(np.sum(columns.by_line(self.count * beside[rows.line]) ** 2))
        squares = rows.heavy_squares**2 + rows.outside_squares**2 + 2 * rows.products**2
        total += int(np.sum(squares))
        for beside, (one, other) in zip(
            (columns.heavy, columns.outside), self.corners, strict=True
        ):
            shared = rows.by_line(self.count * beside[columns.line])
            shared += one[rows.table] * rows.heavy + other[rows.table] * rows.outside
            total += 2 * int(np.sum(shared**2))
        shared = columns.products + (self.corners[0] * self.corners[1]).sum(axis=0)
        return total + int(np.sum(self.row_squares**2)) + 2 * int(np.sum(shared**2))


def _lines(n: int, total: IntArray, squares: IntArray, across: IntArray) -> int:
    """Return the terms of rows, or of columns.

    Args:
        n: labels in a table.
        total: labels in each row.
        squares: the sum of its squared cells.
        across: the sum of its cells, each times its column's total.
    """
    return int(
        np.sum(
            total**2 * (8 * n * total - 6 * n**2 - 6 * total**2)
            + across * (24 * squares - 12 * across)
            - 18 * squares**2
        )
    )


def _cells(n: int, count: IntArray, row: IntArray, column: IntArray) -> int:
    """Return the terms of cells, with the totals of their rows and columns."""
    both = row + column
    product = row * column
    inner = 36 * count**3 + (16 * n - 48 * both) * count**2
    inner += (6 * n**2 - 24 * n * both + 36 * both**2 - 24 * product) * count
    inner += 24 * product * (n - both)
    return int(np.sum(inner * count))


def _inner_cycles(rows: Lights, columns: Lights, count: IntArray) -> int:
    """Return the sum over two light rows of their product squared, of light columns alone."""
    from scipy.sparse import csr_array

    tall, wide = np.bincount(columns.line), np.bincount(rows.line)
    # The product of a table with itself is as large as its longer lines squared: take the shorter.
    table = rows.table[rows.line]
    by_rows = np.bincount(table, tall[columns.line]) <= np.bincount(table, wide[rows.line])
    total = 0
    for kept, one, other in ((by_rows[table], rows, columns), (~by_rows[table], columns, rows)):
        if kept.any():
            shape = (len(one.table), len(other.table))
            matrix: Any = csr_array((count[kept], (one.line[kept], other.line[kept])), shape=shape)
            total += int(np.sum((matrix @ matrix.T).data ** 2))
    return total
