"""A runner for series of trainings that survives being stopped."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from taxonomy import _io
from taxonomy.errors import FileFormatError

log = logging.getLogger(__name__)

Settings = Mapping[str, _io.Json]
Row = dict[str, _io.Json]


def run_cells(
    folder: Path | str, cells: Mapping[str, Settings], work: Callable[[str, Settings, Path], Row]
) -> list[Row]:
    """Do every cell that is not done yet and return all rows, in the order of the cells.

    A finished cell is one line of ``cells.jsonl``: its name, the digest of its settings and its
    row. A cell whose settings have changed is done again. Each cell may keep files in a folder
    ``<folder>/<name>`` of its own, and continue from them.

    Args:
        folder: where the series is kept.
        cells: settings by name; a name is used as a folder's name.
        work: does one cell, given its name, settings and folder, and returns its row.

    Raises:
        FileFormatError: the record is damaged, or a name is no plain file name.
    """
    folder = Path(folder)
    record = folder / "cells.jsonl"
    finished = _read(record)
    rows = []
    for name, settings in cells.items():
        if not name or name != Path(name).name or name.startswith("."):
            raise FileFormatError(f"The cell name {name!r} cannot name a folder.")
        key = _io.digest(dict(settings))
        known = finished.get(name)
        if known is None or known["settings"] != key:
            log.info("cell %s", name)
            row = work(name, settings, folder / name)
            finished[name] = {"cell": name, "settings": key, "row": row}
            lines = (_io.canonical_json(entry) + "\n" for entry in finished.values())
            _io.write_text(record, "".join(lines))
        rows.append({"cell": name, **finished[name]["row"]})
    return rows


def _read(record: Path) -> dict[str, Row]:
    if not record.exists():
        return {}
    try:
        entries = [json.loads(line) for line in _io.read_text(record).split("\n") if line]
        return {e["cell"]: {key: e[key] for key in ("cell", "settings", "row")} for e in entries}
    except (ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{record}: a damaged record ({error}). Remove it to do the series again."
        ) from error
