"""Triplet distance: how many triples of labels two trees arrange differently."""

from __future__ import annotations

from math import comb

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy.comparison.heavy_paths import Lines, Points, points
from taxonomy.comparison.heights import same_labels
from taxonomy.comparison.unresolved import WORD
from taxonomy.trees.hierarchy import Hierarchy


def triplet_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return the share of label triples that two trees arrange differently, exactly.

    Three labels have four shapes: one of three pairs closer to each other than to the third
    (resolved), or all three meeting at one node (unresolved, a shape of its own). Range [0, 1], 0
    for equal trees; lower is more similar. Heights and their ties play no part. A multiway node
    makes triples unresolved, and these differ from every resolved one: a star differs from a
    binary tree in all triples. Its mean under random relabelling is `expected_triplet_distance`,
    2/3 for two binary trees. Time and memory grow with the points of the two trees' heavy paths, at
    most n (log2(n) + 1)**2 of n labels and n alone for caterpillars, and time with another
    logarithm. Sources: Dobson 1975, Combinatorial Mathematics III; Brodal, Fagerberg, Mailund,
    Pedersen & Sand 2013, SODA, for which triples agree at two nodes.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "bus"], "car"])
    >>> triplet_distance(a, b)  # cat, dog, car alone keep their shape
    0.75
    """
    same_labels(a, b)
    alike = 0
    for block in points(a, b, 3):
        alike += _resolved_alike(block) + _both_unresolved(block)
    return 1 - alike / comb(len(a.leaves), 3)


def expected_triplet_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return the mean of `triplet_distance` over all relabellings of one tree, exactly.

    With u and v the trees' shares of unresolved triples, two random shapes agree with the chance
    ``u * v + (1 - u) * (1 - v) / 3``, as a resolved triple is equally likely to be any of three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> round(expected_triplet_distance(a, a), 3)
    0.667
    """
    same_labels(a, b)
    u, v = (unresolved_triples(tree) / comb(len(tree.leaves), 3) for tree in (a, b))
    return 1 - u * v - (1 - u) * (1 - v) / 3


def unresolved_triples(tree: Hierarchy) -> int:
    """Return how many label triples lie in three different children of one node.

    >>> unresolved_triples(Hierarchy.from_nested([["cat", "dog"], "bus", "car"]))
    2
    """
    size = tree.leaf_counts.tolist()
    total = 0
    for node in tree.nodes:
        below = [size[child] for child in tree.children(node)]
        one, two, three = (sum(count**power for count in below) for power in (1, 2, 3))
        total += (one**3 - 3 * one * two + 2 * three) // 6
    return total


def _resolved_alike(block: Points) -> int:
    """Return how many triples xy|z both trees resolve alike, at the nodes u and v of a block.

    There x and y are in one child of u and in one child of v, and z is in another of each. z is a
    point at u and v itself where x and y are in both heavy children; else x is the upper of two
    points of one row or of one column. All is counted twice.
    """
    rows, columns = block.row_lines, block.column_lines
    corner, back = block.corner[block.spots.of], block.by_column
    row, column = rows.upto, columns.upto[back]
    # Points below u and v, in the heavy child of each.
    beyond = corner - (rows.stop - rows.first) - (columns.stop - columns.first)[back]
    beyond += rows.stop - rows.start
    twice = int(np.dot(beyond, beyond - 1))
    twice += int(np.dot(rows.of_cell - 1, corner - row - column + rows.of_cell))
    for lines, held in ((rows, corner), (columns, corner[columns.order])):
        elsewhere = lines.last - block.group_start - held - (lines.of_line - lines.upto)
        twice += 2 * int(np.dot(lines.before, elsewhere))
    return twice // 2


def _both_unresolved(block: Points) -> int:
    """Return how many triples both trees leave unresolved, at the nodes of a block.

    These are in three different rows and three different columns of the *table* of u and v, whose
    rows are the children of u, whose columns are those of v, and whose cells count the labels that
    both children share. At most one of three is in the heavy row and one in the heavy column, so
    that there is a point at u and v. Counted by inclusion and exclusion over which share a row and
    which share a column; sums are modulo 2**64, which is exact as long as the result is smaller.
    """
    rows, columns = block.row_lines, block.column_lines
    wide = block.a.wide[block.rows[0]] & block.b.wide[block.columns[0]]
    if not wide.any():
        return 0
    corner, back = block.corner[block.spots.of], block.by_column
    heavy_row = corner - (rows.stop - rows.first)
    heavy_column = corner - (columns.stop - columns.first)[back]
    # Cells of two light children, a table's of which are its points, and what a light row has in
    # the heavy column and a light column in the heavy row.
    c, r, k = rows.of_cell[wide], rows.upto[wide], columns.upto[back[wide]]
    six = int(np.sum(4 * c**2 + 6 * r * k - 6 * c * (r + k)))
    six += 6 * int(np.dot(rows.below[wide], (heavy_column - rows.below)[wide]))
    below = columns.below[back]
    six += 6 * int(np.dot(below[wide], (heavy_row - below)[wide]))
    # One of each table's points.
    at = np.flatnonzero(wide & (rows.start == np.arange(len(wide))))
    (row2, row3), (in_heavy2, in_heavy3) = _powers(rows, at)
    (column2, column3), (of_heavy2, of_heavy3) = _powers(columns, back[at])
    whole, r, k = corner[at], heavy_row[at], heavy_column[at]
    cells = np.append(0, np.cumsum(rows.of_cell))
    c = r + k - whole + rows.stop[at] - at  # both heavy children
    spread = row2 + r**2 + column2 + k**2 - in_heavy2 - of_heavy2 - c**2
    spread -= cells[rows.stop[at]] - cells[at]
    six += int(np.sum(whole**3 - 3 * whole * spread))
    six += 2 * int(np.sum(row3 + r**3 + column3 + k**3 - in_heavy3 - of_heavy3))
    six += int(np.sum(c * (4 * c**2 + 6 * r * k - 6 * c * (r + k))))
    return six % WORD // 6


def _powers(lines: Lines, at: IntArray) -> tuple[tuple[IntArray, ...], tuple[IntArray, ...]]:
    """Return the light lines' sums of squares and of cubes, up to the other node and below it.

    Args:
        lines: the rows or the columns of points.
        at: the first of the points at the same two nodes, for some of these.
    """
    before = lines.before
    # What one more point of its line adds.
    upto, below = [], []
    for adds in (2 * before + 1, 3 * before * (before + 1) + 1):
        running = np.append(0, np.cumsum(adds))
        upto.append(running[lines.stop[at]] - running[lines.first[at]])
        below.append(running[lines.start[at]] - running[lines.first[at]])
    return tuple(upto), tuple(below)
