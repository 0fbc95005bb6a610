"""Tables of predictions as they come: CSV, parquet, npz, data frames; columns by name."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import DataError, FileFormatError, shown, told
from taxonomy._core.npz import PLAIN_KINDS
from taxonomy._core.parquet import read_parquet
from taxonomy._core.spelling import counted

Texts = dict[str, list[str]]

_NAMING = re.compile(r"(class(es|_?names)?|categories|ids|labels|names)", re.IGNORECASE)
"""What an npz calls the array that names the columns of its scores."""


class Sheet(Protocol):
    """A table whose columns are named."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        ...

    @property
    def unnamed(self) -> int:
        """How many columns of scores have no name."""
        ...

    def is_numeric(self, name: str) -> bool:
        """Tell whether a column holds numbers, by its type or its first cell."""
        ...

    def load(self, texts: Sequence[str], numbers: Sequence[str]) -> tuple[Texts, Float32Array]:
        """Return some columns as texts, and some as numbers of shape (rows, columns)."""
        ...


def open_sheet(source: Path | str | Mapping[str, Any] | Any, value: str) -> Sheet:
    """Return a table by what it is: a file, a data frame, or arrays by name.

    Args:
        source: a path that ends in ``.csv``, ``.tsv``, ``.txt`` or ``.parquet``; a data frame; or a
            mapping of arrays, such as those of an npz.
        value: which array holds scores, where there are several with two axes.

    Raises:
        FileFormatError: the file is missing, damaged, or of another kind.
        DataError: two columns of one name, or arrays that do not fit each other.
        MissingExtraError: parquet without pyarrow.
    """
    if not isinstance(source, (str, Path)):
        return _of_arrays("", _columns_of(source), value)
    path, ending = Path(source), Path(source).suffix.lower()
    if ending in (".csv", ".tsv", ".tab", ".txt"):
        return _Csv(path)
    if ending == ".parquet":
        return _of_arrays(str(path), _columns_of(read_parquet(path)), value)
    raise FileFormatError(
        f"{source}: no predictions that can be read; give a file that ends with .csv, .tsv, "
        ".parquet or .npz, or a run's folder."
    )


def _columns_of(table: Any) -> dict[str, Any]:
    """Return the columns of a data frame, or a mapping as it is, by text."""
    if isinstance(table, Mapping):
        return {str(name): np.asarray(array) for name, array in table.items()}
    if not hasattr(table, "columns"):
        raise DataError(
            f"Predictions cannot be a {type(table).__name__}; give a file, a data frame, a "
            "mapping of arrays, or `Predictions`."
        )
    frame = table if type(table.index).__name__ == "RangeIndex" else table.reset_index()
    _refuse_doubles("", [str(name) for name in frame.columns])
    return {str(name): frame[name].to_numpy() for name in frame.columns}


def _refuse_doubles(where: str, names: Sequence[str]) -> None:
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(told(where, f"the column {shown(twice[0])} is there twice; rename one."))


@dataclass(frozen=True, eq=False)
class _Arrays:
    """A table in memory: columns, and a matrix whose columns may be named."""

    where: str
    columns: dict[str, np.ndarray]
    matrix: np.ndarray | None
    matrix_names: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.columns, *self.matrix_names)

    @property
    def unnamed(self) -> int:
        return 0 if self.matrix is None or self.matrix_names else self.matrix.shape[1]

    def is_numeric(self, name: str) -> bool:
        return name not in self.columns or self.columns[name].dtype.kind in "biuf"

    def load(self, texts: Sequence[str], numbers: Sequence[str]) -> tuple[Texts, Float32Array]:
        found = {name: _as_texts(self.columns[name]) for name in texts}
        place = {name: i for i, name in enumerate(self.matrix_names)}
        if self.matrix is not None and not numbers:
            return found, _floats(self.matrix)
        if self.matrix is not None and all(name in place for name in numbers):
            return found, _floats(self.matrix[:, [place[n] for n in numbers]])
        rows = len(next(iter(self.columns.values()))) if self.columns else 0
        values = np.empty((rows, len(numbers)), dtype=np.float32)
        for i, name in enumerate(numbers):
            try:
                values[:, i] = _floats(self.columns[name])
            except (TypeError, ValueError) as error:
                words = f"the column {shown(name)} holds something else than numbers."
                raise DataError(told(self.where, words) if self.where else words) from error
        return found, values


def _floats(numbers: Any) -> Float32Array:
    """Return numbers in 32 bits; what is too large is infinite, and refused later."""
    with np.errstate(over="ignore"):
        return np.asarray(numbers).astype(np.float32)


def _as_texts(column: np.ndarray) -> list[str]:
    """Return cells as texts, whole numbers without a point and nothing as an empty text."""
    if column.dtype.kind == "f":
        return [
            "" if x != x else str(int(x)) if x.is_integer() else str(x) for x in column.tolist()
        ]
    return ["" if x is None or x != x else str(x).strip() for x in column.tolist()]


def _of_arrays(where: str, arrays: dict[str, Any], value: str) -> _Arrays:
    """Return arrays as a table: those with one axis are columns, the one with two holds scores."""
    for name, array in arrays.items():
        if array.ndim not in (0, 1, 2) or array.dtype.kind not in PLAIN_KINDS + "O":
            raise DataError(
                told(where, f"the array {shown(name)} is {array.dtype} with {array.ndim} axes.")
            )
    tables = [name for name, array in arrays.items() if array.ndim == 2]
    if value in tables:
        tables = [value]
    if len(tables) > 1:
        listed = ", ".join(map(shown, tables))
        raise DataError(
            told(where, f"several arrays have two axes: {listed}; name one as `value`.")
        )
    columns = {name: array for name, array in arrays.items() if array.ndim == 1}
    if not tables:
        if len({len(array) for array in columns.values()}) > 1:
            sizes = ", ".join(f"{shown(name)} {len(array):,}" for name, array in columns.items())
            raise DataError(told(where, f"the columns differ in length: {sizes}."))
        return _Arrays(where, columns, None, ())
    matrix = arrays[tables[0]]
    if matrix.dtype.kind not in "biuf":
        raise DataError(told(where, f"the array {shown(tables[0])} holds no numbers."))
    rows, width = matrix.shape
    naming = [
        name
        for name, array in columns.items()
        if len(array) == width and _NAMING.fullmatch(name) and array.dtype.kind in "UO"
        if len(array) != rows or not name.lower().startswith("label")
    ]
    names = tuple(_as_texts(columns.pop(naming[0]))) if naming else ()
    wrong = {name: len(array) for name, array in columns.items() if len(array) != rows}
    if wrong:
        name = min(wrong)
        raise DataError(
            told(
                where,
                f"the array {shown(name)} has {counted(wrong[name], 'entry', 'entries')}; the "
                f"scores are of {rows:,} "
                f"samples and {width:,} classes.",
            )
        )
    _refuse_doubles(where, [*columns, *names])
    return _Arrays(where, columns, matrix, names)


class _Csv:
    """A CSV file, read line by line, cells being parted by what parts the header."""

    unnamed = 0

    def __init__(self, path: Path) -> None:
        self.where, self._path = str(path), path
        with self._lines("") as rows:
            head = next(rows, (0, []))[1]
        joined = head[0] if len(head) == 1 else ""
        bare = re.sub(r'"[^"]*"', "", joined)
        self._mark = max(",;\t|", key=bare.count)
        with self._lines(self._mark) as rows:
            self.names = tuple(cell.strip() for cell in next(rows, (0, []))[1])
            self._first = next(rows, (0, []))[1]
        if not self._first:
            raise DataError(told(path, "expected a header line, and a line a sample."))
        _refuse_doubles(self.where, self.names)

    @contextmanager
    def _lines(self, mark: str) -> Iterator[Iterator[tuple[int, list[str]]]]:
        """Open the file and part its lines; with no mark, each line is one cell."""
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield self._rows(file, mark)
        except OSError as error:
            raise FileFormatError(
                told(self._path, f"cannot be read ({error.strerror}).")
            ) from error
        except UnicodeDecodeError as error:
            raise FileFormatError(told(self._path, "is no UTF-8; save it as UTF-8.")) from error

    def _rows(self, file: IO[str], mark: str) -> Iterator[tuple[int, list[str]]]:
        if not mark:
            yield 1, [file.readline(_LONGEST)]
            return
        reader = csv.reader(file, delimiter=mark, skipinitialspace=mark != "\t", strict=True)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, row
        except csv.Error as error:
            raise FileFormatError(
                told(self._path, f"line {max(reader.line_num, 1)}: not valid CSV ({error}).")
            ) from error

    def is_numeric(self, name: str) -> bool:
        place = self.names.index(name)
        try:
            float(self._first[place])
        except (ValueError, IndexError):
            return False
        return True

    def load(self, texts: Sequence[str], numbers: Sequence[str]) -> tuple[Texts, Float32Array]:
        place = {name: i for i, name in enumerate(self.names)}
        kept = [(name, place[name]) for name in dict.fromkeys(texts)]  # one may be two things
        found: Texts = {name: [] for name in texts}
        columns = [place[name] for name in numbers]
        blocks, block = [], list[list[float]]()
        with self._lines(self._mark) as rows:
            next(rows)
            for line, row in rows:
                if len(row) != len(self.names):
                    cells = counted(len(row), "cell")
                    words = f"line {line}: {cells}; the header has {len(self.names)}."
                    raise DataError(told(self._path, words))
                for name, at in kept:
                    found[name].append(row[at].strip())
                try:
                    block.append([float(row[at]) for at in columns])
                except ValueError:
                    raise self._no_number(line, row, columns) from None
                if len(block) == _BLOCK:
                    blocks.append(_floats(block))
                    block = []
        blocks.append(_floats(block).reshape(len(block), len(columns)))
        return found, np.concatenate(blocks)

    def _no_number(self, line: int, row: list[str], columns: list[int]) -> DataError:
        for at in columns:
            try:
                float(row[at])
            except ValueError:
                place = f"line {line}, column {shown(self.names[at])}"
                return DataError(told(self._path, f"{place}: {shown(row[at])} is no number."))
        return DataError(told(self._path, f"line {line}: no numbers."))


_BLOCK = 1024
"""Lines that are held as Python's numbers at a time."""

_LONGEST = 1 << 24
"""Characters of a header."""
