"""Quartets of labels that two trees both leave unresolved.

That is, of labels in so many different rows and different columns of one table. They are counted
by inclusion and exclusion over which of the labels share a row and which share a column: sums over
cells, rows, columns and whole tables of their counts' powers. All sums are modulo 2**64, which is
exact as long as the result is smaller.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taxonomy._core.arrays import BoolArray, IntArray
from taxonomy.comparison.cells import Cells

WORD = 2**64


class _Chosen:
    """The cells, rows and columns of some tables.

    Attributes:
        tables: places of the cells that are the tables.
        rows: those of (i, v), sums of tables' rows.
        columns: those of (u, j).
        inside: those of (i, j).
        row: of each inside its row.
        column: of each inside its column.
    """

    def __init__(self, cells: Cells, tables: IntArray) -> None:
        mark = np.zeros(len(cells.x), dtype=bool)
        mark[tables] = True
        self.tables = tables
        below: BoolArray = cells.y > 0
        self.rows = np.flatnonzero(cells.is_row & mark[cells.above_row] & cells.b.inner[cells.y])
        self.columns = np.flatnonzero(below & mark[cells.above_column])
        inside = np.flatnonzero(below & cells.is_row)
        row = cells.above_column[inside]
        chosen = mark[cells.above_row[row]]
        self.inside, self.row = inside[chosen], row[chosen]
        self.column = cells.above_row[self.inside]


def four_apart(cells: Cells, tables: IntArray) -> int:
    """Return how many quartets are in different rows and different columns of one table.

    Here a table has a row more for what is outside u, and a column for what is outside v. Rows
    that share nothing with v are one row: of them only the column outside has labels.

    Args:
        cells: of two trees.
        tables: the places of those looked at.
    """
    if not len(tables):
        return 0
    chosen = _Chosen(cells, tables)
    n = int(cells.a.size[0])
    size_a: IntArray = cells.a.size[cells.x]
    size_b: IntArray = cells.b.size[cells.y]
    only_a, only_b = size_a - cells.count, size_b - cells.count
    beside_a: IntArray = n - size_a
    beside_b: IntArray = n - size_b
    out_a, out_b = beside_a[tables], beside_b[tables]
    both_out: IntArray = out_a - only_b[tables]
    row_squares, column_squares = (
        cells.over_columns(cells.count**2),
        cells.over_rows(cells.count**2),
    )
    row_sizes: IntArray = cells.over_columns(cells.count * size_b)
    column_sizes: IntArray = cells.over_rows(cells.count * size_a)

    def side(size: IntArray, only: IntArray, over: Any, inner: IntArray) -> tuple[IntArray, ...]:
        """Return the lump, the lines' squared sizes, and what the outside line holds of them."""
        lump = size[tables] - over(size)[tables]
        touched = over(size**2)[tables]
        outside = over(only**2)[tables] + lump**2
        return lump, touched + lump**2, outside, touched - inner[tables] + lump**2

    lump_a, rows2, outside_a, by_rows = side(size_a, only_a, cells.over_rows, column_sizes)
    lump_b, columns2, outside_b, by_columns = side(size_b, only_b, cells.over_columns, row_sizes)
    cells2 = cells.over_rows(row_squares)[tables] + outside_a + outside_b + both_out**2
    rows, columns, inside = chosen.rows, chosen.columns, chosen.inside
    total = n**4 * len(tables)
    total += 3 * int(np.sum((rows2 + out_a**2 + columns2 + out_b**2 - cells2) ** 2))
    # Rows and columns: of children, of the others in one, and outside.
    total += _lines(
        n,
        size_a[rows],
        row_squares[rows] + only_a[rows] ** 2,
        row_sizes[rows] + only_a[rows] * beside_b[rows],
    )
    total += _lines(n, lump_a, lump_a**2, lump_a * out_b)
    total += _lines(n, out_a, outside_b + both_out**2, by_columns + both_out * out_b)
    total += _lines(
        n,
        size_b[columns],
        column_squares[columns] + only_b[columns] ** 2,
        column_sizes[columns] + only_b[columns] * beside_a[columns],
    )
    total += _lines(n, lump_b, lump_b**2, lump_b * out_a)
    total += _lines(n, out_b, outside_a + both_out**2, by_rows + both_out * out_a)
    for c, r, k in (
        (cells.count[inside], size_a[inside], size_b[inside]),
        (only_a[rows], size_a[rows], beside_b[rows]),
        (lump_a, lump_a, out_b),
        (only_b[columns], beside_a[columns], size_b[columns]),
        (lump_b, out_a, lump_b),
        (both_out, out_a, out_b),
    ):
        total += _cells(n, c, r, k)
    # Cycles of four: two rows with two columns, each two of which share a cell.
    crossed = cells.over_rows(cells.count * only_a[cells.above_column])[columns]
    across = cells.over_columns(cells.count * only_b[cells.above_row])[rows]
    across += _of_table(cells, tables, both_out)[cells.above_row[rows]] * only_a[rows]
    cycles = _inner_cycles(cells, chosen) + 2 * int(np.sum(crossed**2)) + 2 * int(np.sum(across**2))
    cycles += int(np.sum(outside_a**2 + 2 * (both_out * lump_a) ** 2))
    cycles += int(np.sum((outside_b + both_out**2) ** 2))
    total += 6 * cycles
    return total % WORD // 24


def _of_table(cells: Cells, tables: IntArray, values: IntArray) -> IntArray:
    spread = np.zeros(len(cells.x), dtype=np.int64)
    spread[tables] = values
    return spread


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


def _inner_cycles(cells: Cells, chosen: _Chosen) -> int:
    """Return the sum over two rows of their product squared, of the cells of children alone."""
    from scipy.sparse import csr_array

    rows, row = np.unique(chosen.row, return_inverse=True)
    columns, column = np.unique(chosen.column, return_inverse=True)
    count = cells.count[chosen.inside]
    tall = np.bincount(column).astype(np.int64)
    wide = np.bincount(row).astype(np.int64)
    # The product of a table with itself is as large as its longer lines squared: take the shorter.
    number = _of_table(cells, chosen.tables, np.arange(len(chosen.tables)))
    table = number[cells.above_row[chosen.row]]
    by_rows = np.bincount(table, tall[column]) <= np.bincount(table, wide[row])
    total = 0
    for kept, of, to, shape in (
        (by_rows[table], row, column, (len(rows), len(columns))),
        (~by_rows[table], column, row, (len(columns), len(rows))),
    ):
        if kept.any():
            matrix = csr_array((count[kept], (of[kept], to[kept])), shape=shape)
            total += int(np.sum((matrix @ matrix.T).data ** 2))
    return total
