"""`Similarity`: how similar the classes of a label set are; `DenseSimilarity`: of all pairs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy._core.errors import FileFormatError, LabelError, SimilarityError, naming
from taxonomy._core.npz import numbers_in, provenance_in, texts_in
from taxonomy._core.recorded import Recorded
from taxonomy._core.spelling import counted
from taxonomy.labels import LabelSet, check_classes


class Source(Protocol):
    """What every similarity source is: a frozen dataclass, called with a label set."""

    def __call__(self, labels: LabelSet) -> Similarity:
        """Score all pairs of labels, or each label and its neighbours."""
        ...


class Similarity(Recorded, ABC):
    """How similar the classes of a label set are: symmetric, in [0, 1], 1 for a class with itself.

    This is what dense and sparse similarities have in common. `DenseSimilarity` holds a number for
    every pair; `SparseSimilarity` holds those of neighbours, all other pairs counting as 0. What
    needs all pairs asks for a `DenseSimilarity`.

    Attributes:
        ids: label ids, sorted.
        provenance: what made it.
        has_all_pairs: whether every pair has a number of its own.
        ARRAYS: the names of the arrays that hold the numbers, here and in files.
    """

    ids: tuple[str, ...]
    has_all_pairs: ClassVar[bool]
    ARRAYS: ClassVar[tuple[str, ...]]

    @abstractmethod
    def between(self, one: str, other: str) -> float:
        """Return the similarity of two labels, in [0, 1]."""

    @abstractmethod
    def restrict(self, classes: Iterable[str]) -> Similarity:
        """Return the similarities among the given label ids only."""

    @abstractmethod
    def all_pairs(self) -> DenseSimilarity:
        """Return itself where all pairs are known.

        Raises:
            SimilarityError: only neighbours are; the message says what to do instead.
        """

    @classmethod
    @abstractmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Return what a file's arrays hold: ``ids``, `ARRAYS` and, maybe, ``provenance``."""

    def __len__(self) -> int:
        """Return the number of labels."""
        return len(self.ids)

    def __repr__(self) -> str:
        """Show the size and the maker."""
        maker = self.provenance.get("made_by", "unknown")
        return f"{type(self).__name__}({counted(len(self), 'label')}, by {maker})"

    @cached_property
    def digest(self) -> str:
        """The sha256 of ids and numbers."""
        arrays = (getattr(self, name) for name in self.ARRAYS)
        return io.digest([list(self.ids), *(io.array_digest(array) for array in arrays)])

    def save(self, path: Path | str) -> None:
        """Write ids, numbers and provenance atomically as an npz without pickles."""
        io.save_npz(
            path,
            {
                "ids": np.array(self.ids),
                **{name: getattr(self, name) for name in self.ARRAYS},
                "provenance": np.array(io.canonical_json(dict(self.provenance))),
            },
        )

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote; `Similarity.load` reads dense and sparse files alike.

        Raises:
            FileFormatError: the file is missing or damaged.
            SimilarityError: what it holds is no similarity, or one of the other kind.
        """
        arrays = io.load_npz(path, "ids")
        kinds = [kind for kind in Similarity.__subclasses__() if {*kind.ARRAYS} <= {*arrays}]
        if not kinds:
            raise FileFormatError(f"{path}: holds ids, but no similarities as `save` writes them.")
        kind = kinds[0]
        if not issubclass(kind, cls):
            raise SimilarityError(
                f"{path}: holds a {kind.__name__}; read it by {kind.__name__}.load."
            )
        try:
            with naming(path):
                return kind.from_arrays(arrays)
        except LabelError as error:
            raise FileFormatError(str(error)) from error


class DenseSimilarity(Similarity):
    """Similarities of all pairs of labels, as a matrix in sorted order of their ids.

    Args:
        ids: label ids in the order of the rows of ``values``.
        values: shape (n, n), symmetric within 1e-9, in [0, 1], diagonal 1; high means alike.
        provenance: what made it.

    Raises:
        SimilarityError: the matrix has another shape, or is not what the above says; the message
            names the first pair at fault.

    >>> DenseSimilarity(["b", "a"], [[1, 0.25], [0.25, 1]]).between("a", "b")
    0.25
    """

    has_all_pairs = True
    ARRAYS = ("values",)

    def __init__(
        self,
        ids: Iterable[str],
        values: npt.ArrayLike,
        provenance: Mapping[str, io.Json] | None = None,
    ) -> None:
        given = list(ids)
        self.ids = check_classes(given, given)
        given_matrix = np.asarray(values, dtype=np.float64)
        if given_matrix.shape != (len(given), len(given)):
            raise SimilarityError(
                f"The matrix has shape {given_matrix.shape}; {len(given)} labels need "
                f"({len(given)}, {len(given)})."
            )
        order = np.argsort(np.array(given, dtype=object), kind="stable")
        matrix = _symmetric(given_matrix, order)
        if matrix is None:
            raise _fault(given_matrix, given)
        np.fill_diagonal(matrix, 1.0)
        matrix.setflags(write=False)
        self._values: FloatArray = matrix
        self._record(provenance)

    @property
    def values(self) -> FloatArray:
        """The matrix, shape (n, n), in the order of `ids`."""
        return self._values

    def between(self, one: str, other: str) -> float:
        """Return the similarity of two labels, in [0, 1]."""
        i, j = (check_classes([name], self.ids)[0] for name in (one, other))
        return float(self.values[self.ids.index(i), self.ids.index(j)])

    def restrict(self, classes: Iterable[str]) -> DenseSimilarity:
        """Return the similarities among the given label ids only."""
        chosen = check_classes(classes, self.ids)
        rows = np.searchsorted(np.array(self.ids, dtype=object), np.array(chosen, dtype=object))
        return DenseSimilarity(chosen, self.values[np.ix_(rows, rows)], self.provenance)

    def all_pairs(self) -> DenseSimilarity:
        """Return itself: all pairs are known."""
        return self

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Return what a file's arrays hold."""
        ids, values = texts_in(arrays, "ids"), numbers_in(arrays, "values", 2)
        return cls(ids, values, provenance_in(arrays))


_SIDE = 128
"""A matrix is gone through in squares of this side, which stay in the processor's cache."""


def _symmetric(matrix: FloatArray, order: IntArray) -> FloatArray | None:
    """Return rows and columns in another order, both directions of a pair averaged.

    None if the matrix is no similarity; it is read once, for a large one takes long to come.
    """
    n = len(matrix)
    averaged = np.empty((n, n))
    if not (np.abs(np.diag(matrix) - 1) <= 1e-9).all():  # nor if it is not a number
        return None
    in_order = bool((order == np.arange(n)).all())
    for top in range(0, n, _SIDE):
        rows = slice(top, top + _SIDE)
        for left in range(top, n, _SIDE):
            columns = slice(left, left + _SIDE)
            if in_order:
                part, back = matrix[rows, columns], matrix[columns, rows].T
            else:
                one, other = order[rows], order[columns]
                part, back = matrix[np.ix_(one, other)], matrix[np.ix_(other, one)].T
            in_range = (
                min(part.min(), back.min()) >= -1e-9 and max(part.max(), back.max()) <= 1 + 1e-9
            )
            if not (in_range and np.abs(part - back).max() <= 1e-9):
                return None
            averaged[rows, columns] = (part + back) / 2
            averaged[columns, rows] = averaged[rows, columns].T
    return averaged


def _fault(matrix: FloatArray, ids: list[str]) -> SimilarityError:
    """Return what to say of the first pair at fault in a matrix that is no similarity."""

    def first(fault: BoolArray) -> tuple[str, str, float]:
        i, j = np.argwhere(fault)[0]
        return ids[i], ids[j], float(matrix[i, j])

    if (fault := ~np.isfinite(matrix)).any():
        one, other, value = first(fault)
        return SimilarityError(f"The similarity of {one!r} and {other!r} is {value}.")
    if (fault := np.abs(matrix - matrix.T) > 1e-9).any():
        one, other, value = first(fault)
        return SimilarityError(
            f"The matrix is not symmetric: {one!r} to {other!r} is {value}, and back it is "
            f"{matrix[ids.index(other), ids.index(one)]}. Average both directions first."
        )
    if (fault := (matrix < -1e-9) | (matrix > 1 + 1e-9)).any():
        one, other, value = first(fault)
        return SimilarityError(
            f"The similarity of {one!r} and {other!r} is {value}, outside [0, 1]; "
            "map it into [0, 1] first."
        )
    one, _, value = first(np.diag(np.abs(np.diag(matrix) - 1) > 1e-9))
    return SimilarityError(f"The similarity of {one!r} to itself is {value}, not 1.")
