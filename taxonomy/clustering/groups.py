"""Groups of labels on nested levels, and the tree that they are.

A level is written as the number of every label's group, counted from 0; several levels, coarse to
fine, make a tree in which all labels hang below nodes of the finest level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import IntArray
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

Levels = list[IntArray]
"""The group of every label at each level, from 0, coarse to fine; a group lies in one above."""


def tree_of_groups(
    levels: Sequence[IntArray],
    ids: Sequence[str],
    provenance: Mapping[str, io.Json] | None = None,
) -> Hierarchy:
    """Return the tree that has a node for every group of every level.

    Args:
        levels: the groups, coarse to fine; shape (labels,) each.
        ids: of the labels, in the order of the groups.
        provenance: what made it.

    >>> print(tree_of_groups([np.array([0, 0, 1])], ["cat", "dog", "car"]).to_text())
    (3)
    ├── (1)
    │   └── car
    └── (2)
        ├── cat
        └── dog
    """
    raw = RawTree()
    above = np.full(len(ids), raw.add(-1))
    for groups in levels:
        first = {int(g): int(np.flatnonzero(groups == g)[0]) for g in np.unique(groups)}
        node = {g: raw.add(int(above[i])) for g, i in first.items()}
        above = np.array([node[int(g)] for g in groups])
    for i, leaf in enumerate(ids):
        raw.add(int(above[i]), leaf=leaf)
    return Hierarchy.from_raw(raw, dict(provenance or {}))


def groups_of_tree(tree: Hierarchy, ids: Sequence[str], levels: int) -> Levels:
    """Return the groups of every level of a tree, as `tree_of_groups` takes them.

    Args:
        tree: every leaf hangs below ``levels`` nodes and the root.
        ids: its labels, in the order wanted.
        levels: how many levels of nodes there are between root and leaves.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["car"]])
    >>> [groups.tolist() for groups in groups_of_tree(tree, ["cat", "car", "dog"], 1)]
    [[1, 0, 1]]
    """
    entry = tree.parent[tree.leaf_entries[tree.positions(ids)]]
    found: Levels = []
    for _ in range(levels):
        found.append(np.unique(entry, return_inverse=True)[1].astype(np.int64))
        entry = tree.parent[entry]
    return found[::-1]
