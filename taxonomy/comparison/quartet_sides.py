"""What one of two trees says of the nodes that points are at, for counts of quartets."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy.comparison.heavy_paths import HeavyPaths, Lines


class Side:
    """One tree's nodes with points, once for each node of the other tree that these are at, too.

    Sums over a node's light children are needed again and again. With x points of a child of t
    labels, *within* is the sum of x * (x - 1) / 2, pairs of points of one child, and *leaving* that
    of x * (t - x), pairs of a point and another label of its child. Points are counted one spot
    after the other, so that there is a sum before each spot and what the spot adds to it.

    Args:
        lines: the lines of the points.
        paths: the tree's.
        node: the node of each point, in the order of lines.
        child: its light child.

    Attributes:
        lines: the lines of the points.
        child: labels below each point's light child.
        narrow: whether no node has more than one light child.
        at: the first point of each spot.
        count: points of each.
        size: labels below the node.
        light: labels below its light children.
        heavy: labels below its heavy child.
        points: points of the node before each spot.
        upto: those and the spot's.
    """

    def __init__(self, lines: Lines, paths: HeavyPaths, node: IntArray, child: IntArray) -> None:
        self.at: IntArray = np.flatnonzero(lines.start == np.arange(len(node)))
        self.lines, self.narrow = lines, not paths.wide.any()
        self.child: IntArray = paths.child_size[child]
        self.size: IntArray = paths.size[node[self.at]]
        self.light: IntArray = paths.light[node[self.at]]
        self.heavy: IntArray = self.size - self.light
        self.points: IntArray = self.at - lines.first[self.at]
        self.upto: IntArray = lines.stop[self.at] - lines.first[self.at]
        self.count: IntArray = self.upto - self.points

    @cached_property
    def within(self) -> tuple[IntArray, IntArray]:
        """The pairs of points of one child before each spot, and what the spot adds."""
        if not self.narrow:
            return self._summed(self.lines.before)
        before = self.points * (self.points - 1) // 2
        return before, self.upto * (self.upto - 1) // 2 - before

    @cached_property
    def leaving(self) -> tuple[IntArray, IntArray]:
        """The pairs of a point and another label of its child, the same way."""
        if not self.narrow:
            return self._summed(self.child - 2 * self.lines.before - 1)
        return self.remaining

    @cached_property
    def remaining(self) -> tuple[IntArray, IntArray]:
        """The pairs of a point and another label of the light children, the same way."""
        before = self.points * (self.light - self.points)
        return before, self.upto * (self.light - self.upto) - before

    @cached_property
    def between(self) -> tuple[IntArray, IntArray]:
        """The pairs of points of different children, the same way."""
        pairs = self.points * (self.points - 1) // 2, self.upto * (self.upto - 1) // 2
        before = pairs[0] - self.within[0]
        return before, pairs[1] - pairs[0] - self.within[1]

    def _summed(self, adds: IntArray) -> tuple[IntArray, IntArray]:
        running = np.append(0, np.cumsum(adds))
        start = running[self.at]
        found = np.append(start[1:], running[-1]) - start
        return start - running[self.lines.first[self.at]], found


class Met:
    """Light children with points at a spot, in one of two trees.

    Args:
        side: the tree's part.
        spot: of each of its points the spot, by its number anywhere.
        single: whether no spot has points of two light children, of either tree.

    Attributes:
        spot: of each child met its spot.
        line: of each point the child met; of each spot if no spot has two.
        below: labels of the child in the other node's heavy child; points before the spot.
        outside: its labels outside the other node.
        size: its labels.
        pairs: twice the pairs of its points at the spot in one child of the other node.
        parted: twice its pairs of labels, one at the spot at least and none before, in different
            children of the other node or one outside.
    """

    def __init__(self, side: Side, spot: IntArray, single: bool) -> None:
        lines = side.lines
        if single:
            self.spot: IntArray = spot[side.at]
            self.line: IntArray = np.arange(len(side.at))
            self.below, self.size, count = side.points, side.light, side.count
            squares: IntArray = count**2
        else:
            by = lines.by_line
            starts = np.flatnonzero((lines.before == lines.below)[by])
            of = by[starts]
            self.spot, self.below, self.size = spot[of], lines.below[of], side.child[of]
            count = lines.upto[of] - self.below
            squares = np.add.reduceat(lines.of_cell[by], starts)
            self.line = np.empty_like(by)
            self.line[by] = np.repeat(np.arange(len(of)), count)
        self.outside: IntArray = self.size - self.below - count
        self.pairs: IntArray = squares - count
        self.parted: IntArray = (self.outside + count) ** 2 - squares - self.outside**2
