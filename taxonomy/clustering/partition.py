"""Partitions of units into groups of bounded size that keep the most similarity together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy.clustering.linkage import get_pairwise_linkage
from taxonomy.clustering.steps import LEAST_GAIN, Step, least_change


@dataclass(frozen=True)
class Limits:
    """Bounds on the size of a group.

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


def merged_while_fitting(
    score: FloatArray,
    *,
    size: FloatArray,
    children: FloatArray,
    count: int,
    limits: Limits,
    rescored: Callable[[int, int], FloatArray],
) -> IntArray:
    """Merge the two most similar groups that fit together, step by step, ties going to the first.

    Args:
        score: how alike every two groups are, symmetric, shape (groups, groups); not changed.
        size: labels of each group.
        children: units of each group.
        count: how many groups shall be left; more are where no two fit together any more.
        limits: of which only the most labels and units of a group matter here.
        rescored: given two groups that have merged into the first, how alike that is to all.

    Returns:
        for each group, the one that it is part of now; shape (groups,).
    """
    n = len(size)
    size, children = size.copy(), children.copy()
    group, alive = np.arange(n), np.ones(n, dtype=bool)
    fits = np.add.outer(size, size) <= limits.most
    fits &= np.add.outer(children, children) <= limits.most_children
    np.fill_diagonal(fits, val=False)
    open_to = np.where(fits, score, -np.inf)  # of pairs that fit together
    for _ in range(n - count):
        one, other = divmod(int(open_to.argmax()), n)
        if not np.isfinite(open_to[one, other]):
            break
        group[group == other] = one
        alive[other] = False
        size[one] += size[other]
        children[one] += children[other]
        fits = alive & (size[one] + size <= limits.most)
        fits &= children[one] + children <= limits.most_children
        fits[one] = False
        open_to[other] = open_to[:, other] = -np.inf
        open_to[one] = open_to[:, one] = np.where(fits, rescored(one, other), -np.inf)
    return group


def agglomerated(units: Units, count: int, limits: Limits, method: str = "average") -> IntArray:
    """Return ``count`` groups: the most similar two that fit together merge, step by step.

    Where no two fit any more, the smallest groups' units are dealt out, each to the group that it
    is most like among those that leave the limits least. Groups can end outside the limits.

    Args:
        units: what to group.
        count: at most as many as there are units.
        limits: what a group may hold.
        method: one of `taxonomy.clustering.linkage.LINKAGES` that is pairwise.

    Returns:
        the group of each unit, from 0.

    Raises:
        RegistryError: an unknown method, or one that is not pairwise.
    """
    extreme = get_pairwise_linkage(method).extreme
    size, sums = units.size.copy(), units.between.copy()
    alike = sums / np.outer(size, size)

    def rescored(one: int, other: int) -> FloatArray:
        if extreme is None:
            size[one] += size[other]
            sums[one] += sums[other]
            sums[:, one] = sums[one]
            means: FloatArray = sums[one] / (size[one] * size)
            return means
        alike[one] = extreme(alike[one], alike[other])
        alike[:, one] = alike[one]
        chosen: FloatArray = alike[one]
        return chosen

    group = merged_while_fitting(
        alike,
        size=units.size,
        children=np.ones(len(size)),
        count=count,
        limits=limits,
        rescored=rescored,
    )
    return _dealt(units, group, count, limits)


def _dealt(units: Units, group: IntArray, count: int, limits: Limits) -> IntArray:
    """Dissolve the smallest groups until ``count`` of them are left."""
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

        (worst, least), step = min(move, swap, key=lambda found: found[0])
        if worst > 0 or (worst == 0 and -least <= self.least_gain):
            return False
        if (worst, least) == move[0]:
            group[step.row] = step.column
        else:
            group[[step.row, step.column]] = group[[step.column, step.row]]
        return True


def _best(
    gain: FloatArray, worse: FloatArray, barred: BoolArray
) -> tuple[tuple[float, float], Step]:
    """Return the step of most gain among those of the least worsening, and these two numbers."""
    least = least_change(worse, barred).change
    step = least_change(-gain, barred | (worse != least))
    return (least, step.change), step
