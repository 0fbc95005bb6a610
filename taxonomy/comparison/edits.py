"""Tree edit distance: how many entries are put in, taken out or renamed between two trees."""

from __future__ import annotations

from math import nan

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray, WordArray, mix64
from taxonomy.comparison.heights import same_labels
from taxonomy.trees.consensus import leaf_spans
from taxonomy.trees.hierarchy import Hierarchy

MOST_LABELS = 300
"""Trees of more labels are not compared: time grows with about the square of their number."""

MOST_WORK = 100_000
"""Operations on rows, a few seconds, above which another order of children is not tried."""

ROUNDS = 4
"""How often labels are told apart by where they are."""


def tree_edit_distance(a: Hierarchy, b: Hierarchy) -> float:
    """Return an upper bound of the unordered tree edit distance, as a share of the most edits.

    The least number of entries that are put in, taken out (their children move up) or renamed to
    make one tree the other, divided by what taking one apart and building the other costs: all
    entries but the two roots. Labels are renamed to labels or inner nodes, for one edit; inner
    nodes are all alike, whatever their names. Range [0, 1], 0 for equal trees; lower is more
    similar. Heights and their ties play no part. Putting a node into a multiway node is one edit,
    however many children it takes along; a node with a single child counts no more than none.
    Finding the least over all orders of children is NP-hard, so three are tried: both trees in a
    canonical order, the largest clade first and then by where their labels are in both trees; and
    either tree so and the other following it. The least of these bounds it from above. NaN, not
    computed, beyond 300 labels. Its mean under random relabelling has no closed form. Source:
    Zhang & Shasha 1989, SIAM Journal on Computing 18, for the recurrences.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> round(tree_edit_distance(a, b), 3)  # 1 node taken out, of 6 and 5
    0.091
    """
    same_labels(a, b)
    if len(a.leaves) > MOST_LABELS:
        return nan
    a, b = a.collapse_unary(), b.collapse_unary()
    least = min(edits(one, other) for one, other in layouts(a, b))
    return least / (len(a) + len(b) - 2)


def layouts(a: Hierarchy, b: Hierarchy) -> list[tuple[Postorder, Postorder]]:
    """Return the two trees in the orders that are tried.

    A tree that follows has its children in the order of their labels' mean places in the other.
    Where that would take long, as in a deep tree whose large clades come last, it is not tried.
    """
    rank = label_ranks(a, b)
    one, other = (Postorder(tree, rank, _largest_first(tree, rank)) for tree in (a, b))
    following = [
        (one, Postorder(b, rank, _mean_places(b, rank, one))),
        (Postorder(a, rank, _mean_places(a, rank, other)), other),
    ]
    return [(one, other), *(pair for pair in following if work(*pair) <= MOST_WORK)]


def _largest_first(tree: Hierarchy, rank: IntArray) -> FloatArray:
    """Return a key for each entry: its size, and the least rank of its labels."""
    least = np.full(len(tree), len(rank))
    least[tree.leaf_entries] = rank
    for i in range(len(tree) - 1, 0, -1):
        least[tree.parent[i]] = min(least[tree.parent[i]], least[i])
    key: FloatArray = least - tree.leaf_counts * (len(rank) + 1.0)
    return key


def _mean_places(tree: Hierarchy, rank: IntArray, leader: Postorder) -> FloatArray:
    """Return, per entry, the mean place of its labels in another tree's order."""
    place = np.empty(len(rank))
    place[leader.label[leader.label >= 0]] = np.arange(len(rank))
    start, stop = leaf_spans(tree)
    in_preorder = np.empty(len(rank))
    in_preorder[start[tree.leaf_entries]] = place[rank]
    running = np.append(0.0, np.cumsum(in_preorder))
    means: FloatArray = (running[stop] - running[start]) / tree.leaf_counts
    return means


def work(one: Postorder, other: Postorder) -> int:
    """Return how many operations on rows `edits` takes, each on no more cells than are cheap."""
    rows = int((one.ends - one.starts + 1).sum())
    cells = rows * int((other.ends - other.starts + 1).sum())
    return max(rows * (1 + int(other.level.max())), cells // 500)


class Postorder:
    """A tree's entries in postorder, siblings in a given order.

    Args:
        tree: a tree.
        rank: of each label, in order of the ids, a number that it has in both trees.
        key: of each entry; siblings are in the order of their keys.

    Attributes:
        label: per entry the rank of its label, or -1.
        left: per entry the first entry below it.
        starts: the first entry of each range; a range is what is below an entry that has a
            sibling before it (or the root): Zhang and Shasha's keyroots are their last entries.
        ends: the last entry of each range.
        level: of each range how many are nested within it, at most.
    """

    def __init__(self, tree: Hierarchy, rank: IntArray, key: FloatArray) -> None:
        keys = key.tolist()
        order: list[int] = []
        stack = [0]
        while stack:  # the reverse of a postorder, children from last to first
            i = stack.pop()
            order.append(i)
            stack += sorted(tree.children(i), key=keys.__getitem__)
        order.reverse()
        place = np.empty(len(tree), dtype=np.int64)
        place[order] = np.arange(len(tree))
        self.label = np.full(len(tree), -1)
        self.label[place[tree.leaf_entries]] = rank
        below = tree.stop - np.arange(len(tree))
        self.left: IntArray = np.arange(len(tree)) - below[order] + 1
        last = {left: i for i, left in enumerate(self.left.tolist())}
        self.ends = np.array(sorted(last.values()))
        self.starts = self.left[self.ends]
        self.level = np.zeros(len(self.ends), dtype=np.int64)
        for i, (start, end) in enumerate(zip(self.starts, self.ends, strict=True)):
            inside = self.level[:i][(self.starts[:i] >= start) & (self.ends[:i] < end)]
            self.level[i] = 1 + inside.max() if len(inside) else 0


def label_ranks(a: Hierarchy, b: Hierarchy) -> IntArray:
    """Return a rank for each label by where it is in both trees, ties by id; in order of the ids.

    Colours are refined: a node's is drawn from those of its children, then a label's from those of
    its ancestors in both trees. So the ranks stay when labels are renamed and when trees change
    places, but for labels that this does not tell apart, nearly always such as can be exchanged.

    >>> a = Hierarchy.from_nested([["cat", "dog"], "owl"])
    >>> b = Hierarchy.from_nested([["yak", "fox"], "ant"])
    >>> label_ranks(a, a).tolist(), label_ranks(b, b).tolist()  # the pair has the greater ones
    ([1, 2, 0], [0, 1, 2])
    """
    colour = np.ones(len(a.leaves), dtype=np.uint64)
    for _ in range(ROUNDS):
        colour = mix64(_above(a, colour) + _above(b, colour))
    ranks: IntArray = np.argsort(np.argsort(colour, kind="stable"))
    return ranks


def _above(tree: Hierarchy, colour: WordArray) -> WordArray:
    """Return the colour of each label's path, given the labels'."""
    entry = np.zeros(len(tree), dtype=np.uint64)
    entry[tree.leaf_entries] = mix64(colour)
    levels = [np.flatnonzero(tree.depth == level) for level in range(1, int(tree.depth.max()) + 1)]
    for level in reversed(levels):
        inner = level[~tree.is_leaf[level]]
        entry[inner] = mix64(entry[inner] + np.uint64(1))
        np.add.at(entry, tree.parent[level], entry[level])
    for level in levels:
        entry[level] = mix64(entry[level] + mix64(entry[tree.parent[level]]))
    return entry[tree.leaf_entries]


def edits(one: Postorder, other: Postorder) -> int:
    """Return the tree edit distance of two ordered trees.

    Zhang and Shasha's recurrences. A table is filled for every two ranges, one of each tree, row by
    row. All ranges of the second tree that are not nested in one another are filled side by side,
    as one long row: the ranges of a level have no entry in common.
    """
    n, m = len(one.label), len(other.label)
    between = np.zeros((n, m), dtype=np.int64)
    same = one.label[:, None] == other.label
    levels = [_Level(other, level) for level in range(int(other.level.max()) + 1)]
    for start, end in zip(one.starts.tolist(), one.ends.tolist(), strict=True):
        for level in levels:
            level.fill(one, start, end, between, same)
    return int(between[-1, -1])


class _Level:
    """Ranges of a tree that lie side by side: a column for the empty forest before each."""

    def __init__(self, tree: Postorder, level: int) -> None:
        chosen = np.flatnonzero(tree.level == level)
        starts, sizes = tree.starts[chosen], tree.ends[chosen] - tree.starts[chosen] + 1
        first = np.cumsum(sizes + 1) - sizes - 1
        self.empty = first
        width = int((sizes + 1).sum())
        filled = np.ones(width, dtype=bool)
        filled[first] = False
        self.columns = np.flatnonzero(filled)
        offset = np.repeat(starts - first - 1, sizes)
        self.entries = self.columns + offset
        # The column just before the first entry below each, all of which are in the same range.
        self.before = tree.left[self.entries] - offset - 1
        self.whole = tree.left[self.entries] == np.repeat(starts, sizes)
        # Takes each range to below all ranges before it, so that running minima start anew.
        self.slope = np.arange(width) + np.repeat(np.arange(len(sizes)) * 4 * width, sizes + 1)
        self.count = np.arange(width) - np.repeat(first, sizes + 1)

    def fill(self, one: Postorder, start: int, end: int, between: IntArray, same: IntArray) -> None:
        """Fill the tables of the first tree's range with all ranges here; keep trees' distances."""
        rows = np.empty((end - start + 2, len(self.slope)), dtype=np.int64)
        rows[0] = self.count
        for i in range(start, end + 1):
            row = rows[i - start] + 1
            near = between[i, self.entries]
            split = rows[one.left[i] - start, self.before] + near
            if one.left[i] == start:
                kept = rows[i - start, self.columns - 1] + ~same[i, self.entries]
                split = np.where(self.whole, kept, split)
            row[self.columns] = np.minimum(row[self.columns], split)
            np.minimum.accumulate(row - self.slope, out=row)
            row += self.slope
            rows[i - start + 1] = row
            if one.left[i] == start:
                between[i, self.entries[self.whole]] = row[self.columns[self.whole]]
