"""Similarities from a file: a CSV matrix or the toolkit's own npz."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO

import numpy as np

from taxonomy._core import io
from taxonomy._core.errors import LabelError, SimilarityError, did_you_mean
from taxonomy.labels import LabelSet
from taxonomy.similarity._value import Similarity


@dataclass(frozen=True)
class Precomputed:
    """A matrix computed elsewhere.

    Args:
        path: a CSV file whose header row and first column are label ids, or an npz written by
            `Similarity.save`. Labels that are not asked for are left out.
    """

    path: str = ""

    def __call__(self, labels: LabelSet) -> Similarity:
        """Read the matrix and keep the labels asked for.

        Raises:
            SimilarityError: no path, a label that the file lacks, or a matrix that is no
                similarity.
        """
        if not self.path:
            raise SimilarityError("The source 'precomputed' needs a file; add --path FILE.")
        whole = Similarity.load(self.path) if self.path.endswith(".npz") else read_csv(self.path)
        missing = [name for name in labels.ids if name not in whole.ids]
        if missing:
            raise SimilarityError(
                f"{self.path}: lacks {len(missing)} of {len(labels)} labels, the first being "
                f"{missing[0]!r}.{did_you_mean(missing[0], whole.ids)}"
            )
        made = io.provenance("precomputed", file=io.file_digest(self.path), labels=labels.digest)
        part = whole.restrict(labels.ids)
        return Similarity(part.ids, part.values, made)


def read_csv(path: str) -> Similarity:
    """Read a square CSV matrix with label ids in its header row and first column.

    Raises:
        SimilarityError: the table is not square, or a cell is no number; the line is named.
    """
    reader = csv.reader(StringIO(io.read_text(path)), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise SimilarityError(
            f"{path}, line {reader.line_num}: not valid CSV ({error})."
        ) from error
    if len(rows) < 2:
        raise SimilarityError(f"{path}: expected a header row of label ids and one row a label.")
    ids = rows[0][1][1:]
    values = np.zeros((len(rows) - 1, len(ids)))
    order = []
    for number, (line, row) in enumerate(rows[1:]):
        if len(row) != len(ids) + 1:
            raise SimilarityError(
                f"{path}, line {line}: {len(row) - 1} numbers, but the header has {len(ids)} ids."
            )
        order.append(row[0])
        try:
            values[number] = [float(cell) for cell in row[1:]]
        except ValueError as error:
            raise SimilarityError(f"{path}, line {line}: {error}.") from error
    if order != ids:
        wrong = next((i for i, (a, b) in enumerate(zip(order, ids, strict=False)) if a != b), None)
        raise SimilarityError(
            f"{path}: rows and columns must name the same ids in the same order; they part at "
            f"number {(wrong if wrong is not None else min(len(order), len(ids))) + 1}."
        )
    try:
        return Similarity(ids, values)
    except (SimilarityError, LabelError) as error:
        raise SimilarityError(f"{path}: {error}") from error
