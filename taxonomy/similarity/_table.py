"""Tables of numbers from files: text, parquet and numpy's own, every fault named with its place."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import FileFormatError, SimilarityError, naming, shown
from taxonomy._core.parquet import read_parquet
from taxonomy._core.spelling import counted


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers with an id for every row.

    Attributes:
        path: the file.
        rows: ids of the rows.
        columns: names of the columns; None where the file has none.
        numbers: shape (rows, columns), finite.
    """

    path: str
    rows: list[str]
    columns: list[str] | None
    numbers: FloatArray

    def place(self, row: int, column: int) -> str:
        """Return where a number stands, for messages."""
        named = str(column + 1) if self.columns is None else shown(self.columns[column])
        return f"{self.path}, row {shown(self.rows[row])}, column {named}"


def read_table(path: str, ids: Sequence[str]) -> Table:
    """Read a table by the ending of its file's name.

    - ``.csv``, ``.tsv``, ``.tab``, ``.txt``: text with commas, semicolons or tabs between cells;
      a header row, and an id in the first column. With semicolons or tabs, numbers may have
      decimal commas, if all of them do.
    - ``.parquet``: ids are the index or, if that only counts, the first column.
    - ``.npz``: an array ``ids`` and one of numbers; or one of numbers alone, as npy.
    - ``.npy``: holds no ids, so the rows are taken to be those of ``ids``, in that order.

    Args:
        path: the file.
        ids: what the rows of a file without ids are.

    Raises:
        FileFormatError: the file is missing, damaged, or of another kind.
        SimilarityError: it is no table of finite numbers; the message names row and column.
        MissingExtraError: reading parquet needs a package that is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _READERS:
        raise FileFormatError(
            f"{path}: is no table that can be read; give a file that ends with one of "
            f"{', '.join(_READERS)}."
        )
    with naming(path):
        table = _READERS[suffix](path, ids)
    bad = np.argwhere(~np.isfinite(table.numbers))
    if len(bad):
        row, column = bad[0]
        raise SimilarityError(
            f"{table.place(row, column)}: {table.numbers[row, column]} is no finite number."
        )
    return table


def _text(path: str, _: Sequence[str]) -> Table:
    """Read text, cells being parted by what parts the header."""
    text = io.read_text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    separator = max(",;\t", key=bare.count)
    reader = csv.reader(StringIO(text), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        lines = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise SimilarityError(
            f"{path}, line {reader.line_num}: not valid CSV ({error})."
        ) from error
    if len(lines) < 2:
        raise SimilarityError(f"{path}: expected a header row, and one row a label, its id first.")
    columns = [name.strip() for name in lines[0][1][1:]]
    cells = [cell for _, row in lines[1:] for cell in row[1:]]
    decimal_commas = separator != "," and not any("." in cell for cell in cells)
    numbers = np.zeros((len(lines) - 1, len(columns)))
    for at, (line, row) in enumerate(lines[1:]):
        if len(row) != len(columns) + 1:
            raise SimilarityError(
                f"{path}, line {line}: {len(row) - 1} numbers, but the header has "
                f"{len(columns)} columns."
            )
        for to, cell in enumerate(row[1:]):
            try:
                numbers[at, to] = float(cell.replace(",", ".") if decimal_commas else cell)
            except ValueError:
                raise SimilarityError(
                    f"{path}, line {line}, column {shown(columns[to])}: {shown(cell)} is no number."
                ) from None
    return Table(path, [row[0].strip() for _, row in lines[1:]], columns, numbers)


def _parquet(path: str, _: Sequence[str]) -> Table:
    import pandas as pd

    frame: Any = read_parquet(path)
    if isinstance(frame.index, pd.RangeIndex) and len(frame.columns):
        frame = frame.set_index(frame.columns[0])
    rows, columns = [*map(str, frame.index)], [*map(str, frame.columns)]
    numbers = np.zeros(frame.shape)
    for to, name in enumerate(columns):
        kind = frame.dtypes.iloc[to]
        if not pd.api.types.is_numeric_dtype(kind):
            raise SimilarityError(f"{path}, column {name!r}: holds {kind}, which are no numbers.")
        numbers[:, to] = frame.iloc[:, to].to_numpy(dtype=np.float64, na_value=np.nan)
    return Table(path, rows, columns, numbers)


def _npz(path: str, ids: Sequence[str]) -> Table:
    arrays = io.load_npz(path)
    own = arrays.pop("ids", None)
    arrays.pop("provenance", None)
    if len(arrays) != 1:
        raise SimilarityError(
            f"{path}: holds the arrays {', '.join(sorted(arrays)) or 'of no numbers'}; expected "
            "one of numbers and, to name its rows, one called 'ids'."
        )
    (numbers,) = arrays.values()
    if own is None:
        return _without_ids(path, numbers, ids)
    rows = [str(name) for name in own.reshape(-1)]
    _check_shape(path, numbers)
    if len(rows) != len(numbers):
        raise SimilarityError(
            f"{path}: {counted(len(numbers), 'row')} of numbers, but {counted(len(rows), 'id')}."
        )
    columns = rows if numbers.shape[1] == len(rows) else None
    return Table(path, rows, columns, numbers.astype(np.float64))


def _npy(path: str, ids: Sequence[str]) -> Table:
    return _without_ids(path, io.load_npy(path), ids)


def _without_ids(path: str, numbers: Any, ids: Sequence[str]) -> Table:
    """Name the rows of an array by the ids asked for.

    Raises:
        SimilarityError: there are more rows, or fewer.
    """
    _check_shape(path, numbers)
    if len(numbers) != len(ids):
        raise SimilarityError(
            f"{path}: {counted(len(numbers), 'row')} of numbers for "
            f"{counted(len(ids), 'label')}. A file without ids "
            f"must hold a row for each label, sorted by id ({', '.join(ids[:3])}, …); or name the "
            "rows: a CSV file with ids, or an npz file with an array 'ids'."
        )
    columns = list(ids) if numbers.shape[1] == len(ids) else None
    return Table(path, list(ids), columns, numbers.astype(np.float64))


def _check_shape(path: str, numbers: Any) -> None:
    if numbers.ndim != 2 or numbers.dtype.kind not in "fiub":
        raise SimilarityError(
            f"{path}: holds an array of shape {numbers.shape} and type {numbers.dtype}; expected "
            "numbers in rows and columns."
        )


_READERS: dict[str, Callable[[str, Sequence[str]], Table]] = {
    ".csv": _text,
    ".tsv": _text,
    ".tab": _text,
    ".txt": _text,
    ".parquet": _parquet,
    ".npz": _npz,
    ".npy": _npy,
}
