"""Partitions of units into groups of bounded size that keep the most similarity together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxonomy._core.registry import lookup
from taxonomy.clustering.refinement import LEAST_GAIN

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Limits:
    """What a group may hold.

    Args:
        least: fewest labels.
        most: most labels.
        least_children: fewest units.
        most_children: most units.
    """

    least: int
    most: int
    least_children: int
    most_children: int

    def violation(self, size: FloatArray, children: FloatArray) -> FloatArray:
        """Return by how many labels and units groups are outside."""
        outside = np.maximum(0, size - self.most) + np.maximum(0, self.least - size)
        outside += np.maximum(0, children - self.most_children)
        outside += np.maximum(0, self.least_children - children)
        return outside


@dataclass(frozen=True)
class Units:
    """Labels, or groups of labels, that a partition leaves whole.

    Args:
        between: the similarity of all pairs of labels between two units, 0 on the diagonal; shape
            (units, units).
        size: labels of each unit.
        inner: the similarity of all pairs of labels within each unit.
    """

    between: FloatArray
    size: FloatArray
    inner: FloatArray

    def joined(self, groups: IntArray) -> Units:
        """Return the groups of a partition as units."""
        member = np.eye(int(groups.max()) + 1)[groups]
        sums = member.T @ self.between @ member
        inner = member.T @ self.inner + np.diag(sums) / 2
        np.fill_diagonal(sums, 0)
        return Units(sums, member.T @ self.size, inner)

    def of(self, some: IntArray) -> Units:
        """Return some of the units."""
        return Units(self.between[np.ix_(some, some)], self.size[some], self.inner[some])


JOINS = {"average": "mean", "complete": "least", "single": "most"}
"""What of the similarities of their pairs two groups are merged by."""


def agglomerated(units: Units, count: int, limits: Limits, method: str = "average") -> IntArray:
    """Return ``count`` groups: the most similar two that fit together merge, step by step.

    Where no two fit any more, the smallest groups' units are dealt out, each to the group that it
    is most like among those that leave the limits least. Groups can end outside the limits.

    Args:
        units: what to group.
        count: at most as many as there are units.
        limits: what a group may hold.
        method: one of `JOINS`.

    Returns:
        the group of each unit, from 0.
    """
    join = lookup("linkage", JOINS, method)
    size, children = units.size.copy(), np.ones(len(units.size))
    group = np.arange(len(size))
    sums = units.between.copy()
    extreme = units.between / np.outer(size, size)
    alive = np.ones(len(size), dtype=bool)
    for _ in range(len(size) - count):
        score = sums / np.outer(size, size) if join == "mean" else extreme
        fits = np.add.outer(size, size) <= limits.most
        fits &= np.add.outer(children, children) <= limits.most_children
        fits &= alive[:, None] & alive[None, :]
        np.fill_diagonal(fits, val=False)
        if not fits.any():
            break
        one, other = divmod(int(np.where(fits, score, -np.inf).argmax()), len(size))
        group[group == other] = one
        alive[other] = False
        size[one] += size[other]
        children[one] += children[other]
        sums[one] += sums[other]
        sums[:, one] = sums[one]
        nearer = np.minimum if join == "least" else np.maximum
        extreme[one] = nearer(extreme[one], extreme[other])
        extreme[:, one] = extreme[one]
    return _dealt(units, group, count, limits)


def _dealt(units: Units, group: IntArray, count: int, limits: Limits) -> IntArray:
    """Dissolve the smallest groups until so many are left."""
    group = np.unique(group, return_inverse=True)[1].astype(np.int64)
    while (groups := int(group.max()) + 1) > count:
        size: FloatArray = np.bincount(group, units.size).astype(np.float64)
        smallest = int(size.argmin())
        rest = np.arange(groups) != smallest
        for unit in np.flatnonzero(group == smallest):
            size = np.bincount(group, units.size, groups).astype(np.float64)
            children = np.bincount(group, minlength=groups).astype(np.float64)
            worse = limits.violation(size + units.size[unit], children + 1)
            worse -= limits.violation(size, children)
            near = np.bincount(group, units.between[unit], groups) / np.maximum(size, 1)
            group[unit] = np.lexsort((-near, np.where(rest, worse, np.inf)))[0]
        group = np.unique(group, return_inverse=True)[1].astype(np.int64)
    return group


def improved(
    units: Units, start: IntArray, within: int, limits: Limits, price: float = 0.0
) -> IntArray | None:
    """Return the groups after moving and swapping units while it pays, or None.

    A step that brings groups nearer to the limits comes before any other; then the one that keeps
    most similarity together. What a group keeps is its share of Dasgupta's cost that a hierarchy
    saves: the similarity within it times the labels outside it, plus that within its units times
    the labels beside them.

    Args:
        units: what to group.
        start: the group of each unit, from 0; groups stay as many.
        within: labels under the node that the groups hang below.
        limits: what a group may hold.
        price: what a group's squared labels cost.

    Returns:
        the group of each unit; None where the limits were not reached.
    """
    search = _Search(units, start, within, limits, price)
    while search.step():
        pass
    return search.group if not search.outside().any() else None


class _Search:
    """The groups, and what every move and swap of units would change."""

    def __init__(
        self, units: Units, start: IntArray, within: int, limits: Limits, price: float
    ) -> None:
        self.units, self.within, self.limits, self.price = units, within, limits, price
        self.group = start.astype(np.int64)
        self.count = int(start.max()) + 1
        saved = np.abs(units.between).sum() / 2 + np.abs(units.inner).sum()
        self.least_gain = LEAST_GAIN * max(1.0, float(saved) * within)

    def outside(self) -> FloatArray:
        """By how much each group is outside the limits."""
        return self.limits.violation(self._sizes(), self._children())

    def _sizes(self) -> FloatArray:
        sizes: FloatArray = np.bincount(self.group, self.units.size, self.count).astype(np.float64)
        return sizes

    def _children(self) -> FloatArray:
        return np.bincount(self.group, minlength=self.count).astype(np.float64)

    def _kept(self, size: FloatArray, pairs: FloatArray, inner: FloatArray) -> FloatArray:
        """Return what groups keep: of their labels, their pairs and their units' pairs."""
        kept: FloatArray = pairs * (self.within - size) + inner * size - self.price * size**2
        return kept

    def step(self) -> bool:
        """Make the best move or swap; tell whether there was one that pays."""
        units, group = self.units, self.group
        member = np.eye(self.count)[group]
        near = units.between @ member
        size, children = self._sizes(), self._children()
        inner = member.T @ units.inner
        pairs = inner + (near * member).sum(0) / 2
        now = self._kept(size, pairs, inner), self.limits.violation(size, children)
        own = near[np.arange(len(group)), group]

        less = (
            size[group] - units.size,
            pairs[group] - own - units.inner,
            inner[group] - units.inner,
        )
        more = (
            size + units.size[:, None],
            pairs + near + units.inner[:, None],
            inner + units.inner[:, None],
        )
        gain = (self._kept(*less) - now[0][group])[:, None] + self._kept(*more) - now[0]
        worse = (self.limits.violation(less[0], children[group] - 1) - now[1][group])[:, None]
        worse = worse + self.limits.violation(more[0], children + 1) - now[1]
        stays = np.zeros(gain.shape, dtype=bool)
        stays[np.arange(len(group)), group] = True
        stays[children[group] == 1] = True  # groups stay as many
        move = _best(gain, worse, stays)

        there = near[:, group]  # of each unit to the group of each other
        size_then = less[0][:, None] + units.size
        pairs_then = less[1][:, None] + there.T - units.between + units.inner
        inner_then = less[2][:, None] + units.inner
        gain = self._kept(size_then, pairs_then, inner_then) - now[0][group][:, None]
        worse = self.limits.violation(size_then, children[group][:, None]) - now[1][group][:, None]
        swap = _best(gain + gain.T, worse + worse.T, group[:, None] == group[None, :])

        chosen = min(move[:2], swap[:2])
        if chosen[0] > 0 or (chosen[0] == 0 and -chosen[1] <= self.least_gain):
            return False
        if move[:2] == chosen:
            unit, to = divmod(move[2], self.count)
            group[unit] = to
        else:
            one, other = divmod(swap[2], len(group))
            group[[one, other]] = group[[other, one]]
        return True


def _best(
    gain: FloatArray, worse: FloatArray, barred: npt.NDArray[np.bool_]
) -> tuple[float, float, int]:
    """Return the least worsening, minus the most gain at it, and where, first among equals."""
    worse = np.where(barred, np.inf, worse)
    least = worse.min(initial=np.inf)
    if not np.isfinite(least):
        return np.inf, 0.0, -1
    gain = np.where(worse == least, gain, -np.inf)
    place = int(gain.argmax())
    return float(least), -float(gain.flat[place]), place
