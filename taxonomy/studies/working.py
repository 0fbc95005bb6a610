"""Working on one cell of a study: what every engine has a worker do."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

import torch

from taxonomy._core import io
from taxonomy._core.errors import DataError, FileFormatError, TaxonomyError, TrainingError
from taxonomy._core.folders import SPLITS
from taxonomy._core.sharing import lock
from taxonomy.nets import get_net
from taxonomy.nets.hierarchical import weights_digest
from taxonomy.studies.cells import Cell
from taxonomy.studies.store import Store, begun_with
from taxonomy.training import Run, train_run
from taxonomy.training.run import is_finished

PARENT = "TAXONOMY_STUDY_PARENT"
"""The environment variable that names the process with which a worker ends."""


class BusyError(TrainingError):
    """Another process is at the cell."""


def work_on(store: Store, cell: str, progress: bool = False) -> bool:
    """Train a cell that is not finished, or continue it, and store it; return whether it was done.

    Why a training failed is stored, too.

    Args:
        store: where cells are kept.
        cell: its id.
        progress: whether to show how far the training is.

    Raises:
        FileFormatError: no such cell is planned; nothing is written then.
        BusyError: another process of this machine is at it.
        TrainingError: it was begun with other threads, or training fails.
        DataError: its pictures are not those that the study was planned with.
    """
    if store.done(cell) is not None:
        return False
    planned, where = store.cell(cell), store.workspace(cell)
    with lock(where / ".lock", wait=False) as mine:
        if not mine:
            raise BusyError(f"{where}: another process is at this cell.")
        if store.done(cell) is not None:  # another process was faster
            return False
        try:
            _train(planned, store, progress)
        except TaxonomyError as error:
            store.fail(cell, str(error))
            raise
    return True


def _train(cell: Cell, store: Store, progress: bool) -> None:
    where = store.workspace(cell.id)
    use_threads(cell.threads)
    if begun_with(where) not in (0, cell.threads):
        raise TrainingError(
            f"{where}: was begun with `threads` = {begun_with(where)} and cannot be continued "
            f"exactly with {cell.threads}; remove the folder to start it again."
        )
    pictures = cell.data.pictures(cell.spec.resolution)
    if pictures.digest != cell.data_digest:
        raise DataError(
            f"The pictures {cell.data.data!r} are not those that the study was planned with."
        )
    teacher = get_net(cell.teacher) if cell.teacher else None
    if teacher is not None and weights_digest(teacher) != cell.teacher_digest:
        raise TrainingError(
            f"The teacher {cell.teacher!r} is not the one that the study was planned with."
        )
    if is_finished(where / "run") and not _is_sound(where / "run"):
        shutil.rmtree(where / "run")
    io.write_json(where / "begun.json", {"threads": cell.threads})
    train_run(
        where / "run",
        cell.spec,
        cell.tree,
        pictures,
        cell.config,
        cell.device,
        progress=progress,
        reference=cell.reference,
        teacher=teacher,
    )
    store.finish(cell.id)


def _is_sound(folder: Path) -> bool:
    """Return whether a finished run's network and predictions are what it left."""
    run = Run(folder)
    try:
        for split in SPLITS[1:]:
            run.predictions(split)
        return io.file_digest(folder / "model.safetensors") == str(run.manifest["model"])
    except FileFormatError:
        return False


def use_threads(count: int) -> None:
    """Compute with so many threads, whatever the surroundings have set.

    Raises:
        TrainingError: torch does not.
    """
    torch.set_num_threads(count)
    if torch.get_num_threads() != count:
        raise TrainingError(
            f"The cell computes with `threads` = {count} and torch does with "
            f"{torch.get_num_threads()}; its last bits would be others."
        )


def end_with_parent() -> None:
    """End this process when the one that started it ends, if that one asked for it."""
    parent = os.environ.get(PARENT, "")
    if not parent.isdecimal():
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(1)
        os._exit(1)  # as if it had been killed, too: a checkpoint is never half-written

    threading.Thread(target=watch, daemon=True).start()
