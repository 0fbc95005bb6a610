"""Halving the rows of groups of spots again and again, for sums over the rows below or above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from taxonomy._core.arrays import BoolArray, IntArray


@dataclass(frozen=True)
class Halving:
    """The spots of groups with many rows, part by part of as many rows, by columns in each.

    Attributes:
        to: the place of each after its part's lower rows have been put before the upper ones.
        upper: whether it is in the upper half.
        low: points of the lower half up to it.
        high: points of the upper half up to it.
        last_low: the place, after that, of the last of the lower half's; -1 if there is none.
        last_high: the same of the upper half's.
    """

    to: IntArray
    upper: BoolArray
    low: IntArray
    high: IntArray
    last_low: IntArray
    last_high: IntArray


def halvings(
    start: IntArray, first: IntArray, by_column: IntArray, points: IntArray
) -> Iterator[Halving]:
    """Yield the halvings, as in a wavelet matrix (Claude & Navarro 2012) of the spots' rows.

    Args:
        start: the first spot of each spot's group.
        first: that of its row.
        by_column: the spots in the order of columns.
        points: how many each has.
    """
    place = np.arange(len(start))
    row = np.cumsum(first == place)
    rank, count = (row - row[start])[by_column], points[by_column]
    parts = np.flatnonzero(start == place)
    ends = np.append(parts[1:], len(start))
    rows = 1 + row[ends - 1] - row[parts]
    zeros, below, above = np.zeros((3, len(start) + 1), dtype=np.int64)
    for bit in reversed(range(int(rows.max() - 1).bit_length())):
        some = int(ends[np.flatnonzero(rows > 1 << bit)[-1]])  # no more of them have the bit
        many = int(np.searchsorted(parts, some))
        begin, lengths = parts[:many], np.diff(np.append(parts[:many], some))
        ranks, held = rank[:some].copy(), count[:some].copy()
        upper = (ranks >> bit & 1).astype(bool)
        lower = ~upper
        upto = slice(1, some + 1)
        np.cumsum(lower, out=zeros[upto])
        np.cumsum(held * lower, out=below[upto])
        np.cumsum(held * upper, out=above[upto])
        half = begin + zeros[begin + lengths] - zeros[begin]
        shift = np.repeat(begin - zeros[begin], lengths)
        last_low = zeros[upto] + shift - 1
        last_high = place[:some] - zeros[upto] + np.repeat(half, lengths) - shift
        low = below[upto] - np.repeat(below[begin], lengths)
        high = above[upto] - np.repeat(above[begin], lengths)
        to = np.where(upper, last_high, last_low)
        last_low[low == 0] = -1
        last_high[high == 0] = -1
        yield Halving(to, upper, low, high, last_low, last_high)
        rank[to], count[to] = ranks, held
        parts = np.append(np.column_stack([begin, half]).ravel(), parts[many:])
        parts = parts[np.append(parts[1:], len(start)) > parts]
