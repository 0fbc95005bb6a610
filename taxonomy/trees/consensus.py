"""Consensus of trees over the same labels, and the support that trees give to clades.

A *clade* is the set of leaves below a node; nodes in a chain of single children have one clade.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import HierarchyError, check_choice
from taxonomy.labels import check_same_labels
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

Method = Literal["majority", "greedy", "strict"]
"""Which clades a consensus keeps.

- ``majority``: those in more than a threshold of the trees, half of them if not said otherwise;
- ``greedy``: then also, commonest first, those that contradict none kept nor any as common;
- ``strict``: those in all trees.
"""
METHODS: tuple[Method, ...] = get_args(Method)


def leaf_spans(tree: Hierarchy) -> tuple[IntArray, IntArray]:
    """Return, per entry, the first place of its labels in preorder and the place after the last.

    >>> start, stop = leaf_spans(Hierarchy.from_nested([["cat", "dog"], "car"]))
    >>> start.tolist(), stop.tolist()
    ([0, 0, 1, 1, 2], [3, 1, 3, 2, 3])
    """
    start: IntArray = np.cumsum(tree.is_leaf) - tree.is_leaf
    return start, start + tree.leaf_counts


def clade_numbers(tree: Hierarchy) -> npt.NDArray[np.uint64]:
    """Return a 128-bit number for the labels below each entry, as two words; shape (2, entries).

    A clade's number is the sum of its labels' own, which are drawn from their texts, so that it is
    the same in every tree and every process. Equal clades share a number, and two others do with a
    chance of about 2**-128.
    """
    start, stop = leaf_spans(tree)
    drawn = np.frombuffer(b"".join(map(_number, filter(None, tree.leaf))), dtype="<u8")
    running = np.zeros((2, int(stop[0]) + 1), dtype=np.uint64)
    np.cumsum(drawn.reshape(-1, 2).T, axis=1, out=running[:, 1:])  # wraps around, modulo 2**64
    return running[:, stop] - running[:, start]


@lru_cache(maxsize=1 << 18)
def _number(label: str) -> bytes:
    """Return a label's number of 128 bits."""
    return blake2b(label.encode(), digest_size=16).digest()


def clade_support(tree: Hierarchy, trees: Sequence[Hierarchy]) -> FloatArray:
    """Return, per entry, the share of the trees that have its clade; 1 for leaves and the root.

    Args:
        tree: the tree to be judged.
        trees: at least one tree over the same labels.

    Raises:
        HierarchyError: no tree, or trees over different labels.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> clade_support(tree, [tree, Hierarchy.from_nested([["cat", "dog", "bus"], "car"])]).tolist()
    [1.0, 0.5, 1.0, 1.0, 0.5, 1.0, 1.0]
    """
    _check_same_labels([tree, *trees])
    if not trees:
        raise HierarchyError("Support needs at least one tree to count.")
    have = Counter(clade for one in trees for clade in set(_keys(one)))
    return np.array([have[clade] / len(trees) for clade in _keys(tree)])


def consensus_tree(
    trees: Sequence[Hierarchy], method: Method = "majority", threshold: float = 0.5
) -> Hierarchy:
    """Return the tree of the clades on which trees over the same labels agree.

    The strict, majority-rule and greedy (extended majority) consensus of Margush & McMorris 1981
    and Bryant 2003. In the greedy one, clades that are equally common and contradict each other
    are all left out, where others take whichever comes first: order and ids change nothing.

    The result has no merge heights and no nodes with a single child. A node has a name where all
    trees that name its clade agree. Its `Hierarchy.support` is the share of the trees that have
    each clade, as `clade_support` counts it.

    Args:
        trees: at least one.
        method: which clades are kept, see `Method`.
        threshold: with ``majority``, the share of trees, in [0.5, 1), that a clade must exceed.

    Raises:
        HierarchyError: no tree, trees over different labels, an unknown method, or a threshold
            that does not apply.

    >>> one = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> other = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> agreed = consensus_tree([one, one, other])
    >>> agreed.with_support(None) == one
    True
    >>> agreed.support[agreed.nodes].round(2).tolist()
    [1.0, 0.67, 1.0]
    """
    _check_options(trees, method, threshold)
    found = _found_clades(trees)
    n = len(trees)
    if method == "strict":
        chosen = [clade for clade in found.values() if clade.count == n]
    else:
        chosen = [clade for clade in found.values() if clade.count / n > threshold]
    if method == "greedy":
        rarer = [clade for clade in found.values() if clade.count / n <= threshold]
        chosen = _greedy(chosen, rarer)
    made = io.provenance(
        "consensus", method=method, threshold=threshold, trees=[tree.digest for tree in trees]
    )
    return Hierarchy.from_raw(_tree_of_clades(chosen, trees[0].leaves, n), made)


def _check_options(trees: Sequence[Hierarchy], method: str, threshold: float) -> None:
    check_choice("method", method, Method, HierarchyError)
    if not trees:
        raise HierarchyError("A consensus needs at least one tree.")
    _check_same_labels(trees)
    if not 0.5 <= threshold < 1:
        raise HierarchyError(f"The threshold is {threshold}; it must be at least 0.5 and below 1.")
    if method != "majority" and threshold != 0.5:
        raise HierarchyError(f"Method {method!r} takes no threshold; leave it out.")


@dataclass(eq=False)
class _Clade:
    """A clade of one tree or more."""

    members: IntArray
    count: int = 0
    names: set[str] = field(default_factory=set)

    @cached_property
    def bits(self) -> int:
        """The members as the bits of one number."""
        row = np.zeros(int(self.members.max()) + 1, dtype=np.uint8)
        row[self.members] = 1
        return int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little")

    def agrees(self, other: _Clade) -> bool:
        """Return whether both can be in one tree: one holds the other, or nothing is shared."""
        common = self.bits & other.bits
        return common in (0, self.bits, other.bits)


def _keys(tree: Hierarchy) -> list[tuple[int, int]]:
    """Return a hashable number per entry for the labels below it."""
    return list(zip(*clade_numbers(tree).tolist(), strict=True))


def _found_clades(trees: Sequence[Hierarchy]) -> dict[tuple[int, int], _Clade]:
    """Return the clades of all nodes of all trees, in order of first appearance."""
    found: dict[tuple[int, int], _Clade] = {}
    for tree in trees:
        keys, (start, stop) = _keys(tree), leaf_spans(tree)
        laid_out = np.argsort(tree.leaf_entries)
        many = tree.nodes[(tree.leaf_counts[tree.nodes] > 1) | (tree.nodes == 0)]
        lowest = {keys[node]: node for node in many}  # of a chain of single children
        for key, node in lowest.items():
            if key not in found:
                found[key] = _Clade(laid_out[start[node] : stop[node]])
            found[key].count += 1
            found[key].names |= {tree.name[node]} - {""}
    return found


def _greedy(chosen: list[_Clade], rarer: list[_Clade]) -> list[_Clade]:
    """Add clades to those chosen, commonest first, but never ones that tie and contradict."""
    chosen = list(chosen)
    for count in sorted({clade.count for clade in rarer}, reverse=True):
        tied = [clade for clade in rarer if clade.count == count]
        tied = _uncontradicted(tied, chosen)
        chosen += _uncontradicted(tied, tied)
    return chosen


def _uncontradicted(clades: list[_Clade], others: list[_Clade]) -> list[_Clade]:
    """Return the clades that agree with all others."""
    others = list(others)
    agreed = []
    for clade in clades:
        k = next((k for k, other in enumerate(others) if not clade.agrees(other)), None)
        if k is None:
            agreed.append(clade)
        else:  # what contradicts one clade often contradicts the next
            others.insert(0, others.pop(k))
    return agreed


def _tree_of_clades(clades: list[_Clade], ids: Sequence[str], n: int) -> RawTree:
    """Return the tree of clades of n trees that agree with one another, the whole among them."""
    raw = RawTree()
    holder = np.full(len(ids), -1, dtype=np.int64)  # the smallest clade so far, per label
    for clade in sorted(clades, key=lambda clade: -len(clade.members)):
        name = next(iter(clade.names)) if len(clade.names) == 1 else ""
        holder[clade.members] = raw.add(
            int(holder[clade.members[0]]), name=name, support=clade.count / n
        )
    for parent, label_id in zip(holder.tolist(), ids, strict=True):
        raw.add(parent, leaf=label_id)
    return raw


def _check_same_labels(trees: Sequence[Hierarchy]) -> None:
    for number, tree in enumerate(trees, start=1):
        names = ("tree 1", f"tree {number}")
        check_same_labels(trees[0].leaves, tree.leaves, HierarchyError, names)
