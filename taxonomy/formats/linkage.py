"""SciPy's linkage matrix, as ``scipy.cluster.hierarchy`` makes and draws it."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import ClassVar

import numpy as np

from taxonomy._core.errors import HierarchyError
from taxonomy._core.npz import npz_bytes
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.formats._merges import arrays_of, holds_arrays, labels_of, merges_of, tree_of_merges
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents


@dataclass(frozen=True)
class Linkage(Format):
    """A linkage matrix of shape (n - 1, 4): in an npz beside ``labels``, or alone in an npy.

    Merges at one height become one node with several children, and are written as several merges
    again. A tree without merge heights is written with heights counted in edges. Names, spans,
    support and nodes with a single child are lost; in an npy the labels, too.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "taxi"])
    >>> with np.load(BytesIO(Linkage().write(tree))) as file:
    ...     print(file["labels"], file["linkage"].tolist())
    ['cat' 'dog' 'taxi'] [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 2.0, 3.0]]
    """

    endings: ClassVar[tuple[str, ...]] = (".npz", ".npy")

    def fits(self, content: Content) -> bool:
        """Return whether there is an array of rows of four."""
        return holds_arrays(content) and _matrix(content) is not None

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read a matrix."""
        matrix = _matrix(content)
        if matrix is None:
            raise HierarchyError(
                "There is no array of shape (n - 1, 4), such as scipy's linkage()."
            )
        if matrix.dtype.kind not in "iuf" or not np.isfinite(matrix).all():
            raise HierarchyError("The matrix holds something other than finite numbers.")
        labels, notes = labels_of(arrays_of(content, "linkage"), len(matrix) + 1)
        raw, more = tree_of_merges(matrix[:, :2], matrix[:, 2].astype(np.float64), labels)
        return Reading(raw, (*notes, *more))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:
        """Return the matrix, with its labels where the file can hold them."""
        pairs, heights, sizes = merges_of(tree)
        if heights.min() < 0:
            raise HierarchyError("A merge height is negative, which scipy refuses.")
        matrix = np.column_stack([pairs, heights, sizes]).astype(np.float64)
        if ending == ".npy":
            buffer = BytesIO()
            np.lib.format.write_array(buffer, matrix, allow_pickle=False)
            return buffer.getvalue()
        return npz_bytes({"linkage": matrix, "labels": np.array(tree.leaves)}, "linkage")


def _matrix(content: Content) -> np.ndarray | None:
    arrays = arrays_of(content, "linkage")
    shaped = [x for x in arrays.values() if x.ndim == 2 and x.shape[1] == 4 and len(x)]
    return shaped[0] if len(shaped) == 1 else None
