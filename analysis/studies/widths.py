"""Classes and width as two axes: what experts cut from one network in both ways score and cost.

    make widths                  (one seed, a third of the epochs; an hour on one core)
    make widths STAGE=quick      (five epochs; ten minutes)
    make widths STAGE=full       (three seeds, all epochs; seven hours)

On validation. ``widths`` is the recommended tree network trained at four widths at once; ``alone``
are networks of exactly those widths, each trained by itself for as many steps. Accuracies are read
from stored predictions, costs are closed forms, bytes those of a LiteRT model. Writes
``results/widths-<stage>.csv`` and ``.json``. Stopped, it continues; with ``--only`` it tells of
what was asked for.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd
from recipes import (
    REFERENCE,
    Runs,
    arguments_of,
    icon_tasks,
    icons,
    record,
    trained,
    tree,
    tree_setting,
)

from taxonomy.design import NetSpec
from taxonomy.evaluation.experts import points
from taxonomy.export.sizes import model_bytes
from taxonomy.studies.settings import Setting
from taxonomy.tasks import Task, TaskList
from taxonomy.tasks.drawing import sample_mixed, sample_random
from taxonomy.training import Run
from taxonomy.trees.hierarchy import Hierarchy

STAGES = {"quick": 16, "trial": 3, "full": 1}
"""By what the epochs are divided."""

WIDTHS = (1.0, 0.75, 0.5, 0.25)
SIZED = 40
"""Tasks of a row of which a model's bytes are computed."""


def settings(stage: str) -> dict[str, Setting]:
    """Return the network of all widths, and beside it one of each width, trained alike."""
    recipe = tree_setting()
    # Compiling makes narrow networks slower.
    config = replace(recipe.config, epochs=recipe.config.epochs // STAGES[stage], compile=False)
    made = {"widths": replace(recipe, config=replace(config, widths=WIDTHS))}
    for width in WIDTHS:
        made[f"alone {width:g}x"] = replace(recipe, spec=recipe.spec.narrowed(width), config=config)
    return made


def tasks() -> TaskList:
    """Return the shipped tasks of 2 to 20 classes, others of 50, and the one of all classes."""
    classes, own = icons().classes, icon_tasks()
    shipped = [task for task in own if task.kind in ("coherent", "random")]
    fifty = sample_mixed(tree(REFERENCE), REFERENCE, 50, 100, seed=0)
    fifty += sample_random(classes, 50, 100, seed=0)
    return TaskList((*shipped, *fifty, Task("all", classes, kind="all")), own.ids)


def mean_bytes(spec: NetSpec, hierarchy: Hierarchy, chosen: list[Task]) -> dict[str, float]:
    """Return the mean bytes of the models of a few of some tasks, in floats and in int8."""
    few = [hierarchy.restrict(task.classes) for task in chosen[:SIZED]]
    return {
        f"bytes_{name}": float(
            np.mean([model_bytes(spec, t, "tflite", precision=name) for t in few])
        )
        for name in ("float", "int8")
    }


def rows_of(name: str, seed: int, run: Run, width: float, all_tasks: TaskList) -> pd.DataFrame:
    """Return one row a kind and size of task: accuracy and cost of its experts at a width."""
    spec = run.spec.narrowed(width)
    scores = points(spec, run.hierarchy, run.predictions("val", width), all_tasks)
    rows = []
    for (kind, size), part in scores.groupby(["kind", "size"], sort=False):
        chosen = [task for task in all_tasks if (task.kind, task.size) == (kind, size)]
        rows.append(
            {
                "setting": name,
                "seed": seed,
                "width": float(name.split()[1][:-1]) if width == 1 and " " in name else width,
                "classes": size,
                "kind": kind,
                **part[["accuracy", "macs", "params"]].mean(),
                **mean_bytes(spec, run.hierarchy, chosen),
            }
        )
    return pd.DataFrame(rows)


def table(runs: Runs) -> pd.DataFrame:
    """Return the rows of all runs, at every width that they were trained at."""
    every = tasks()
    parts = [
        rows_of(name, seed, run, width, every)
        for (name, seed), run in runs.items()
        for width in (WIDTHS if name == "widths" else (1.0,))
    ]
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Train what is missing, then write the table."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--stage", choices=STAGES, default="trial", help="[trial]")
    stage = own.parse_known_args()[0].stage
    seeds = "0,1,2" if stage == "full" else "0"
    arguments = arguments_of(__doc__, f"widths-{stage}", seeds, own)
    every = settings(stage)
    scores = table(trained(arguments, every))
    keys = ["setting", "width", "classes", "kind"]
    means = scores.drop(columns="seed").groupby(keys, sort=False).mean().reset_index()
    print(means.round(4).to_string(index=False))
    record(f"widths-{stage}", every, {"": means, "-seeds": scores})


if __name__ == "__main__":
    main()
