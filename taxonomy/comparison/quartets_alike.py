"""Counts of the quartets that two trees join alike, over every two nodes by their heavy paths.

Where two labels of a quartet meet below a node that the other two are outside of, call them *low*:
a tree that resolves a quartet has one such pair, or both. So the quartets that both trees resolve
alike are those with a pair that is low in both, counted at the nodes where it meets; less those of
which both pairs are low in both, at the nodes where all four meet, for they were counted twice; and
those with one pair low in one tree and the other in the other, counted at the nodes where a third
label joins the low pair, in each tree.

In the table of two nodes u and v (`taxonomy.comparison.unresolved`) let H labels be below the heavy
child of u and V below that of v; m of them below both; p labels in light children of u and in the
heavy child of v, q the other way round; l in light children of u; and X outside u and v. Over u's
light children, with x labels of each in v's heavy child and t in all, let W, G and B be the sums of
x * (x - 1) / 2, x * (t - x) and of the pairs of p in different children, and W', G', B' the same of
v. Where no point is at u and v, the counts above are

    p * q * X * (X - 1) / 2 - W * W' + (p * (V - m - p) + B) * (q * (H - m - q) + B') + G * G'

and the quartets in four different rows and columns are (p * (l - p) - G) * (q * (l' - q) - G').
`_apart` sums this over every two nodes; `_Spots` are those with points, where there is more.
"""

from __future__ import annotations

import numpy as np

from taxonomy._core.arrays import BoolArray, IntArray
from taxonomy.comparison.heavy_paths import Points
from taxonomy.comparison.inversions import inverted
from taxonomy.comparison.quartet_sides import Met, Side
from taxonomy.comparison.unresolved import Lights, Tables


def alike(block: Points, n: int) -> int:
    """Return 24 times the quartets that two trees join alike at the nodes of a block, modulo 2**64.

    Args:
        block: points of the trees.
        n: labels.
    """
    order = block.column_lines.order
    rows = Side(block.row_lines, block.a, *block.rows)
    columns = Side(block.column_lines, block.b, *(values[order] for values in block.columns))
    spots = _Spots(block, rows, columns, n)
    return 12 * _apart(block, rows, columns, n) + 3 * spots.resolved() + spots.unresolved()


def _apart(block: Points, rows: Side, columns: Side, n: int) -> int:
    """Return twice the quartets of every two nodes, as if they had no points.

    With Y = m + p - size of u and c = n - size of v, twice the formula above is a polynomial in Y
    and q of sums over u's row. It is taken spot by spot of v's column: what the spot adds to powers
    of q and to G', B' and W', times those sums over the rows above it.
    """
    between = rows.between
    remaining, within = rows.remaining[1], rows.within[1]
    # What is times q alone: (p * size of u - B) * (l - p).
    z = rows.size * remaining + between[0] * rows.count
    z -= between[1] * (rows.light - rows.upto)
    others = [remaining, within] + ([] if rows.narrow else [rows.leaving[1]])
    w = rows.size * rows.count - between[1] + remaining
    found = inverted(block, rows.size, w, 2 * z, others)

    q, count, heavy = columns.upto, columns.count, columns.heavy
    square, cube = q**2 - columns.points**2, q**3 - columns.points**3
    outside, apart, leaving = n - columns.size, columns.between[1], columns.leaving[1]
    unjoined = columns.remaining[1] - leaving
    linear = 2 * (outside - heavy) - 1
    by_y = linear * count + 4 * square - 2 * apart
    constant = cube + linear * square + outside * (outside - 1) * count + 2 * heavy * apart
    rest = 2 * (square - apart)
    # The column's own points up to the spot are in Y where they should not be: as many as q.
    total = int(np.dot(count, found.z)) + int(np.dot(by_y - 6 * q * count, found.py))
    total += int(np.dot(constant - q * by_y + 3 * q * q * count, found.p))
    total += int(np.dot(rest - 2 * q * count, found.w))
    total += int(np.dot(2 * (unjoined - heavy * count) - rest, found.others[0]))
    total += 2 * int(np.dot(leaving - unjoined, found.others[0 if rows.narrow else 2]))
    return total - 2 * int(np.dot(columns.within[1], found.others[1]))


class _Spots:
    """Nodes u and v with points at both; counts of quartets are in addition to `_apart`'s.

    Args:
        block: the points.
        rows: of the one tree.
        columns: of the other.
        n: labels.
    """

    def __init__(self, block: Points, rows: Side, columns: Side, n: int) -> None:
        spots = block.spots
        self.n, self.spot, self.count = n, spots.of, spots.count
        single = rows.narrow and columns.narrow
        self.rows = Met(rows, spots.of, single)
        self.columns = Met(columns, spots.of[block.column_lines.order], single)
        # For each point, or for all of a spot at once, how many share its row and column.
        self.row, self.cell = self.rows.line, rows.lines.of_cell
        self.held: IntArray | int = 1
        if single:
            self.column, self.cell, self.held = spots.column, spots.count, spots.count
            self.squares = spots.count**2
        else:
            self.column = self.columns.line[block.by_column]
            self.squares = np.add.reduceat(self.cell, spots.at)
        # Here and below a pair is of the rows' tree and of the columns'.
        of_column = spots.column
        self.heavy = rows.heavy, columns.heavy[of_column]
        self.light = rows.light, columns.light[of_column]
        self.points = rows.points, columns.points[of_column]
        self.leaving = rows.leaving[0], columns.leaving[0][of_column]
        self.within = rows.within[0], columns.within[0][of_column]
        self.within_spot = rows.within[1] + columns.within[1][of_column]
        self.corner = block.corner
        self.both: IntArray = self.corner - sum(self.points) - self.count
        self.only = tuple(self.heavy[i] - self.both - self.points[1 - i] for i in (0, 1))
        self.neither: IntArray = n - rows.size - columns.size[of_column] + self.corner
        self.wide = block.a.wide[block.rows[0][spots.at]] & block.b.wide[block.columns[0][spots.at]]

    def resolved(self) -> int:
        """Return eight times the quartets that both trees resolve alike."""
        return 2 * self._low_in_both() - self._both_low() + 2 * self._low_in_one()

    def _low_in_both(self) -> int:
        """Return four times the quartets of a pair that is low in both trees."""
        (p, q), both = self.points, self.both
        # Twice the pairs in different rows and columns.
        pairs = self.corner**2 + both**2 - (both + p) ** 2 - (both + q) ** 2
        pairs += self.squares - 2 * (self.count + self.within_spot)
        neither, apart = self.neither, self.neither - self.count
        pairs *= neither * (neither - 1)
        return int(np.sum(pairs - 2 * p * q * apart * (apart - 1)))

    def _both_low(self) -> int:
        """Return eight times the quartets of two pairs that are low in both trees."""
        some = self.squares - self.count
        pairs = 2 * (self.both * (self.both - 1)) + 4 * sum(self.within) + some
        total = int(np.dot(some, pairs)) + int(np.dot(self.held * self.cell, (self.cell - 1) ** 2))
        for met in (self.rows, self.columns):
            total -= int(np.dot(met.pairs, 2 * met.below * (met.below - 1) + met.pairs))
        return total

    def _low_in_one(self) -> int:
        """Return four times the quartets of a pair low in one tree, the other pair in the other."""
        rows, columns, cell = self.rows, self.columns, self.cell
        total = 0
        parted = self._over(rows), self._over(columns)
        for i, met in enumerate((rows, columns)):
            heavy, only = self.heavy[1 - i], self.only[1 - i]
            pairs = heavy**2 - self.both**2 - 2 * self.within[i] - self.points[i] - only**2
            rest = 2 * met.below * (heavy[met.spot] - met.below)
            total += int(np.dot(met.parted, pairs[met.spot] - rest))
            total += 2 * int(np.dot(self.leaving[1 - i], parted[i]))
        total += int(np.dot(*parted))
        beside = rows.size[self.row] - cell, columns.size[self.column] - cell
        of_row, of_column = (2 * x.below * (x.size - x.below) + x.parted for x in (rows, columns))
        total -= 2 * int(np.dot(of_row[self.row], self.held * beside[1]))
        total -= 2 * int(np.dot(of_column[self.column], self.held * beside[0]))
        return total + 4 * int(np.dot(cell * beside[0], self.held * beside[1]))

    def _over(self, met: Met) -> IntArray:
        """Return of each spot the sum of what its lines have parted; at most n**2."""
        return np.bincount(met.spot, met.parted, len(self.count)).astype(np.int64)

    def unresolved(self) -> int:
        """Return 24 times the quartets that both trees leave unresolved."""
        from scipy.sparse import csr_array

        tables = int(np.sum(self.wide))
        if not tables:
            return 0
        table = np.where(self.wide, np.cumsum(self.wide) - 1, -1)
        some = table[self.spot] >= 0
        sides = [
            _Wide(met, table, self.wide, self.light[i], self.points[i], self.leaving[i], self.count)
            for i, met in enumerate((self.rows, self.columns))
        ]
        row, column = (
            side.number[line[some]]
            for side, line in zip(sides, (self.row, self.column), strict=True)
        )
        shape = (len(sides[0].table), len(sides[1].table))
        held = csr_array((np.ones(len(row), dtype=np.int64), (row, column)), shape=shape)
        lines: list[IntArray] = [
            np.repeat(np.arange(shape[0]), np.diff(held.indptr)),
            held.indices.astype(np.int64),
        ]
        rows, columns = (
            Lights(side.table, side.heavy, side.outside, tables, line, held.data)
            for side, line in zip(sides, lines, strict=True)
        )
        corners = np.array([[self.both, self.only[0]], [self.only[1], self.neither]])
        total = Tables(self.n, rows, columns, corners[..., self.wide], held.data).four_apart()
        pairs = sides[0].pairs * columns.pairs_with(rows) + sides[1].pairs * rows.pairs_with(
            columns
        )
        pairs += 2 * sides[0].pairs * sides[1].pairs
        pairs -= 2 * sides[0].pairs_before * sides[1].pairs_before
        return total + 12 * int(np.sum(pairs))


class _Wide:
    """Light lines of wide spots: those met, and one for all others of a spot.

    Of these others labels are below the other node's heavy child or outside it alone. Quartets with
    labels in two of them are not those of their line, and `pairs` counts such labels.

    Args:
        met: the lines that are met.
        table: of each spot its number among wide ones, or -1.
        wide: whether each spot is wide.
        light: labels of each spot below light children.
        points: its node's points before it.
        leaving: pairs of these and another label of their child.
        count: its own points.

    Attributes:
        number: of each line met its number here, if its spot is wide.
        table: the table of each line.
        heavy: its labels below the heavy child of the other node.
        outside: its labels outside the other node.
        pairs: of each table the pairs of one label of each kind, in two lines that are not met.
        pairs_before: the same in any two lines, were there no points.
    """

    def __init__(
        self,
        met: Met,
        table: IntArray,
        wide: BoolArray,
        light: IntArray,
        points: IntArray,
        leaving: IntArray,
        count: IntArray,
    ) -> None:
        of = table[met.spot]
        kept = of >= 0
        of, below, outside, size = of[kept], met.below[kept], met.outside[kept], met.size[kept]
        tables = int(np.sum(wide))

        def others(total: IntArray, of_met: IntArray) -> IntArray:
            rest: IntArray = total[wide] - np.bincount(of, of_met, tables).astype(np.int64)
            return rest

        heavy, apart = others(points, below), others(light - points - count, outside)
        self.number = np.cumsum(kept) - 1
        self.table = np.append(of, np.arange(tables))
        self.heavy, self.outside = np.append(below, heavy), np.append(outside, apart)
        self.pairs = heavy * apart - others(leaving, below * (size - below))
        self.pairs_before: IntArray = (points * (light - points) - leaving)[wide]
