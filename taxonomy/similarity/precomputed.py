"""Similarities from a file: scores, distances or vectors that were computed elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import BoolArray, FloatArray
from taxonomy._core.errors import SimilarityError, did_you_mean, naming
from taxonomy._core.spelling import counted
from taxonomy.labels import LabelSet, check_classes
from taxonomy.similarity._cosine import COSINE_MAP, cosine_similarities
from taxonomy.similarity._sparse import SparseSimilarity
from taxonomy.similarity._table import Table, read_table
from taxonomy.similarity._value import DenseSimilarity, Similarity

ROUNDING = 1e-6
"""By so much numbers of single precision may leave [0, 1], a diagonal of 1, or symmetry."""


@dataclass(frozen=True)
class Precomputed:
    """Scores, distances or vectors that were computed elsewhere.

    Scores leave [0, 1], a diagonal of 1 and symmetry by rounding, which is mended; what leaves them
    by more than a millionth is refused.

    Args:
        path: a file of numbers: csv with commas, semicolons or tabs, tsv, parquet, npz or npy. In
            tables the header row and the first column are label ids, and labels that are not asked
            for are left out. npy holds no ids: its rows and columns must be all labels, sorted by
            id.
        distances: whether the numbers are distances, which become 1 - distance / largest.
        scale: what scores are divided by, such as 100 where they go from 0 to 100.
        vectors: whether every row is an embedding vector of its label; similarities are their
            cosines, mapped to [0, 1] by (1 + cosine) / 2.
    """

    path: str = ""
    distances: bool = False
    scale: float = 1.0
    vectors: bool = False

    def __call__(self, labels: LabelSet) -> Similarity:
        """Read the file and keep the labels asked for.

        Raises:
            SimilarityError: no path, options that exclude each other, a label that the file lacks,
                or numbers that are no similarity; the message names row and column.
            FileFormatError: the file is missing or damaged.
            MissingExtraError: reading parquet needs a package that is not installed.
        """
        self._check_options()
        with naming(self.path):
            return self._read(labels)

    def _read(self, labels: LabelSet) -> Similarity:
        made = io.provenance("precomputed", file=io.file_digest(self.path), labels=labels.digest)
        if (sparse := self._sparse()) is not None:
            self._check_labels(labels, sparse.ids)
            part = sparse.restrict(labels.ids)
            pairs = part.first, part.second, part.similarities
            return SparseSimilarity(part.ids, *pairs, made)
        table = read_table(self.path, labels.ids)
        with naming(self.path, SimilarityError):
            check_classes(table.rows, table.rows)
        if not self.vectors:
            _check_square(table)
        self._check_labels(labels, table.rows)
        values, facts = self._values(table)
        position = {name: row for row, name in enumerate(table.rows)}
        asked = [position[name] for name in labels.ids]
        return DenseSimilarity(labels.ids, values[np.ix_(asked, asked)], {**made, **facts})

    def _check_options(self) -> None:
        if not self.path:
            raise SimilarityError("The source 'precomputed' needs a file; name it in `path`.")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise SimilarityError(f"The scale is {self.scale}; give a number above 0.")
        if self.distances + self.vectors + (self.scale != 1) > 1:
            raise SimilarityError(
                "Numbers are either distances, scores on a scale, or vectors; give one of "
                "`distances`, `scale` and `vectors`."
            )

    def _sparse(self) -> SparseSimilarity | None:
        """Return what `SparseSimilarity.save` wrote, if that is what the file holds."""
        if not self.path.lower().endswith(".npz"):
            return None
        if not {*SparseSimilarity.ARRAYS} <= io.load_npz(self.path).keys():
            return None
        if self.distances or self.vectors or self.scale != 1:
            raise SimilarityError(
                f"{self.path}: holds similarities of neighbours, which need no map; leave out "
                "`distances`, `scale` and `vectors`."
            )
        return SparseSimilarity.load(self.path)

    def _check_labels(self, labels: LabelSet, known: tuple[str, ...] | list[str]) -> None:
        have = set(known)
        missing = [name for name in labels.ids if name not in have]
        if missing:
            raise SimilarityError(
                f"{self.path}: lacks {len(missing)} of {counted(len(labels), 'label')}, the "
                "first being "
                f"{missing[0]!r}.{did_you_mean(missing[0], known)}"
            )

    def _values(self, table: Table) -> tuple[FloatArray, dict[str, io.Json]]:
        """Return the similarities of a table's rows, and what provenance says of the map."""
        if self.vectors:
            values = cosine_similarities(_directions(table))
            return values, {"map": COSINE_MAP, "dimensions": table.numbers.shape[1]}
        with np.errstate(over="ignore"):  # what becomes infinite is refused as out of range
            if self.distances:
                largest = float(table.numbers.max())
                facts = {"map": "1 - distance / largest", "largest": largest}
                return _from_distances(table, largest), facts
            facts = {} if self.scale == 1 else {"map": f"score / {self.scale:g}"}
            return _mended(table, table.numbers / self.scale, f"{self.scale:g}"), facts


def _directions(table: Table) -> FloatArray:
    """Return every row scaled to length 1.

    Raises:
        SimilarityError: a row is zero, so that it has no direction.
    """
    if not table.numbers.shape[1]:
        raise SimilarityError(f"{table.path}: the vectors have no numbers.")
    largest = np.abs(table.numbers).max(1, keepdims=True)
    if len(zero := np.flatnonzero(largest == 0)):
        raise SimilarityError(
            f"{table.path}, row {table.rows[zero[0]]!r}: the vector is zero and has no direction."
        )
    vectors = table.numbers / largest  # so that no square overflows
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _check_square(table: Table) -> None:
    """Check that rows and columns are of the same labels in the same order.

    Raises:
        SimilarityError: they are not.
    """
    rows, columns = table.rows, table.columns
    if columns is None:
        raise SimilarityError(
            f"{table.path}: {counted(len(rows), 'row')} of "
            f"{counted(table.numbers.shape[1], 'number')}; expected a "
            "column for every row. For embedding vectors give `vectors`."
        )
    if rows != columns:
        pairs = enumerate(zip(rows, columns, strict=False))
        apart = next((i for i, (row, column) in pairs if row != column), None)
        number = min(len(rows), len(columns)) if apart is None else apart
        raise SimilarityError(
            f"{table.path}: rows and columns must name the same ids in the same order; they part "
            f"at number {number + 1}. For embedding vectors give `vectors`."
        )


def _from_distances(table: Table, largest: float) -> FloatArray:
    """Return 1 - distance / largest; all 1 where no two labels are apart.

    Raises:
        SimilarityError: a negative distance, one from a label to itself, or two that differ.
    """
    shares = table.numbers / (largest or 1.0)
    _refuse(table, shares < -ROUNDING, "is negative, so it is no distance")
    _refuse(
        table,
        np.diag(np.diag(shares) > ROUNDING),
        "is the distance of a label from itself, which must be 0; for similarities leave out "
        "`distances`",
    )
    return _mended(table, 1.0 - shares)


def _mended(table: Table, values: FloatArray, top: str = "1") -> FloatArray:
    """Return similarities without what rounding did to them.

    Args:
        table: what they were made of, for messages.
        values: the similarities.
        top: the number in the table that stands for 1.

    Raises:
        SimilarityError: a number leaves [0, 1], the diagonal is not 1, or two directions differ.
    """
    _refuse(
        table,
        (values < -ROUNDING) | (values > 1 + ROUNDING),
        f"is outside 0 to {top}; give `scale` for scores up to another number, such as "
        "100, or `distances` for distances",
    )
    _refuse(
        table,
        np.diag(np.abs(np.diag(values) - 1) > ROUNDING),
        f"is the similarity of a label to itself, which must be {top}; give `scale` for scores up "
        "to another number, or `distances` for distances",
    )
    _refuse(
        table,
        np.abs(values - values.T) > ROUNDING,
        "differs from the number of the two labels the other way round, {back}; average both "
        "directions first",
    )
    mended = np.clip((values + values.T) / 2, 0.0, 1.0)
    np.fill_diagonal(mended, 1.0)
    return mended


def _refuse(table: Table, fault: BoolArray, told: str) -> None:
    """Refuse a table by the first number at fault, if there is one."""
    places = np.argwhere(fault)
    if len(places):
        row, column = places[0]
        back = table.numbers[column, row]
        raise SimilarityError(
            f"{table.place(row, column)}: {table.numbers[row, column]:.10g} "
            f"{told.format(back=f'{back:.10g}')}."
        )
