"""Nested partitions in which each task touches as few groups as possible.

Tasks ask for subsets of units. A partition is good where every task touches few of its groups: the
connectivity that hypergraph partitioning lowers (tasks are the hyperedges). Here partitions are
nested, coarse to fine, and each has a price; what is lowered is

    sum over levels of price * (sum over groups of the tasks, by their counts, that touch it)

The search moves and swaps units of the finest level, and groups between the groups above them,
always the step that saves most and keeps the limits, until none does. With n(t, g) the units of
task t in group g, unit u of g costs t a group more in h if n(t, h) = 0, and saves it g if
n(t, g) = 1; so what all steps change comes from three matrix products a level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy.clustering.groups import Levels
from taxonomy.clustering.partition import Limits
from taxonomy.clustering.steps import Step, least_change


class Steps(NamedTuple):
    """The change of cost of all steps of one kind, and which of them are not allowed.

    Args:
        change: of the cost; (units, groups) for moves and (units, units) for swaps.
        barred: steps that leave the limits, or change nothing.
    """

    change: FloatArray
    barred: BoolArray

    def best(self) -> Step:
        """Return the step that lowers the cost most."""
        return least_change(self.change, self.barred)


class Search:
    """The search for one list of tasks.

    Args:
        member: which task asks for which unit; shape (tasks, units).
        counts: how often each task is asked for; shape (tasks,).
        prices: of a group of each level, coarse to fine; whole numbers, so that sums are exact.
        limits: of the groups of each level.
    """

    def __init__(
        self, member: BoolArray, counts: IntArray, prices: FloatArray, limits: list[Limits]
    ) -> None:
        self.member, which = np.unique(member, axis=0, return_inverse=True)
        total = np.bincount(which.ravel(), counts, len(self.member))
        # Sums of counts are whole numbers, so single precision is exact below 2**24, and faster.
        self.counts = total.astype(np.float32 if total.sum() < 1 << 24 else np.float64)
        self.prices, self.limits = prices, limits
        self.units = member.shape[1]

    def cost(self, levels: Levels) -> float:
        """Return the cost, which the search lowers."""
        touches = (_touched(self.member, groups) for groups in levels)
        spread = [float(self.counts @ touched.sum(1)) for touched in touches]
        return float(self.prices @ spread)

    def fits(self, levels: Levels) -> bool:
        """Return whether all groups keep the limits."""
        return not any(
            limits.violation(*_sizes(levels, level)).any()
            for level, limits in enumerate(self.limits)
        )

    def settled(self, levels: Levels) -> Levels:
        """Return the partitions after moving and swapping until nothing saves."""
        levels = [groups.copy() for groups in levels]
        depth = len(levels)
        while depth > 0:
            changed = False
            while self._step(levels, depth):
                changed = True
            # A step among the groups can open others among what they hold.
            depth = len(levels) if changed and depth < len(levels) else depth - 1
        return levels

    def _step(self, levels: Levels, depth: int) -> bool:
        """Make the step that saves most among what lies at a depth; tell whether one does.

        At the depth of the number of levels lie the units, above them the groups of each level.
        """
        block = levels[depth] if depth < len(levels) else np.arange(self.units)
        first = np.unique(block, return_index=True)[1]
        moves, swaps = self._steps(levels, depth, block, first)
        move, swap = moves.best(), swaps.best()
        if min(move.change, swap.change) >= 0:
            return False
        paths = [groups[first] for groups in levels[:depth]]
        if move.change <= swap.change:
            other = int(np.flatnonzero(paths[-1] == move.column)[0])
            for groups, path in zip(levels, paths, strict=False):
                groups[block == move.row] = path[other]
            return True
        _, one, other = swap
        for groups, path in zip(levels, paths, strict=False):
            groups[block == one], groups[block == other] = path[other], path[one]
        return True

    def _steps(
        self, levels: Levels, depth: int, block: IntArray, first: IntArray
    ) -> tuple[Steps, Steps]:
        """Return what every move and swap of blocks changes, at their level and all above."""
        touched = _touched(self.member, block)
        size = np.bincount(block).astype(np.float64)
        home = levels[depth - 1][first]
        entry = np.unique(home, return_index=True)[1]  # a block in each group that blocks are in
        moves = self._moves_within(depth, home, len(first))
        swaps = Steps(np.zeros((len(first), len(first))), home[:, None] == home[None, :])
        for level in range(depth):
            path = levels[level][first]
            entering, leaving, shared = self._changes(touched, path)
            apart = path[:, None] != path[None, :]
            one_way = entering[:, path] - leaving[:, None] + shared
            swaps.change[...] += self.prices[level] * apart * (one_way + one_way.T)
            there = path[entry]
            gained = entering[:, there] - leaving[:, None]
            away = apart[:, entry]
            moves.change[...] += self.prices[level] * away * gained
            limits, held = self.limits[level], _sizes(levels, level)[0]
            moves.barred[...] |= away & (held[there] + size[:, None] > limits.most)
            moves.barred[...] |= away & (held[path] - size < limits.least)[:, None]
            after = held[path][:, None] - size[:, None] + size[None, :]
            outside = (after > limits.most) | (after < limits.least)
            swaps.barred[...] |= apart & (outside | outside.T)
        return moves, swaps

    def _moves_within(self, depth: int, home: IntArray, blocks: int) -> Steps:
        """Return moves that so far change nothing, barred by the number of children alone."""
        children, limits = np.bincount(home), self.limits[depth - 1]
        barred = np.zeros((blocks, len(children)), dtype=bool)
        barred |= (children >= limits.most_children)[None, :]
        barred |= (children <= max(1, limits.least_children))[home][:, None]  # groups stay as many
        barred[np.arange(blocks), home] = True
        return Steps(np.zeros(barred.shape), barred)

    def _changes(
        self, touched: BoolArray, path: IntArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Count the tasks that touch more or fewer groups of a level when a block moves.

        Args:
            touched: which task touches which block.
            path: the group of each block.

        Returns:
            tasks of a block that touch nothing else in a group, (blocks, groups); tasks that touch
            nothing else in the block's own group, (blocks,); those of them that touch another
            block, elsewhere, too, (blocks, blocks).
        """
        kind = self.counts.dtype
        uses = touched.astype(kind)
        inside = uses @ np.eye(int(path.max()) + 1, dtype=kind)[path]
        entering = (uses * self.counts[:, None]).T @ (inside == 0).astype(kind)
        last = uses * self.counts[:, None] * (inside == 1)[:, path]
        shared = last.T @ uses
        return entering.astype(float), last.sum(0).astype(float), shared.astype(float)


def _touched(member: BoolArray, groups: IntArray) -> BoolArray:
    """Return which task asks for a unit of which group; shape (tasks, groups)."""
    sums = member.astype(np.float32) @ np.eye(int(groups.max()) + 1, dtype=np.float32)[groups]
    touched: BoolArray = sums > 0
    return touched


def _sizes(levels: Levels, level: int) -> tuple[FloatArray, FloatArray]:
    """Return the units and the children of each group of a level."""
    size = np.bincount(levels[level]).astype(np.float64)
    if level == len(levels) - 1:
        return size, size
    first = np.unique(levels[level + 1], return_index=True)[1]
    return size, np.bincount(levels[level][first], minlength=len(size)).astype(np.float64)
