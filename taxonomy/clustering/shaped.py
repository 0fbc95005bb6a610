"""Trees of a given shape that lose as little similarity as their bounds allow.

A tree loses a pair's similarity to the extent that the pair meets in a large clade, which is what
Dasgupta's cost counts. By itself that cost also pays for large groups, whatever is in them, so its
mean under random relabelling of the tree is taken off. What is lowered is

    (cost - mean cost) / (n * sum(s)) + balance * imbalance

The first part is 0 for a star or a random tree, and the lower the more similarity the tree keeps
beyond chance. The search agglomerates within the bounds, finest level first, and then moves and
swaps labels between groups, and groups between their parents, always the step that gains most,
until none does. All trees on the way have the same levels, so each step's gain is known in closed
form: with t the similarities less their mean, and within(v) the sum of t over the pairs below v,

    cost - mean cost = - sum over nodes v of within(v) * (leaves(parent of v) - leaves(v))

Choices between equals go by `taxonomy.clustering.canonical.label_free_order`, so that neither the
order nor the names of labels matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import ClusteringError, check_choice
from taxonomy.clustering.canonical import label_free_order
from taxonomy.clustering.groups import Levels, groups_of_tree, tree_of_groups
from taxonomy.clustering.partition import Limits, Units, agglomerated, improved
from taxonomy.clustering.refinement import (
    Bounds,
    imbalance,
    less_mean,
    refine,
    without_diagonal,
)
from taxonomy.clustering.steps import LEAST_GAIN
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    from taxonomy.similarity import DenseSimilarity


TRIED = 4
"""How many numbers of groups a level the choice ``"cheapest"`` tries."""


def number_of_levels(levels: int, groups: tuple[int, ...] | str, n: int) -> int:
    """Return how many levels a shape of n classes has where that was left to us.

    Args:
        levels: what was asked for; 0 to leave it open.
        groups: groups of every level, where they were named; a word where they were not.
        n: number of classes.

    >>> number_of_levels(3, "middle", 12), number_of_levels(0, (4, 9), 12)
    (3, 2)
    >>> number_of_levels(0, "middle", 23), number_of_levels(0, "middle", 24)
    (1, 2)
    """
    named = 0 if isinstance(groups, str) else len(groups)
    return levels or named or (2 if n >= 24 else 1)


@dataclass(frozen=True)
class Shape:
    """Bounds on a tree whose leaves all hang below its finest level.

    Args:
        levels: levels of nodes between the root and the leaves; at least 1.
        groups: nodes of every level, coarse to fine. ``"middle"``: the geometric mean of the
            fewest and the most that the bounds allow, finest level first. ``"cheapest"``: of a
            few numbers between these the ones that lose least, which are often the fewest above
            and the largest groups below.
        least_children: of every node below the root; a leaf is a child too.
        most_children: of every node below the root.
        least_leaves: per level, coarse to fine, the fewest leaves of a node; shorter than the
            levels it is about the finest ones.
        most_leaves: per level, coarse to fine, the most.
        balance: how much uneven groups cost, at least 0: see
            `taxonomy.clustering.refinement.imbalance`.
    """

    levels: int = 2
    groups: tuple[int, ...] | Literal["middle", "cheapest"] = "middle"
    least_children: int = 2
    most_children: int = 12
    least_leaves: tuple[int, ...] = (3,)
    most_leaves: tuple[int, ...] = (12,)
    balance: float = 0.0

    def __post_init__(self) -> None:
        if self.levels < 1:
            raise ClusteringError(f"The shape has {self.levels} levels; ask for at least 1.")
        if isinstance(self.groups, str):
            check_choice("groups", self.groups, ["middle", "cheapest"], ClusteringError)
        named = () if isinstance(self.groups, str) else self.groups
        for what, given in (
            ("groups", named),
            ("least_leaves", self.least_leaves),
            ("most_leaves", self.most_leaves),
        ):
            if len(given) > self.levels or any(k < 1 for k in given):
                raise ClusteringError(
                    f"The shape's {what} are {list(given)}; give numbers of at least 1, no more "
                    f"than its {self.levels} levels."
                )
        if not isinstance(self.groups, str) and len(named) < self.levels:
            raise ClusteringError(
                f"The shape names groups for {len(named)} of {self.levels} levels; "
                "name them for all, or say middle or cheapest."
            )
        if not 1 <= self.least_children <= self.most_children:
            raise ClusteringError(
                f"Nodes of {self.least_children} to {self.most_children} children: give two "
                "numbers of at least 1 that grow."
            )
        if not self.balance >= 0:
            raise ClusteringError(f"The balance is {self.balance}; it must be at least 0.")

    def limits(self, n: int) -> list[Limits]:
        """Return every level's bounds for n labels, coarse to fine."""
        least = [*[1] * (self.levels - len(self.least_leaves)), *self.least_leaves]
        most = [*[n] * (self.levels - len(self.most_leaves)), *self.most_leaves]
        made = [
            Limits(low, high, self.least_children, self.most_children)
            for low, high in zip(least, most, strict=True)
        ]
        finest = made[-1]  # where the children are the leaves
        made[-1] = Limits(
            max(finest.least, finest.least_children),
            min(finest.most, finest.most_children),
            finest.least_children,
            finest.most_children,
        )
        return made


def shaped_tree(
    similarity: DenseSimilarity, shape: Shape | None = None, method: str = "average"
) -> Hierarchy:
    """Return the tree of a shape that loses least similarity, as far as the search finds it.

    Renaming the labels renames the tree's leaves and nothing else; only of labels that are equally
    like all others, so that nothing tells them apart, either may stand in either place.

    Args:
        similarity: of n labels.
        shape: the bounds; by default two levels and 3 to 12 classes a group.
        method: how alike groups of several are at the start: their pairs' mean with ``average``,
            the nearest pair with ``single``, the farthest with ``complete``.

    Raises:
        ClusteringError: no tree of that shape was found.

    >>> from taxonomy.similarity import DenseSimilarity
    >>> near = np.kron(np.eye(2), np.ones((3, 3)))
    >>> s = DenseSimilarity("abcdef", np.where(np.eye(6), 1, 0.2 + 0.6 * near))
    >>> print(shaped_tree(s, Shape(levels=1)).to_text())
    (6)
    ├── (3)
    │   ├── a
    │   ├── b
    │   └── c
    └── (3)
        ├── d
        ├── e
        └── f
    """
    similarity, shape = similarity.all_pairs(), shape or Shape()
    order = label_free_order(similarity.values)
    search = _ShapeSearch(similarity.values[np.ix_(order, order)], shape, method)
    tree = search.best()
    ids = [similarity.ids[i] for i in order]
    raw = RawTree(
        parent=tree.parent.tolist(),
        leaf=[None if leaf is None else ids[int(leaf)] for leaf in tree.leaf],
        name=list(tree.name),
    )
    bounds = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(shape).items()}
    made = {
        **io.provenance("shaped_tree", linkage=method, shape=bounds, similarity=similarity.digest),
        "objective": search.objective(tree),
        "source": similarity.provenance,
    }
    return Hierarchy.from_raw(raw, made)


class _ShapeSearch:
    """The search for one similarity, in which labels are numbers and have no names."""

    def __init__(self, values: FloatArray, shape: Shape, method: str) -> None:
        from taxonomy.similarity import DenseSimilarity

        self.n = len(values)
        self.shape, self.method = shape, method
        self.similarity = DenseSimilarity([f"{i:08d}" for i in range(self.n)], values)
        self.values = less_mean(without_diagonal(values))
        self.total = float(without_diagonal(values).sum() / 2)
        self.limits = shape.limits(self.n)

    def best(self) -> Hierarchy:
        """Return the best tree found."""
        starts = [self.tree(levels) for levels in self.starts()]
        if not starts:
            raise ClusteringError(self._nothing())
        return self.settled(min(starts, key=self.objective))

    def starts(self) -> Iterator[Levels]:
        """Yield, for every choice of the numbers of groups that works, each level's groups.

        A level is given by the group of every label, coarse to fine.
        """
        labels = Units(self.values, np.ones(self.n), np.zeros(self.n))
        yield from self._grouped(labels, np.arange(self.n), self.shape.levels - 1)

    def _grouped(self, units: Units, home: IntArray, level: int) -> Iterator[Levels]:
        """Group units (``home`` says which each label is in) at a level and at those above."""
        if level < 0:
            yield []
            return
        for count in self._counts(len(units.size), level):
            start = agglomerated(units, count, self.limits[level], self.method)
            price = self._price(count)
            groups = improved(units, start, self.n, self.limits[level], price)
            if groups is None:
                continue
            for above in self._grouped(units.joined(groups), groups[home], level - 1):
                yield [*above, groups[home]]

    def _counts(self, units: int, level: int) -> list[int]:
        """Return the numbers of groups to try at a level."""
        limits, n = self.limits[level], self.n
        finest = level == self.shape.levels - 1
        least = math.ceil(n / limits.most)
        most = n // limits.least
        if not finest:
            least = max(least, math.ceil(units / limits.most_children))
            most = min(most, units // limits.least_children)
        if not isinstance(self.shape.groups, str):
            given = self.shape.groups[level]
            return [given] if least <= given <= most else []
        if most >= 2:
            least = max(least, 2)  # one group below the root is none
        if least > most:
            return []
        if self.shape.groups == "middle":
            return [round(math.sqrt(least * most))]
        return sorted({round(k) for k in np.geomspace(least, most, TRIED)})

    def _price(self, count: int) -> float:
        """Return what a group's squared leaves cost, in the unit of Dasgupta's cost."""
        return self.shape.balance * self.total * count / (self.n * self.shape.levels)

    def tree(self, levels: Levels) -> Hierarchy:
        """Return the tree of every level's groups."""
        return tree_of_groups(levels, self.similarity.ids)

    def levels(self, tree: Hierarchy) -> Levels:
        """Return every level's groups of a tree."""
        return groups_of_tree(tree, self.similarity.ids, self.shape.levels)

    def objective(self, tree: Hierarchy) -> float:
        """Return the cost beyond chance, normalised, and times the balance the imbalance."""
        cost = 0.0
        above = np.zeros(self.n, dtype=np.int64)
        for groups in self.levels(tree):
            within = ((groups[:, None] == groups[None, :]) * self.values).sum(1) / 2
            sizes = np.bincount(above)[above] - np.bincount(groups)[groups]
            cost -= float(within @ sizes)
            above = groups
        share = cost / (self.n * self.total) if self.total else 0.0
        return round(share + self.shape.balance * imbalance(tree), 12)

    def settled(self, tree: Hierarchy) -> Hierarchy:
        """Move labels, and groups of all levels, until neither lowers the objective."""
        bounds = Bounds(
            tuple(limits.least for limits in self.limits),
            tuple(limits.most for limits in self.limits),
        )
        best = self.objective(tree)
        while True:
            tree = refine(
                tree, self.similarity, bounds, balance=self.shape.balance, beyond_chance=True
            )
            for level in range(self.shape.levels - 1):
                tree = self.tree(self._regrouped(self.levels(tree), level))
            reached = self.objective(tree)
            if reached > best - LEAST_GAIN:
                return tree
            best = reached

    def _regrouped(self, levels: Levels, level: int) -> Levels:
        """Return the levels after moving and swapping nodes between the groups of one level.

        Nodes move between groups that have one parent.
        """
        groups, below = levels[level], levels[level + 1]
        labels = Units(self.values, np.ones(self.n), np.zeros(self.n))
        units = labels.joined(below)
        first = np.array([np.flatnonzero(below == unit)[0] for unit in range(len(units.size))])
        above = levels[level - 1] if level else np.zeros(self.n, dtype=np.int64)
        made = groups[first].copy()
        price = self._price(int(groups.max()) + 1)
        for parent in np.unique(above):
            inside = np.flatnonzero(above[first] == parent)
            names, start = np.unique(made[inside], return_inverse=True)
            within = int(units.size[inside].sum())
            found = improved(units.of(inside), start, within, self.limits[level], price)
            if found is not None:
                made[inside] = names[found]
        return [*levels[:level], made[below], *levels[level + 1 :]]

    def _nothing(self) -> str:
        shape, finest = self.shape, self.limits[-1]
        named = not isinstance(shape.groups, str)
        groups = f" in {','.join(map(str, shape.groups))} groups" if named else ""
        return (
            f"No tree of {shape.levels} levels of {self.n} classes{groups} has {finest.least} to "
            f"{finest.most} classes a group and {shape.least_children} to {shape.most_children} "
            "children a node; widen these, or ask for other levels or groups."
        )
