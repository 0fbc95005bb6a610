"""Refinement of a tree under bounds: moves and swaps of labels that lower Dasgupta's cost.

The cost of a tree is the sum over pairs of similarity times the number of leaves under the node
where the two meet (Dasgupta 2016, "A cost function for similarity-based hierarchical clustering").
Alike labels that meet only high up make it high, and so do large groups, so it asks for both
similarity and balance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy._core.checked import check_kind
from taxonomy._core.errors import ClusteringError
from taxonomy.clustering.steps import LEAST_GAIN, Step, least_change
from taxonomy.labels import check_same_labels
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    from taxonomy.similarity import DenseSimilarity


@dataclass(frozen=True)
class Bounds:
    """Sizes that refinement keeps nodes within, in leaves.

    Args:
        least_leaves: fewest leaves of a node, by depth from the root's children down; none where
            left out.
        most_leaves: most leaves, likewise.
    """

    least_leaves: tuple[int, ...] = ()
    most_leaves: tuple[int, ...] = ()

    def of(self, tree: Hierarchy) -> tuple[IntArray, IntArray]:
        """Return the least and most leaves of every entry; 1 and all where nothing is said."""
        n = len(tree.leaves)
        least, most = np.ones(len(tree), dtype=np.int64), np.full(len(tree), n)
        for given, made in ((self.least_leaves, least), (self.most_leaves, most)):
            for depth, bound in enumerate(given, start=1):
                made[tree.depth == depth] = bound
        return least, most


def imbalance(tree: Hierarchy) -> float:
    """Return how uneven the nodes of a depth are, 0 where all have as many leaves.

    The mean over depths below the root of ``k * sum((size / n)**2) - 1``, sizes in leaves, of the
    k nodes at a depth. In a tree of levels that is the squared coefficient of variation.

    >>> imbalance(Hierarchy.from_nested([["a", "b", "c"], ["d"]]))  # 2 * (9 + 1) / 16 - 1
    0.25
    """
    shares = tree.leaf_counts / len(tree.leaves)
    nodes = tree.nodes[1:]
    if not len(nodes):
        return 0.0
    depth = tree.depth[nodes]
    counts = np.bincount(depth)[1:]
    uneven = counts * np.bincount(depth, shares[nodes] ** 2)[1:] - 1
    return float(uneven.mean())


def refine(
    tree: Hierarchy,
    similarity: DenseSimilarity,
    bounds: Bounds | None = None,
    *,
    balance: float = 0.0,
    beyond_chance: bool = False,
) -> Hierarchy:
    """Return the tree after moving and swapping labels between its lowest nodes while it pays.

    Each step takes the move or swap that lowers Dasgupta's cost most, the first in canonical order
    among equals, until none does. Nodes stay; only labels change places. Merge heights, which no
    longer hold, are dropped, and so is support.

    Args:
        tree: any tree; labels that hang beside nodes move to lowest nodes only if it pays.
        similarity: of the same labels.
        bounds: sizes to keep; a tree outside its bounds is refused.
        balance: how much uneven sizes cost: what is lowered is the cost, divided by that of a
            star, plus ``balance`` times `imbalance`.
        beyond_chance: whether the cost's mean under random relabelling is taken off, that is the
            cost is of the similarities less their mean. Otherwise large nodes gain by their size,
            whatever is in them.

    Raises:
        ClusteringError: no tree or no similarity, other labels, or a node outside the bounds.
    """
    names = ("the tree", "the similarity")
    check_kind(tree, Hierarchy, names[0], ClusteringError)
    if not hasattr(similarity, "all_pairs"):
        kind = type(similarity).__name__
        raise ClusteringError(f"{names[1]} is a {kind}; give a DenseSimilarity.")
    check_same_labels(tree.leaves, similarity.ids, ClusteringError, names)
    values = without_diagonal(similarity.all_pairs().values)
    price = balance * float(values.sum()) / 2 / len(values)
    values = less_mean(values) if beyond_chance else values
    state = _State(tree, values, bounds or Bounds(), price)
    while state.step():
        pass
    raw = RawTree(parent=tree.parent.tolist(), leaf=list(tree.leaf), name=list(tree.name))
    for leaf, entry in enumerate(tree.leaf_entries):
        raw.parent[entry] = int(state.home[leaf])
    return Hierarchy.from_raw(raw, {**tree.provenance, "refined": io.versions()})


def without_diagonal(values: FloatArray) -> FloatArray:
    """Return similarities with 0 on the diagonal."""
    made = values.copy()
    np.fill_diagonal(made, 0)
    return made


def less_mean(values: FloatArray) -> FloatArray:
    """Return similarities, 0 on the diagonal, less the mean of all pairs' ones.

    >>> less_mean(np.array([[0, 0.2, 0.4], [0.2, 0, 0.9], [0.4, 0.9, 0]])).round(3)[0].tolist()
    [0.0, -0.3, -0.1]
    """
    n = len(values)
    return without_diagonal(values - values.sum() / max(1, n * (n - 1)))


class _State:
    """Where every label is, and what every move and swap would change.

    With A(i, v) the similarity of label i to the labels under node v, label i placed at node q
    costs F(i, q) = sum over the path from the root to q of A(i, v) (|v| - |parent of v|).
    """

    def __init__(self, tree: Hierarchy, values: FloatArray, bounds: Bounds, balance: float) -> None:
        inner = tree.nodes
        least, most = bounds.of(tree)
        place = np.full(len(tree), -1)
        place[inner] = np.arange(len(inner))
        self.inner = inner
        self.parent = np.where(tree.parent[inner] >= 0, place[tree.parent[inner]], -1)
        self.depth = tree.depth[inner]
        self.least, self.most = least[inner], most[inner]
        self.values = values
        # What a squared leaf costs at each node, in the unit of the cost.
        counts = np.bincount(self.depth)
        self.price = np.zeros(len(inner))
        if len(inner) > 1:
            self.price[1:] = balance / (len(counts) - 1) * counts[self.depth[1:]]
        self.at = place[tree.parent[tree.leaf_entries]]
        self.above = np.zeros((len(inner), len(inner)), dtype=bool)
        for node in range(len(inner)):
            self.above[node] = self.above[self.parent[node]] if node else False
            self.above[node, node] = True
        has_node = np.zeros(len(inner), dtype=bool)
        has_node[self.parent[1:]] = True
        self.lowest = ~has_node
        size = self.above[self.at].sum(0)
        wrong = np.flatnonzero((size < self.least) | (size > self.most))
        if len(wrong):
            raise ClusteringError(
                f"A node of {size[wrong[0]]} leaves is outside its bounds of "
                f"{self.least[wrong[0]]} to {self.most[wrong[0]]}; widen the bounds."
            )

    @property
    def home(self) -> IntArray:
        """The entry of the tree that each label hangs below."""
        entries: IntArray = self.inner[self.at]
        return entries

    def step(self) -> bool:
        """Make the best move or swap; tell whether there was one that pays."""
        on_path = self.above[self.at]
        size = on_path.sum(0).astype(np.float64)
        near = self.values @ on_path
        swap = self._best_swap(near, size)
        move = self._best_move(near, on_path, size)
        scale = max(1.0, float(np.abs(self.values).sum() / 2 * size[0]))
        if -min(swap.change, move.change) <= LEAST_GAIN * scale:
            return False
        if move.change <= swap.change:
            self.at[move.row] = move.column
        else:
            self.at[[swap.row, swap.column]] = self.at[[swap.column, swap.row]]
        return True

    def _along_path(self, step: FloatArray) -> FloatArray:
        """Return the sums from the root to every node of one number a node, last axis nodes."""
        total: FloatArray = step.copy()
        for node in range(1, step.shape[-1]):
            total[..., node] += total[..., self.parent[node]]
        return total

    def _best_swap(self, near: FloatArray, size: FloatArray) -> Step:
        more = size - np.where(self.parent >= 0, size[self.parent], 0)
        cost = self._along_path(near * more)
        at = self.at
        own = cost[np.arange(len(at)), at]
        there = cost[:, at]
        meet = self._meeting_size(size)[np.ix_(at, at)]
        change = there + there.T - own[:, None] - own[None, :]
        change += self.values * (2 * meet - size[at][:, None] - size[at][None, :])
        return least_change(change, at[:, None] == at[None, :])

    def _meeting_size(self, size: FloatArray) -> FloatArray:
        """Return the size of the node at which every two nodes' paths part, (nodes, nodes)."""
        meet = np.zeros((len(size), len(size)))
        for node in range(len(size)):
            under = self.above[:, node]
            meet[np.ix_(under, under)] = size[node]
        return meet

    def _best_move(self, near: FloatArray, on_path: BoolArray, size: FloatArray) -> Step:
        # Sizes and sums after the label has been taken out, then what putting it back costs.
        left = size - on_path
        between = self._sum_at(near, on_path)
        mine = near - self._next_near(near, on_path)
        rest = between - np.where(on_path, mine, 0)
        more = left + 1
        rise = more - np.where(self.parent >= 0, more[:, self.parent], 0)
        uneven = self.price * (left + more)  # of (left + 1)**2 - left**2
        cost: FloatArray = self._along_path(near * rise + rest + uneven)
        own = cost[np.arange(len(self.at)), self.at]
        barred = ~self._allowed(on_path, size)
        barred[np.arange(len(self.at)), self.at] = True
        return least_change(cost - own[:, None], barred)

    def _sum_at(self, near: FloatArray, on_path: BoolArray) -> FloatArray:
        """Return the similarity of all pairs that meet at each node."""
        within = (near * on_path).sum(0) / 2
        meet: FloatArray = within.copy()
        np.subtract.at(meet, self.parent[1:], within[1:])
        return meet

    def _next_near(self, near: FloatArray, on_path: BoolArray) -> FloatArray:
        """Return, on a label's own path, its similarity to the labels under the next node down."""
        following: FloatArray = np.zeros_like(near)
        for node in range(1, near.shape[1]):
            rows = on_path[:, node]
            following[rows, self.parent[node]] = near[rows, node]
        return following

    def _allowed(self, on_path: BoolArray, size: FloatArray) -> BoolArray:
        """Tell which label may go to which node: a lowest one, all sizes staying in bounds."""
        full = size + 1 > self.most
        poor = size - 1 < self.least
        blocked = (~on_path & full) @ self.above.T.astype(np.int64) > 0
        leaving = on_path & poor
        stays = leaving.astype(np.int64) @ self.above.T.astype(np.int64)
        blocked |= stays < leaving.sum(1, keepdims=True)
        allowed: BoolArray = ~blocked & self.lowest
        return allowed
