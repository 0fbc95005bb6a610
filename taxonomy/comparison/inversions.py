"""Sums over the rows above each spot, of what they hold below its column.

Two points, one in the row of a node u and below v, the other in the column of v and below u, make
(u, v) nodes to look at though no point need be at both: there are too many to look at one by one.
Here a group's rows are halved again and again, down to single rows. As columns are added one by
one, spots of the lower half ask for sums over the rows of the upper half, and these follow from the
sums of its own two halves. All halves of one size are treated at once. (Brodal, Fagerberg, Mailund,
Pedersen & Sand 2013, SODA, keep such sums in a balanced tree over the components of a tree.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy.comparison.heavy_paths import Points


@dataclass(frozen=True)
class Inverted:
    """Of each spot, in the order of columns, sums over the rows above it.

    Of a row p is how many points it has below the spot's column, w and z are sums of what they add,
    and Y is how many points there are up to the row and below the column, or in the column up to
    the spot, less what is given for the row.

    Attributes:
        p: the sum of p.
        py: that of p * Y.
        z: that of 3 * p * Y**2 + 2 * w * Y + z.
        w: that of w.
        others: those of other weights, shape (k, n).
    """

    p: IntArray
    py: IntArray
    z: IntArray
    w: IntArray
    others: IntArray


def inverted(
    block: Points, less: IntArray, w: IntArray, z: IntArray, others: list[IntArray]
) -> Inverted:
    """Return what the rows above each spot hold.

    Args:
        block: groups of points.
        less: of each spot what its row's Y is less by; in the order of rows, as all that follow.
        w: what the points of each spot add.
        z: the same.
        others: the same.
    """
    held = _by_row(block, less, [z, w, *others])
    found = np.zeros((len(held) + 1, len(less)), dtype=np.int64)
    sizes = [0, *(len(halves.to) for halves in block.halvings)]
    for some, next_some, halves in reversed(
        list(zip(sizes[1:], sizes[:-1], block.halvings, strict=True))
    ):
        sums = held.take(halves.last_high, axis=1, mode="wrap")
        _add_to_y(sums, halves.high, halves.low)
        asked = found.take(halves.to, axis=1)
        _add_to_y(asked[1:], asked[0], halves.low * halves.upper)
        lower = ~halves.upper
        asked[0] += halves.high * lower
        asked[1:] += sums * lower
        found[:, :some] = asked
        below = held.take(halves.last_low[:next_some], axis=1, mode="wrap")
        held[:, :next_some] = sums[:, :next_some] + below
    return Inverted(found[0], found[1], found[2], found[3], found[4:])


def _by_row(block: Points, less: IntArray, adds: list[IntArray]) -> IntArray:
    """Return p * Y, 3 * p * Y**2 + 2 * w * Y + z, w and others of each row up to each spot.

    Args:
        block: groups of points.
        less: of each spot what its row's Y is less by.
        adds: what each adds to z, w and others.

    Returns:
        Shape (3 + others, spots + 1); the last is of no spots.
    """
    spots, lines = block.spots, block.row_lines
    first = spots.of[lines.first[spots.at]]
    p = (lines.stop - lines.first)[spots.at]
    held = np.zeros((len(adds) + 1, len(first) + 1), dtype=np.int64)
    running = np.zeros(len(first) + 1, dtype=np.int64)
    for sums, added in zip(held[1:], adds, strict=True):
        np.cumsum(added, out=running[1:])
        sums[:-1] = running[1:] - running[first]
    y = p - less
    held[0, :-1] = p * y
    held[1] += np.append(y, 0) * (3 * held[0] + 2 * held[2])
    return held


def _add_to_y(sums: IntArray, p: IntArray, more: IntArray) -> None:
    """Make the sums p * Y, 3 * p * Y**2 + 2 * w * Y + z and w those of Y + more, in place."""
    of_p = more * p
    sums[1] += more * (6 * sums[0] + 3 * of_p + 2 * sums[2])
    sums[0] += of_p
