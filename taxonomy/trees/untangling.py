"""Leaf orders of two trees face to face, in which few of the lines between equal labels cross.

A tree says of its leaves only which stand together; the children of a node may be drawn in any
order. Among these orders the ones wanted here put every label of the one tree near the same label
of the other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import FloatArray, IntArray, WordArray, splitmix64
from taxonomy._core.checked import check_kind
from taxonomy._core.errors import HierarchyError
from taxonomy.trees.consensus import leaf_spans
from taxonomy.trees.hierarchy import Hierarchy

Whole = TypeVar("Whole", np.int64, np.uint64)

STARTS = 6
"""Orders of each tree from which the search sets out."""
SWEEPS = 50
"""How often both trees are sorted by each other at most; five are the rule."""
MOST_TOLD_APART = 500
"""How many labels alike in all their relations are told apart before their texts decide."""


class Untangled(NamedTuple):
    """Two trees' labels from the first place to the last, and what the two orders leave.

    Attributes:
        first: the labels of the first tree.
        second: those of the second.
        crossings: how many pairs of lines between equal labels cross.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    crossings: int


def untangle(first: Hierarchy, second: Hierarchy) -> Untangled:
    """Return orders of two trees' leaves in which few lines between equal labels cross.

    Both trees keep their groups; only the children of nodes change places. The trees are sorted by
    each other in turn: the children of every node by the mean place of their labels in the other
    tree. While the other tree stays, that order makes the sum of the squared distances between
    equal labels least, whatever the numbers of children, because two neighbours in another order
    add the product of their sizes and of the difference of their means. So the sum falls until
    nothing changes. Of several starts the result with the fewest crossings, then the least sum, is
    taken. The least of all is not promised: to find it is NP-hard. Trees of one shape keep their
    own order. Starts are drawn from how the labels lie in the two trees, not from their texts, so
    that other names give the same picture; texts decide only among labels that lie alike.

    Sources: Fernau, Kaufmann & Poths 2010, J. Comput. Syst. Sci. 76, for the problem; Sugiyama,
    Tagawa & Toda 1981, IEEE Trans. Syst. Man Cybern. 11, for sorting by means.

    Args:
        first: a tree.
        second: another; a label that only one of them has no line.

    Raises:
        HierarchyError: something else than a tree is given.

    >>> one = Hierarchy.from_nested([["ant", "bee"], ["cat", "dog"], "eel"])
    >>> other = Hierarchy.from_nested([["ant", "dog"], ["bee", "cat"], "eel"])
    >>> found = untangle(one, other)
    >>> found.first, found.second
    (('ant', 'bee', 'dog', 'cat', 'eel'), ('ant', 'dog', 'bee', 'cat', 'eel'))
    >>> found.crossings
    1
    """
    check_kind(first, Hierarchy, "the first tree", HierarchyError)
    check_kind(second, Hierarchy, "the second tree", HierarchyError)
    if first.leaf == second.leaf and np.array_equal(first.parent, second.parent):
        order = tuple(filter(None, first.leaf))
        return Untangled(order, order, 0)
    number = {label: i for i, label in enumerate(sorted({*first.leaves, *second.leaves}))}
    sides, turned = _in_one_order(_Side(first, number), _Side(second, number))
    colour = _told_apart(*sides)
    found = []
    for start, way in product(range(STARTS), (0, 1)):
        places = _settled(sides, colour, start, way)
        ranks = _ranks(*places)
        found.append((_inversions(ranks), *_distances(ranks), places))
    fewest, *_, places = min(found, key=lambda each: each[:3])
    labels = list(number)
    one, other = (
        [labels[i] for i in np.argsort(place)[: np.isfinite(place).sum()]]
        for place in places[::turned]
    )
    step = 1 if one[0] <= one[-1] else -1  # of the two mirror images, one
    return Untangled(tuple(one[::step]), tuple(other[::step]), fewest)


def crossings(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many pairs of lines between equal labels of two orders cross.

    Args:
        first: labels, each once.
        second: labels, each once; those of one order only have no line.

    >>> crossings(["ant", "bee", "cat"], ["cat", "ant", "bee", "dog"])
    2
    """
    return _inversions(_shared_ranks(first, second))


def displaced(first: Sequence[str], second: Sequence[str]) -> frozenset[str]:
    """Return the fewest labels without whose lines no two lines between two orders cross.

    These are the labels outside a longest common subsequence of the orders; of several such sets
    always the same one.

    Args:
        first: labels, each once.
        second: labels, each once; those of one order only are left out.

    >>> sorted(displaced(["ant", "bee", "cat", "dog"], ["dog", "ant", "bee", "cat", "eel"]))
    ['dog']
    """
    place = {label: i for i, label in enumerate(second)}
    shared = [label for label in first if label in place]
    lowest: list[int] = []  # the lowest end of a rising run of every length
    ends: list[int] = []
    before: list[int] = []
    for i, label in enumerate(shared):
        length = bisect_left(lowest, place[label])
        lowest[length : length + 1] = [place[label]]
        ends[length : length + 1] = [i]
        before.append(ends[length - 1] if length else -1)
    kept, at = set(), ends[-1] if ends else -1
    while at >= 0:
        kept.add(shared[at])
        at = before[at]
    return frozenset(shared) - kept


class _Side:
    """One of the two trees, its labels by the numbers that both trees give them."""

    def __init__(self, tree: Hierarchy, number: dict[str, int]) -> None:
        tree = tree.collapse_unary()
        self.parent, self.is_leaf = tree.parent, tree.is_leaf
        self.start, self.stop = leaf_spans(tree)
        self.after = tree.stop
        self.counts = tree.leaf_counts
        self.number = np.array([number[label] for label in tree.leaf if label is not None])
        self.labels = len(number)
        families = np.sort(self.parent)
        self.eldest = np.searchsorted(families, families)
        """Where each family begins, the entries being sorted by their parents."""

    def over(self, leaves: npt.NDArray[Whole]) -> npt.NDArray[Whole]:
        """Return the sum of the leaves' values, in preorder, below every entry."""
        running = np.zeros(len(leaves) + 1, leaves.dtype)
        np.cumsum(leaves, out=running[1:])
        held: npt.NDArray[Whole] = running[self.stop] - running[self.start]
        return held

    def down(self, entries: npt.NDArray[Whole]) -> npt.NDArray[Whole]:
        """Return, for every leaf in preorder, the sum of the values on the way to it."""
        change = np.zeros(len(entries) + 1, entries.dtype)
        change[:-1] = entries
        np.subtract.at(change, self.after, entries)
        along: npt.NDArray[Whole] = np.cumsum(change[:-1], dtype=change.dtype)[self.is_leaf]
        return along

    def placed(self, key: FloatArray | WordArray, tie: IntArray) -> FloatArray:
        """Return every label's place, from 0, with the children of nodes in the order of a key.

        Args:
            key: of every entry.
            tie: of every entry, for equal keys.

        Returns:
            shape (labels of both trees,): NaN for one that is not in this tree.
        """
        order = np.lexsort((tie, key, self.parent))
        counts = self.counts[order]
        before = np.cumsum(counts) - counts
        offset = np.empty(len(order), dtype=np.int64)
        offset[order] = before - before[self.eldest]
        place = np.full(self.labels, np.nan)
        place[self.number] = self.down(offset)
        return place

    def sorted_by(self, other: FloatArray, own: FloatArray) -> FloatArray:
        """Return the places that follow the other tree's; equal children stay as they lie."""
        theirs = other[self.number]
        known = ~np.isnan(theirs)
        count = self.over(known.astype(np.int64))
        total = self.over(np.where(known, theirs, 0).astype(np.int64))
        mean = np.divide(total, count, out=np.full(len(count), np.inf), where=count > 0)
        return self.placed(mean, own[self.number][self.start].astype(np.int64))

    def drawn(self, colour: WordArray, start: int) -> FloatArray:
        """Return places drawn from what is below every entry."""
        held = splitmix64(colour + np.uint64(start))[self.number]
        return self.placed(splitmix64(self.over(held)), np.arange(len(self.parent)))

    def seen(self, colour: WordArray) -> WordArray:
        """Return, for every label, a word that says which clades of which colours it lies in."""
        clade = splitmix64(self.over(splitmix64(colour)[self.number]))
        words = np.zeros(self.labels, dtype=np.uint64)
        words[self.number] = splitmix64(self.down(clade))
        return words

    def family(self) -> IntArray:
        """Return, for every label, the node that holds it; -1 for one that is not in this tree."""
        held = np.full(self.labels, -1)
        held[self.number] = self.parent[self.is_leaf]
        return held


def _in_one_order(one: _Side, other: _Side) -> tuple[tuple[_Side, _Side], int]:
    """Return two trees in the same order whichever came first, and -1 where they are turned."""
    nothing = np.zeros(one.labels, dtype=np.uint64)
    forth, back = (int(_refined(nothing, *pair).sum()) for pair in ((one, other), (other, one)))
    return ((one, other), 1) if forth <= back else ((other, one), -1)


def _refined(colour: WordArray, one: _Side, other: _Side) -> WordArray:
    """Tell labels apart by the clades that they lie in, until this tells no more apart."""
    told = 0
    while (now := len(np.unique(colour))) > told:
        told = now
        seen = one.seen(colour) + splitmix64(other.seen(colour))
        colour = splitmix64(splitmix64(colour) + seen)
    return colour


def _told_apart(one: _Side, other: _Side) -> WordArray:
    """Return a word for every label that says how it lies in both trees, whatever it is called.

    Labels side by side in both trees can be exchanged, so that any order among them will do. Of
    others that are alike in all their relations one is marked, and what follows for the rest is
    found by refining again. After many such steps the order of the labels decides about the rest.
    """
    colour = _refined(np.zeros(one.labels, dtype=np.uint64), one, other)
    families = np.stack([one.family(), other.family()])
    order = np.lexsort(families)
    new = np.append(True, (np.diff(families[:, order]) != 0).any(axis=0))
    at = np.arange(len(order))
    rank = np.empty(len(order), dtype=np.uint64)
    rank[order] = (at - np.maximum.accumulate(np.where(new, at, 0))).astype(np.uint64)
    colour = _refined(splitmix64(colour + rank), one, other)
    for _ in range(MOST_TOLD_APART):
        ordered = np.sort(colour)
        alike = ordered[1:][ordered[1:] == ordered[:-1]]
        if not len(alike):
            break
        colour[np.flatnonzero(colour == alike[0])[0]] += np.uint64(1)
        colour = _refined(colour, one, other)
    return colour


def _settled(
    sides: tuple[_Side, _Side], colour: WordArray, start: int, way: int
) -> tuple[FloatArray, FloatArray]:
    """Sort both trees by each other, one of them first, from a start until nothing is gained."""
    one, other = sides[way], sides[1 - way]
    a = one.drawn(colour, start)
    b = other.sorted_by(a, other.drawn(colour, start))
    least, _ = _distances(_ranks(a, b))
    for _ in range(SWEEPS):
        new_a = one.sorted_by(b, a)
        new_b = other.sorted_by(new_a, b)
        left, _ = _distances(_ranks(new_a, new_b))
        if left >= least:
            break
        a, b, least = new_a, new_b, left
    return (b, a) if way else (a, b)


def _ranks(one: FloatArray, other: FloatArray) -> IntArray:
    """Return the ranks in the other order of the shared labels, in the one order."""
    shared = np.flatnonzero(~np.isnan(one) & ~np.isnan(other))
    by_one = shared[np.argsort(one[shared])]
    return np.argsort(np.argsort(other[by_one]))


def _shared_ranks(first: Sequence[str], second: Sequence[str]) -> IntArray:
    place = {label: i for i, label in enumerate(second)}
    return np.argsort(np.argsort([place[label] for label in first if label in place]))


def _distances(ranks: IntArray) -> tuple[int, float]:
    """Return the sums of the distances between equal labels, squared, and to the power of 1.5."""
    apart = np.sort(np.abs(ranks - np.arange(len(ranks))))
    return int((apart**2).sum()), float((apart**1.5).sum())


def _inversions(ranks: IntArray) -> int:
    """Return how many pairs of the numbers from 0 to n - 1 stand in falling order.

    Two numbers are told apart by the highest bit in which they differ: among those with equal
    bits above it, every 0 is passed by the 1s that stand before it.
    """
    falling = 0
    for bit in range(len(ranks).bit_length()):
        grouped = ranks[np.argsort(ranks >> (bit + 1), kind="stable")]
        one = grouped >> bit & 1
        before = np.cumsum(one)
        # Groups of equal higher bits are whole, so that each begins at the number that they spell.
        begin = grouped >> (bit + 1) << (bit + 1)
        falling += int(((before - np.append(0, before)[begin]) * (1 - one)).sum())
    return falling
