"""A resumable runner for series of trainings, which several processes can share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from taxonomy._core import io
from taxonomy._core.decoding import check_json, decode
from taxonomy._core.errors import FileFormatError, told
from taxonomy._core.sharing import clear_temporaries, lock

log = logging.getLogger(__name__)

Settings = Mapping[str, io.Json]
Row = dict[str, io.Json]
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class _Done:
    """A finished cell, as a line of the record holds it.

    Args:
        cell: its name.
        settings: their digest.
        row: what its work returned.
    """

    cell: str
    settings: str
    row: dict[str, io.Json]


def run_cells(
    folder: Path | str,
    cells: Mapping[str, Settings],
    work: Callable[[str, Settings, Path], Row],
    needs: Mapping[str, tuple[str, ...]] | None = None,
    holds: Callable[[Path], bool] | None = None,
) -> list[Row]:
    """Do every cell that is not done yet and return all rows, in the order of the cells.

    A finished cell is one line of ``cells.jsonl``: its name, the digest of its settings and its
    row. A cell whose settings have changed counts as not done. Each cell may keep files in a
    folder ``<folder>/<name>`` of its own, and continue from them. Several processes may run the
    same series at once: each takes a cell that no other is at, and a cell whose process has died is
    free again.

    Args:
        folder: where the series is kept.
        cells: settings by name; a name is used as a folder's name.
        work: does one cell, given its name, settings and folder, and returns its row.
        needs: per cell those that must be done before it; all of them earlier cells.
        holds: tells whether a cell's folder holds what its work left there; without it the cell
            counts as not done. Nothing needs to be left where this is not given.

    Raises:
        FileFormatError: the record is damaged, a name is no plain file name, or a row holds what
            JSON cannot.
    """
    folder = Path(folder)
    for name in cells:
        if not name or name != Path(name).name or name.startswith("."):
            raise FileFormatError(f"The cell name {name!r} cannot name a folder.")
    clear_temporaries(folder)
    keys = {name: io.digest(dict(settings)) for name, settings in cells.items()}
    record = folder / "cells.jsonl"

    def done() -> dict[str, _Done]:
        return {
            name: entry
            for name, entry in _read(record).items()
            if entry.settings == keys.get(name) and (holds is None or holds(folder / name))
        }

    while pending := [name for name in cells if name not in done()]:
        if not any(_do(folder, name, cells, keys, work, needs or {}, done) for name in pending):
            time.sleep(POLL_SECONDS)  # all that is left is being done, or waits for what is
    finished = done()
    return [{"cell": name, **finished[name].row} for name in cells]


def _do(
    folder: Path,
    name: str,
    cells: Mapping[str, Settings],
    keys: Mapping[str, str],
    work: Callable[[str, Settings, Path], Row],
    needs: Mapping[str, tuple[str, ...]],
    done: Callable[[], dict[str, _Done]],
) -> bool:
    """Do a cell unless it is done, waits for another, or is in other hands; tell whether it was."""
    with lock(folder / f".{name}.lock", wait=False) as mine:
        finished = done()
        if not mine or name in finished or any(n not in finished for n in needs.get(name, ())):
            return False
        log.info("cell %s", name)
        row = work(name, cells[name], folder / name)
        record = folder / "cells.jsonl"
        check_json(row, f"{record}, the row of {name}")
        with lock(folder / ".cells.jsonl.lock"):
            entries = _read(record)
            entries[name] = _Done(name, keys[name], row)
            lines = (io.canonical_json(asdict(entry)) + "\n" for entry in entries.values())
            io.write_text(record, "".join(lines))
        return True


def _read(record: Path) -> dict[str, _Done]:
    """Return the finished cells by name.

    Raises:
        FileFormatError: a line holds something else.
    """
    if not record.exists():
        return {}
    try:
        lines = [decode(_Done, line, where) for where, line in io.read_json_lines(record)]
    except FileFormatError as error:
        words = f"{str(error).rstrip('.')}. Remove the line to do its cell again."
        raise FileFormatError(told(record, words)) from error
    return {entry.cell: entry for entry in lines}
