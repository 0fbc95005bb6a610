"""Which pictures are of one original, and so belong into one split: by a pattern or a table."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from taxonomy._core import io
from taxonomy._core.errors import DataError, shown, told

GroupOf = Callable[[str, str], str]
"""Gives the group of a picture from its class and its path inside the class's folder; or none."""


def group_reader(groups: str) -> GroupOf:
    """Return what finds a picture's group.

    Args:
        groups: a regular expression that is searched for in a picture's path inside its class's
            folder, where its first group, or else the whole match, names the original; or a CSV
            file with the columns ``file`` (``CLASS/name.png``, or the name alone) and ``group``.

    Raises:
        DataError: no regular expression, or a table without these columns.
        FileFormatError: the file cannot be read.

    >>> of = group_reader("(.*)_v[0-9]")
    >>> of("cat", "tom_v1.png"), of("cat", "tom_v2.png"), of("cat", "other.png")
    ('cat/tom', 'cat/tom', '')
    """
    if groups.lower().endswith(".csv"):
        table = _read(Path(groups))
        return lambda name, inner: table.get(f"{name}/{inner}") or table.get(inner) or ""
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise DataError(
            f"`groups` is {shown(groups)}, no regular expression ({error}); write one such as "
            "(.*)_v[0-9], or name a CSV file with the columns file and group."
        ) from None

    def of(name: str, inner: str) -> str:
        found = pattern.search(inner)
        if found is None:
            return ""
        return f"{name}/{found[1] if pattern.groups else found[0]}"

    return of


def _read(path: Path) -> dict[str, str]:
    """Return the group of every file that a table names."""
    reader = csv.DictReader(StringIO(io.read_text(path), newline=""), skipinitialspace=True)
    try:
        columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        if not {"file", "group"} <= columns.keys():
            have = shown(", ".join(columns)) if columns else "none"
            raise DataError(told(path, f"the columns are {have}; it needs file and group."))
        rows = [(row[columns["file"]] or "", row[columns["group"]] or "") for row in reader]
    except csv.Error as error:
        raise DataError(told(path, f"no readable CSV ({error}).")) from error
    return {file.strip().replace("\\", "/"): group.strip() for file, group in rows}
