"""`study`: from a study's file to trained cells, tables, figures, a manifest and a report."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core import io
from taxonomy._core.checked import check_kind
from taxonomy._core.errors import FileFormatError, TrainingError
from taxonomy._core.progress import Progress, track
from taxonomy._core.registry import require
from taxonomy._core.spelling import counted
from taxonomy.studies.config import StudyConfig
from taxonomy.studies.drawing import cost_figure, gain_figure
from taxonomy.studies.engines import CELLS, ENGINES, Engine, Job
from taxonomy.studies.findings import Findings, find
from taxonomy.studies.plan import Plan, plan
from taxonomy.studies.report import in_full_html, in_full_markdown, parts
from taxonomy.studies.store import Store
from taxonomy.studies.verifying import Verified, verify
from taxonomy.training import Run

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

CONFIG = "study.json"
"""The copy of a study's file in its folder, for workers of a study that has no file."""

STATES = ("done", "failed", "missing")


@dataclass(frozen=True, eq=False)
class Study:
    """A study's cells and how far each is; printing it shows that.

    Args:
        plan: what is compared.
        job: where cells are kept, and the command that works on one.
        states: of each cell, one of `STATES`, by id.
        failures: why cells failed, by id.
    """

    plan: Plan
    job: Job
    states: Mapping[str, str]
    failures: Mapping[str, str]

    @property
    def pending(self) -> list[str]:
        """The ids of the cells that are not done, in order."""
        return [cell for cell in self.plan.cells if self.states[cell] != "done"]

    def lines(self) -> list[str]:
        """Return one executable line for each cell that is not done.

        They can be given to a shell, to xargs or GNU parallel, or line by line to an array of
        Slurm: each is safe to be run twice, anywhere that reaches the store.
        """
        return [self.job.line(cell) for cell in self.pending]

    def __str__(self) -> str:
        """Return one line a training and, last, how many are done."""
        lines = []
        for place in self.plan.places:
            why = self.failures.get(place.cell, "")
            lines.append(f"{self.states[place.cell]:8}{place.cell}  {place}{why and f': {why}'}")
        counts = {state: [*self.states.values()].count(state) for state in STATES}
        summary = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
        return "\n".join([*lines, f"{counted(len(self.states), 'cell')}: {summary}"])


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A finished study; printing it shows what it found in short.

    Args:
        folder: where everything was written.
        found: the tables.
        verified: what the sample of experts answered.
    """

    folder: Path
    found: Findings
    verified: Verified

    def __str__(self) -> str:
        """Return the means by setting over all tasks, and what was verified."""
        rows = self.found.settings
        shown = rows[rows["kind"] == "all"].drop(columns=["kind", "reference", "size", "network"])
        return f"{shown.round(4).to_string(index=False)}\n{self.verified}"


def prepare(
    config: StudyConfig | Path | str, out: Path | str = "runs/study", store: Path | str = ""
) -> Study:
    """Plan a study, keep its cells for workers, and see how far each is; train nothing.

    Args:
        config: a study, or its file.
        out: the study's folder.
        store: a folder or an fsspec URL for the cells; in the study's folder where left out.

    Raises:
        TrainingError: what the file names does not fit together, or cells were begun with other
            threads.
        TaxonomyError: a tree cannot be built, or data, tasks or teacher are not there.
    """
    out = Path(out)
    if isinstance(config, (str, Path)):
        path, asked = Path(config), StudyConfig.load(config)
    else:
        check_kind(config, StudyConfig, "the study", TrainingError)
        path, asked = out / CONFIG, config
    asked = replace(asked, folder=str(Path(asked.folder).absolute()))  # workers start elsewhere
    made = plan(asked)
    if isinstance(config, StudyConfig):
        io.write_json(path, asked.to_dict())
    job = Job(Store(store or out / CELLS), path, out, asked.threads)
    states, failures = {}, {}
    for name, cell in made.cells.items():
        job.store.plan(cell)
        if job.store.done(name) is not None:
            states[name] = "done"
        elif why := job.store.failed(name):
            states[name], failures[name] = "failed", why
        else:
            states[name] = "missing"
    return Study(made, job, states, failures)


def study(
    config: StudyConfig | Path | str,
    out: Path | str = "runs/study",
    *,
    store: Path | str = "",
    engine: Engine | str = "local",
    progress: bool = True,
    **options: object,
) -> StudyResult:
    """Compare hierarchies: train what is missing, score every task, and write a report.

    The same call continues a study that was stopped, however it was. Writes ``tasks.csv``,
    ``trainings.csv``, ``settings.csv``, ``differences.csv``, ``cost-accuracy.png``, ``gains.png``,
    ``report.md``, ``report.html`` and ``manifest.json``; cells are kept in ``cells`` or in the
    store.

    Args:
        config: a study, or its file.
        out: the study's folder.
        store: a folder or an fsspec URL, such as ``s3://bucket/study``, for the cells; in the
            study's folder where left out.
        engine: who works on the cells: ``local``, ``ray``, or an engine.
        progress: whether to show how far the study is.
        options: of the engine, such as ``workers=2``.

    Raises:
        TrainingError: cells failed, with their reasons; or a stored prediction is not what an
            expert answers.
        TaxonomyError: as `prepare` says.
        MissingExtraError: matplotlib, or what the engine or the store needs, is not installed.
    """
    require("matplotlib")
    worker = ENGINES.resolve(engine, options)
    asked = prepare(config, out, store)
    failures = _worked(worker, asked, progress)
    if failures:
        raise TrainingError(_told(asked.plan, failures))
    runs = {cell: Run(asked.job.store.run(cell)) for cell in asked.plan.cells}
    log.info("scoring %s", counted(len(asked.plan.tasks), "task"))
    found = find(asked.plan, runs)
    verified = verify(asked.plan, runs)
    folder = Path(out)
    _write(folder, found, verified, asked.job.store)
    return StudyResult(folder, found, verified)


def _worked(engine: Engine, asked: Study, progress: bool) -> dict[str, str]:
    """Have an engine do what is not done; return the failures by cell."""
    failures: dict[str, str] = {}
    pending = asked.pending
    if not pending:
        return failures
    epochs = {cell: asked.plan.cells[cell].config.epochs for cell in asked.plan.cells}
    seen = dict.fromkeys(epochs, 0) | {c: epochs[c] for c in epochs if c not in pending}
    seen |= {cell: _epochs(asked.job.store, cell) for cell in pending}
    total = sum(epochs.values())
    done = len(epochs) - len(pending)
    with track("study", "epochs", total, sum(seen.values()), shown=progress) as bar:
        bar.note = f"{done} of {len(epochs)} cells"
        for ended in engine.work(pending, asked.job):
            if ended is not None:
                done += not ended.failure
                now = {ended.cell: epochs[ended.cell]}
                if ended.failure:
                    failures[ended.cell] = ended.failure
                bar.note = f"{done} of {len(epochs)} cells"
                bar.line(f"{bar.note} done{f', {len(failures)} failed' if failures else ''}")
            else:
                now = {c: _epochs(asked.job.store, c) for c in pending if c not in failures}
            _move(bar, seen, now)
    return failures


def _move(bar: Progress, seen: dict[str, int], now: Mapping[str, int]) -> None:
    """Move a bar by the epochs that were not seen before."""
    further = {cell: count for cell, count in now.items() if count > seen[cell]}
    if further:
        bar.update(sum(count - seen[cell] for cell, count in further.items()))
        seen.update(further)


def _epochs(store: Store, cell: str) -> int:
    """Return how many epochs of a cell are done, as far as this machine sees it."""
    path = store.workspace(cell) / "run" / "metrics.jsonl"
    try:
        return path.read_bytes().count(b"\n")
    except OSError:
        return 0


def _told(made: Plan, failures: Mapping[str, str]) -> str:
    """Return what failed, for the message."""
    named = {place.cell: str(place) for place in reversed(made.places)}
    several = [f"{named[cell]} ({cell}): {why.rstrip('.')}" for cell, why in failures.items()]
    return (
        f"{len(failures)} of {counted(len(made.cells), 'cell')} failed: {'; '.join(several)}. "
        "The others are kept; the same command tries these again."
    )


def _write(folder: Path, found: Findings, verified: Verified, store: Store) -> None:
    """Write tables, figures, report and, last, the manifest."""
    from taxonomy.plots import save_figure

    tables = {
        "tasks": found.tasks,
        "trainings": found.trainings,
        "settings": found.settings,
        "differences": found.differences,
    }
    for name, table in tables.items():
        io.write_text(folder / f"{name}.csv", csv_of(table))
    for name, figure in (("cost-accuracy", cost_figure(found)), ("gains", gain_figure(found))):
        save_figure(folder / f"{name}.png", figure)
    pictures = {f"{n}.png": io.read_bytes(folder / f"{n}.png") for n in ("cost-accuracy", "gains")}
    made = list(parts(found, verified))
    io.write_text(folder / "report.md", in_full_markdown(made))
    io.write_text(folder / "report.html", in_full_html(made, pictures))
    files = [*(f"{name}.csv" for name in tables), *pictures, "report.md", "report.html"]
    io.write_json(folder / "manifest.json", _manifest(folder, files, found, verified, store))


def csv_of(table: pd.DataFrame) -> str:
    """Return a table as CSV whose numbers machines agree on."""
    return str(table.to_csv(index=False, float_format="%.9g", lineterminator="\n"))


def _manifest(
    folder: Path, files: list[str], found: Findings, verified: Verified, store: Store
) -> dict[str, io.Json]:
    """Return what everything that was written rests on."""
    made = found.plan
    places: dict[str, list[str]] = {}
    for place in made.places:
        places.setdefault(place.cell, []).append(str(place))
    cells = {}
    for name, cell in made.cells.items():
        record = store.done(name)
        if record is None:
            raise FileFormatError(f"{store.place}: the cell {name} is gone; start the study again.")
        cells[name] = {
            "stands_for": places[name],
            "tree": cell.tree.digest,
            "spec": cell.spec.digest,
            "data": cell.data_digest,
            "teacher": cell.teacher_digest,
            "seed": cell.config.seed,
            "threads": record.threads,
            "seconds": record.seconds,
            "time": record.time,
            "machine": record.machine,
            "versions": record.versions,
            "predictions": record.files[f"predictions-{made.config.split}.npz"].sha256,
        }
    return {
        "format": "taxonomy-study",
        "version": 1,
        "config": made.config.to_dict(),
        "tasks": made.tasks.digest,
        "trees": {name: tree.digest for name, tree in made.trees.items()},
        "verified": vars(verified),
        "cells": cells,
        "files": {name: io.file_digest(folder / name) for name in files},
        "versions": io.versions("numpy", "torch", "scipy", "pandas"),
        **io.stamp(),
    }
