"""scikit-learn's ``children_`` of a fitted ``AgglomerativeClustering``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taxonomy._core.errors import HierarchyError
from taxonomy._core.npz import npz_bytes
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.formats._merges import arrays_of, holds_arrays, labels_of, merges_of, tree_of_merges
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents


@dataclass(frozen=True)
class Children(Format):
    """The array ``children`` of shape (n - 1, 2) in an npz, with ``labels`` and ``distances``.

    scikit-learn's ``children_`` and ``distances_`` are these two; an npy holds the former alone.
    Without distances the tree has no merge heights and every merge is a node. Names, spans, support
    and nodes with a single child are lost.
    """

    also: ClassVar[tuple[str, ...]] = (".npz", ".npy")

    def fits(self, content: Content) -> bool:
        """Return whether there is an array of pairs of whole numbers."""
        return holds_arrays(content) and _pairs(content) is not None

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read the pairs."""
        pairs = _pairs(content)
        if pairs is None:
            raise HierarchyError("There is no array of whole numbers of shape (n - 1, 2).")
        arrays = arrays_of(content, "children")
        labels, notes = labels_of(arrays, len(pairs) + 1)
        height = next((arrays[x] for x in ("distances", "distances_") if x in arrays), None)
        if height is not None and (height.shape != (len(pairs),) or height.dtype.kind not in "iuf"):
            raise HierarchyError(f"distances are wanted for {counted(len(pairs), 'merge')}.")
        if height is not None:
            height = height.astype(np.float64)
        raw, more = tree_of_merges(pairs, height, labels)
        return Reading(raw, (*notes, *more))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return children, distances and labels as an npz."""
        pairs, heights, _ = merges_of(tree)
        held = {"children": pairs, "distances": heights, "labels": np.array(tree.leaves)}
        return npz_bytes(held, "children")


def _pairs(content: Content) -> np.ndarray | None:
    arrays = arrays_of(content, "children")
    shaped = [x for x in arrays.values() if x.ndim == 2 and x.shape[1] == 2 and len(x)]
    return shaped[0] if len(shaped) == 1 and shaped[0].dtype.kind in "iu" else None
