"""Series of trainings to compare: named settings, each trained per seed and scored equally."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, TrainingError
from taxonomy.design.spec import NetSpec
from taxonomy.evaluation.experts import points
from taxonomy.nets import HierarchicalNet, get_net
from taxonomy.nets.hierarchical import weights_digest
from taxonomy.studies.runner import run_cells
from taxonomy.tasks import TaskList
from taxonomy.training import Run, TrainConfig, train_run
from taxonomy.training.run import is_finished
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

    from taxonomy.data import Pictures


@dataclass(frozen=True)
class Setting:
    """One network to train.

    Args:
        spec: its shape.
        tree: its hierarchy; a star for a flat network.
        config: how it is trained; its seed is set by the series.
        reference: the tree that hierarchical losses read; its own where none is given.
        teacher: what to distil from: the name of an earlier setting, whose run of the same seed is
            meant, or a network as `get_net` takes it, such as ``icons/flat``.
        start: the network to start from, given in the same way as the teacher.
    """

    spec: NetSpec
    tree: Hierarchy
    config: TrainConfig = field(default_factory=TrainConfig)
    reference: Hierarchy | None = None
    teacher: str | None = None
    start: str | None = None


def run_series(
    folder: Path | str,
    settings: Mapping[str, Setting],
    data: Pictures,
    seeds: tuple[int, ...] = (0,),
    progress: bool = True,
) -> dict[tuple[str, int], Run]:
    """Train every setting with every seed; what is finished is kept, what was stopped continues.

    Several processes may share a series, one thread each: the fastest way on a few cores.

    Args:
        folder: holds one run directory ``<setting>-<seed>`` each.
        settings: by name, teachers before their students.
        data: the pictures.
        seeds: of initialisation, order and augmentation.
        progress: whether to show a bar for each training.

    Raises:
        TrainingError: a teacher is neither an earlier setting nor a network, or a training fails.
    """
    folder = Path(folder)
    given = networks_given(settings)
    cells: dict[str, dict[str, io.Json]] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for name, setting in settings.items():
        for seed in seeds:
            cell, built_on = f"{name}-{seed}", [n for n in (setting.teacher, setting.start) if n]
            needs[cell] = tuple(f"{n}-{seed}" for n in built_on if n not in given)
            cells[cell] = {
                **describe_setting(setting),
                "seed": seed,
                "data": data.digest,
                "builds_on": [
                    weights_digest(given[n]) if n in given else cells[f"{n}-{seed}"]
                    for n in built_on
                ],
            }
    of_cell = {f"{name}-{seed}": (name, seed) for name in settings for seed in seeds}

    def work(cell: str, _: Mapping[str, io.Json], where: Path) -> dict[str, io.Json]:
        name, seed = of_cell[cell]
        setting = settings[name]

        def network(built_on: str | None) -> HierarchicalNet | None:
            if built_on is None:
                return None
            return given.get(built_on) or Run(folder / f"{built_on}-{seed}").net()

        run = train_run(
            where,
            setting.spec,
            setting.tree,
            data,
            setting.config.with_seed(seed),
            progress=progress,
            reference=setting.reference,
            teacher=network(setting.teacher),
            start=network(setting.start),
        )
        return {key: run.manifest[key] for key in ("seconds", "time", "machine", "threads")}

    run_cells(folder, cells, work, needs, holds=is_finished)
    return {key: Run(folder / cell) for cell, key in of_cell.items()}


def networks_given(settings: Mapping[str, Setting]) -> dict[str, HierarchicalNet]:
    """Return the networks that settings build on and that are no earlier settings themselves.

    Raises:
        TrainingError: one is neither an earlier setting nor a network.
    """
    given: dict[str, HierarchicalNet] = {}
    earlier: set[str] = set()
    for name, setting in settings.items():
        for built_on in (setting.teacher, setting.start):
            if built_on is None or built_on in earlier or built_on in given:
                continue
            try:
                given[built_on] = get_net(built_on)
            except FileFormatError as error:
                raise TrainingError(
                    f"The setting {name!r} builds on {built_on!r}, which is no earlier setting and "
                    f"no network ({error})"
                ) from error
        earlier.add(name)
    return given


def describe_setting(setting: Setting) -> dict[str, io.Json]:
    """Return what identifies a setting, as plain JSON values."""
    return {
        "spec": setting.spec.to_dict(),
        "tree": setting.tree.digest,
        "config": setting.config.to_dict(),
        "reference": setting.reference.digest if setting.reference else None,
        "teacher": setting.teacher,
        "start": setting.start,
    }


def score_series(
    runs: Mapping[tuple[str, int], Run],
    tasks: TaskList,
    split: str = "val",
    kinds: tuple[tuple[str, int], ...] = (("coherent", 5), ("random", 5)),
) -> pd.DataFrame:
    """Return one row a run: its accuracy, cost and training time, and those of its experts.

    Columns: ``setting seed accuracy macs params train_minutes`` and, for every kind and size of
    task, ``<kind><size>_accuracy``, ``_macs``, ``_params``, means over the tasks; where they were
    drawn from several references also ``<kind><size>_<reference>_accuracy`` and so on.

    Args:
        runs: what `run_series` returned.
        tasks: over the same classes.
        split: ``val`` for every choice; ``test`` once, for the final table.
        kinds: kinds and sizes of tasks to give columns to.
    """
    import pandas as pd

    rows = []
    for (name, seed), run in runs.items():
        predictions = run.predictions(split)
        table = points(run.spec, run.hierarchy, predictions, tasks)
        row: dict[str, object] = {
            "setting": name,
            "seed": seed,
            "accuracy": predictions.accuracy(),
            "macs": run.manifest["macs"],
            "params": run.manifest["params"],
            "train_minutes": run.manifest["seconds"] / 60,
        }
        for kind, size in kinds:
            chosen = table[(table["kind"] == kind) & (table["size"] == size)]
            references = sorted(set(chosen["reference"]))
            parts = {f"_{name}": chosen[chosen["reference"] == name] for name in references}
            for end, part in {"": chosen, **(parts if len(parts) > 1 else {})}.items():
                for column in ("accuracy", "macs", "params"):
                    row[f"{kind}{size}{end}_{column}"] = part[column].mean()
        rows.append(row)
    return pd.DataFrame(rows)


def with_starts(scores: pd.DataFrame, settings: Mapping[str, Setting]) -> pd.DataFrame:
    """Return scores whose training minutes count those of the runs that a run started from.

    Not counted are the minutes of a teacher, which its students share, and of a network given.

    Args:
        scores: from `score_series`, with a row for everything that was started from.
        settings: by name.
    """
    minutes = scores.set_index(["setting", "seed"])["train_minutes"]

    def in_all(name: str, seed: int) -> float:
        start = settings[name].start
        before = in_all(start, seed) if start and start in settings else 0.0
        return float(minutes[name, seed]) + before

    totals = [in_all(*key) for key in zip(scores["setting"], scores["seed"], strict=True)]
    return scores.assign(train_minutes=totals)


def mean_over_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row a setting: means over its seeds, and the accuracies' standard deviations."""
    grouped = scores.drop(columns="seed").groupby("setting", sort=False)
    means = grouped.mean()
    spread = grouped.std(ddof=1)[[c for c in means.columns if c.endswith("accuracy")]]
    means.insert(0, "seeds", grouped.size())
    return means.join(spread.add_suffix("_sd")).reset_index()
