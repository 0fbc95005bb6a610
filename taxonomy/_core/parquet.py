"""Tables in parquet files, by pyarrow where it is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, MissingExtraError


def read_parquet(path: Path | str) -> Any:
    """Return the table of a parquet file, as pandas has it.

    Raises:
        FileFormatError: the file is missing or damaged, or says that it becomes far larger than a
            table of its size can.
        MissingExtraError: pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise MissingExtraError(
            f"{path}: reading parquet needs the package 'pyarrow', which is not installed. "
            "Type: pip install pyarrow"
        )
    import pandas as pd
    from pyarrow import ArrowException

    try:
        _check_declared(path)
        _check_texts(path)
        return pd.read_parquet(path, engine="pyarrow")
    except FileNotFoundError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror}).") from error
    except (ArrowException, *io.DAMAGED) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileFormatError(f"{path}: not a readable parquet file ({reason}).") from error


def _check_declared(path: Path | str) -> None:
    """Compare what a parquet file says that it becomes with its size; equal cells take no room.

    Raises:
        ValueError: it says to be far larger than a table can be.
    """
    from pyarrow.parquet import read_metadata

    said = read_metadata(path)
    groups = [said.row_group(i) for i in range(said.num_row_groups)]
    unpacked = max(sum(one.total_byte_size for one in groups), 8 * said.num_rows * said.num_columns)
    if unpacked > max(_UNPACKED_LEAST, _UNPACKED_TIMES * Path(path).stat().st_size):
        raise ValueError(
            f"{said.num_rows:,} rows of {said.num_columns:,} columns are declared, more than can be"
        )


def _check_texts(path: Path | str) -> None:
    """Look whether texts are texts, which pyarrow takes on trust until one is asked for.

    Raises:
        ArrowException: one is not UTF-8.
    """
    from pyarrow import types
    from pyarrow.parquet import read_schema, read_table

    schema = read_schema(path)
    numbers = (types.is_integer, types.is_floating, types.is_boolean)
    others = [field.name for field in schema if not any(of(field.type) for of in numbers)]
    if others:
        read_table(path, columns=others).validate(full=True)


_UNPACKED_LEAST, _UNPACKED_TIMES = 1 << 22, 1000
"""Bytes that any parquet file may become, and times its own: the table of three thousand labels,
all alike, becomes 43 times as long."""
