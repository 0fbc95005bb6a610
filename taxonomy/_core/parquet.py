"""Tables in parquet files, by pyarrow where it is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from taxonomy._core.errors import FileFormatError, MissingExtraError


def read_parquet(path: Path | str) -> Any:
    """Return the table of a parquet file, as pandas has it.

    Raises:
        FileFormatError: the file is missing or damaged.
        MissingExtraError: pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise MissingExtraError(
            f"{path}: reading parquet needs the package 'pyarrow', which is not installed. "
            "Type: pip install pyarrow"
        )
    import pandas as pd

    try:
        return pd.read_parquet(path, engine="pyarrow")
    except FileNotFoundError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror}).") from error
    except (OSError, ValueError) as error:  # pyarrow's own errors are among these
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileFormatError(f"{path}: not a readable parquet file ({reason}).") from error
