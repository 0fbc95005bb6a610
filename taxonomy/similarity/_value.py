"""`Similarity`: how alike the classes of a label set are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, LabelError, SimilarityError
from taxonomy.labels import check_classes

FloatArray = npt.NDArray[np.float64]


class Similarity:
    """A dense, symmetric similarity matrix over label ids, in canonical (sorted) order.

    Args:
        ids: label ids in the order of the rows of ``values``.
        values: shape (n, n), symmetric within 1e-9, in [0, 1], diagonal 1; high means alike.
        provenance: what made it.

    Raises:
        SimilarityError: the matrix has another shape, or is not what the above says; the message
            names the first pair at fault.

    >>> Similarity(["b", "a"], [[1, 0.25], [0.25, 1]]).between("a", "b")
    0.25
    """

    def __init__(
        self,
        ids: Iterable[str],
        values: npt.ArrayLike,
        provenance: Mapping[str, io.Json] | None = None,
    ) -> None:
        given = list(ids)
        self.ids = check_classes(given, given)
        matrix = np.array(values, dtype=np.float64)
        _check_matrix(matrix, given)
        order = np.argsort(np.array(given, dtype=object), kind="stable")
        matrix = matrix[np.ix_(order, order)]
        matrix = (matrix + matrix.T) / 2
        np.fill_diagonal(matrix, 1.0)
        matrix.setflags(write=False)
        self._values: FloatArray = matrix
        self.provenance: dict[str, io.Json] = dict(provenance or {})

    @property
    def values(self) -> FloatArray:
        """The matrix, shape (n, n), in the order of `ids`."""
        return self._values

    def __len__(self) -> int:
        """Return the number of labels."""
        return len(self.ids)

    def __repr__(self) -> str:
        """Show the size and the maker."""
        return f"Similarity({len(self)} labels, by {self.provenance.get('made_by', 'unknown')})"

    def between(self, one: str, other: str) -> float:
        """Return the similarity of two labels, in [0, 1]."""
        i, j = (check_classes([name], self.ids)[0] for name in (one, other))
        return float(self.values[self.ids.index(i), self.ids.index(j)])

    def restrict(self, classes: Iterable[str]) -> Similarity:
        """Return the similarities among the given label ids only."""
        chosen = check_classes(classes, self.ids)
        rows = np.searchsorted(np.array(self.ids, dtype=object), np.array(chosen, dtype=object))
        return Similarity(chosen, self.values[np.ix_(rows, rows)], self.provenance)

    @cached_property
    def digest(self) -> str:
        """The sha256 of ids and values."""
        return io.digest([list(self.ids), io.array_digest(self.values)])

    def save(self, path: Path | str) -> None:
        """Write ids, values and provenance atomically as an npz without pickles."""
        io.save_npz(
            path,
            {
                "ids": np.array(self.ids),
                "values": self.values,
                "provenance": np.array(io.canonical_json(self.provenance)),
            },
        )

    @classmethod
    def load(cls, path: Path | str) -> Similarity:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing or damaged.
            SimilarityError: its matrix is no similarity.
        """
        arrays = io.load_npz(path, "ids", "values")
        try:
            provenance = json.loads(str(arrays.get("provenance", "{}")))
            return cls([str(name) for name in arrays["ids"]], arrays["values"], provenance)
        except SimilarityError as error:
            raise SimilarityError(f"{path}: {error}") from error
        except (ValueError, TypeError, LabelError) as error:
            raise FileFormatError(f"{path}: {error}") from error


def _check_matrix(matrix: FloatArray, ids: list[str]) -> None:
    n = len(ids)
    if matrix.shape != (n, n):
        raise SimilarityError(f"The matrix has shape {matrix.shape}; {n} labels need ({n}, {n}).")

    def first(fault: npt.NDArray[np.bool_]) -> tuple[str, str, float]:
        i, j = np.argwhere(fault)[0]
        return ids[i], ids[j], float(matrix[i, j])

    if (fault := ~np.isfinite(matrix)).any():
        one, other, value = first(fault)
        raise SimilarityError(f"The similarity of {one!r} and {other!r} is {value}.")
    if (fault := np.abs(matrix - matrix.T) > 1e-9).any():
        one, other, value = first(fault)
        raise SimilarityError(
            f"The matrix is not symmetric: {one!r} to {other!r} is {value}, and back it is "
            f"{matrix[ids.index(other), ids.index(one)]}. Average both directions first."
        )
    if (fault := (matrix < -1e-9) | (matrix > 1 + 1e-9)).any():
        one, other, value = first(fault)
        raise SimilarityError(
            f"The similarity of {one!r} and {other!r} is {value}, outside [0, 1]; "
            "map it into [0, 1] first."
        )
    if (fault := np.diag(np.abs(np.diag(matrix) - 1) > 1e-9)).any():
        one, _, value = first(fault)
        raise SimilarityError(f"The similarity of {one!r} to itself is {value}, not 1.")
