"""Merges, two at a time: what scipy and scikit-learn hold a dendrogram in."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import HierarchyError
from taxonomy._core.npz import read_npy, read_npz
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree


def arrays_of(content: Content, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of an npz, or the one of an npy under a name."""
    if content.data[:2] == b"PK":
        return read_npz(BytesIO(content.data), content.where)
    return {name: read_npy(BytesIO(content.data), content.where)}


def holds_arrays(content: Content) -> bool:
    """Return whether a file begins as an npz or npy does."""
    return content.data[:2] == b"PK" or content.data[:6] == b"\x93NUMPY"


def labels_of(arrays: dict[str, np.ndarray], count: int) -> tuple[list[str], list[str]]:
    """Return the labels of the classes, and a note where there are none."""
    given = next((arrays[name] for name in ("labels", "ids", "leaves") if name in arrays), None)
    if given is None:
        return [str(i) for i in range(count)], ["there are no labels: classes are numbered from 0"]
    labels = [str(label) for label in np.ravel(given).tolist()]
    if len(labels) != count:
        raise HierarchyError(
            f"{counted(len(labels), 'label is', 'labels are')} given for {counted(count, 'class')}."
        )
    return labels, []


def tree_of_merges(
    pairs: np.ndarray, height: FloatArray | None, labels: Sequence[str]
) -> tuple[RawTree, list[str]]:
    """Return the tree of merges; those at one height are one node with several children.

    Args:
        pairs: what merges, shape (n - 1, 2); classes come first, then merges, each numbered.
        height: of each merge, shape (n - 1,); None where there is none.
        labels: of the n classes.

    Raises:
        HierarchyError: something merges twice, with itself, or before it is there.
    """
    n, steps = len(labels), len(pairs)
    whole = pairs.astype(np.float64)
    if not (np.isfinite(whole).all() and (whole == np.floor(whole)).all()):
        raise HierarchyError("What merges is numbered by whole numbers.")
    both = (
        whole.astype(np.int64) if np.abs(whole).max(initial=0) < 2**53 else np.full_like(whole, -1)
    )
    late = (both < 0) | (both >= n + np.arange(steps)[:, None])
    if late.any():
        row = int(np.flatnonzero(late.any(axis=1))[0])
        raise HierarchyError(f"Row {row} merges what is not there yet; {n} classes come first.")
    if len(np.unique(both)) < 2 * steps:
        raise HierarchyError("Something merges twice; every class and merge is in one row.")
    parent = np.full(n + steps, -1)
    parent[both[:, 0]] = parent[both[:, 1]] = n + np.arange(steps)
    if height is None:
        return RawTree(parent.tolist(), [*labels, *[None] * steps]), []
    heights = np.concatenate([np.zeros(n), height])
    kept = np.ones(n + steps, dtype=bool)
    inner = np.arange(n, n + steps)[:-1] if steps else np.arange(0)
    kept[inner] = heights[inner] != heights[parent[inner]]
    above = parent.copy()
    for i in range(n + steps - 2, -1, -1):  # parents come later
        if not kept[parent[i]]:
            above[i] = above[parent[i]]
    rank = np.cumsum(kept) - 1
    raw = RawTree(
        [-1 if p < 0 else int(rank[p]) for p in above[kept]],
        [*labels, *[None] * int(kept[n:].sum())],
        height=heights[kept].tolist(),
    )
    gone = int((~kept).sum())
    said = counted(gone, "merge is", "merges are")
    return raw, [f"{said} at the height of the next, and one node with it"] if gone else []


def merges_of(tree: Hierarchy) -> tuple[IntArray, FloatArray, list[int]]:
    """Return merges two at a time, lowest first, with their heights and the leaves of each.

    A node with several children merges in several steps at one height.

    Raises:
        HierarchyError: the tree has a single leaf.
    """
    n = len(tree.leaves)
    if n < 2:
        raise HierarchyError("A tree of one class has no merges.")
    number = np.full(len(tree), -1)
    number[tree.leaf_entries] = np.arange(n)
    top = tree.height.copy()  # a merge comes after those below it, also where heights fall
    for i in range(len(tree) - 1, 0, -1):
        top[tree.parent[i]] = max(top[tree.parent[i]], top[i])
    nodes = sorted(tree.nodes.tolist(), key=lambda i: (top[i], -i))
    pairs, heights, sizes = [], [], []
    for node in nodes:
        below = tree.children(node)
        at, size = int(number[below[0]]), int(tree.leaf_counts[below[0]])
        for other in below[1:]:
            pairs.append(sorted((at, int(number[other]))))
            heights.append(float(tree.height[node]))
            size += int(tree.leaf_counts[other])
            sizes.append(size)
            at = n + len(pairs) - 1
        number[node] = at
    return np.array(pairs, dtype=np.int64), np.array(heights), sizes
