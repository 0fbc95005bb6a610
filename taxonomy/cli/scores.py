"""Commands on what trained networks score: ``evaluate`` and ``curve``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy import _io
from taxonomy._registry import require
from taxonomy.cli._command import Command, class_names
from taxonomy.cli._data import TASKS_HELP, load_tasks
from taxonomy.errors import TaxonomyError
from taxonomy.hierarchy import load_tree
from taxonomy.tasks import TaskList

if TYPE_CHECKING:
    from taxonomy.predictions import Predictions
    from taxonomy.training import Run


def _evaluate_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="a run's folder")
    parser.add_argument("--split", choices=("val", "test"), default="test", help="[test]")
    parser.add_argument("--classes", help="only these classes, separated by commas")
    parser.add_argument("--hierarchy", help="the tree that weighs mistakes [the run's own]")
    parser.add_argument("--bins", type=int, default=15, help="of the calibration error [15]")
    parser.add_argument("--tasks", type=Path, help=TASKS_HELP)
    parser.add_argument("--out", type=Path, help="write all tables as CSV files into this folder")


def _evaluate(arguments: argparse.Namespace) -> None:
    from taxonomy.evaluation import evaluate

    run = _open_run(arguments.run_folder)
    predictions = run.predictions(arguments.split)
    if arguments.classes is not None:
        predictions = predictions.restrict(class_names(arguments.classes))
    tree = load_tree(arguments.hierarchy) if arguments.hierarchy else run.hierarchy
    result = evaluate(predictions, tree, arguments.bins)
    print(f"{arguments.split} split\n{result.to_text()}")
    if len(tree.nodes) == 1:
        print("the tree is a star, by which all mistakes are alike; give another with --hierarchy")
    files = result.save(arguments.out) if arguments.out else ()
    if arguments.classes is None:
        files += _evaluate_tasks(arguments, run, predictions)
    if files:
        print(f"tables written to {arguments.out}: {', '.join(file.name for file in files)}")


def _evaluate_tasks(
    arguments: argparse.Namespace, run: Run, predictions: Predictions
) -> tuple[Path, ...]:
    """Print the means over tasks of accuracy, calibration and cost; return the file written."""
    from taxonomy.evaluation import task_calibration
    from taxonomy.study.curve import mean_points, points

    tasks = load_tasks(arguments.tasks)
    if tasks.ids != predictions.ids:
        print("no task table: the tasks are over other classes (give a list with --tasks)")
        return ()
    rows = points(run.spec, run.hierarchy, predictions, tasks)
    rows["calibration_error"] = task_calibration(predictions, tasks, arguments.bins)
    keys = ["kind", "reference", "size"]
    by_kind = rows.assign(size=rows["size"].where(rows["kind"] != "named", 0)).groupby(keys)
    table = mean_points({str(arguments.run_folder): rows}).drop(columns="network")
    table = table.join(by_kind["calibration_error"].mean(), on=keys)
    print(f"experts by kind of task:\n{table.round(4).to_string(index=False)}")
    if not arguments.out:
        return ()
    _io.write_text(arguments.out / "tasks.csv", rows.to_csv(index=False))
    return (arguments.out / "tasks.csv",)


def _curve_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument("runs", nargs="+", type=Path, help="run folders; flat ones form the line")
    parser.add_argument("--split", choices=("val", "test"), default="val", help="[val]")
    parser.add_argument("--tasks", type=Path, help=TASKS_HELP)
    parser.add_argument("--size", type=int, default=5, help="classes a task [5]")
    parser.add_argument("--out", type=Path, default=Path("curve.png"), help="[curve.png]")


def _curve(arguments: argparse.Namespace) -> None:
    from taxonomy.plots import cost_accuracy_figure, save_figure
    from taxonomy.study.curve import mean_points

    tasks = load_tasks(arguments.tasks)
    runs = {path.name: _open_run(path) for path in arguments.runs}
    if len(runs) < len(arguments.runs):
        raise TaxonomyError("Two run folders have one name; rename one.")
    flat = [name for name, run in runs.items() if len(run.hierarchy.nodes) == 1]
    means = mean_points({n: _points(run, arguments.split, tasks) for n, run in runs.items()})
    if not (means["size"] == arguments.size).any():
        raise TaxonomyError(
            f"The tasks have no size {arguments.size}; choose from "
            f"{', '.join(map(str, sorted(set(means['size']) - {0})))}."
        )
    note = f"{arguments.split} split; bars: standard error over tasks"
    save_figure(arguments.out, cost_accuracy_figure(means, flat, arguments.size, note))
    table = arguments.out.with_suffix(".csv")
    _io.write_text(table, means.to_csv(index=False))
    print(means[means["size"] == arguments.size].round(4).to_string(index=False))
    print(f"figure written to {arguments.out}, table to {table}")


def _open_run(path: Path) -> Run:
    require("torch")
    from taxonomy.training import Run

    return Run(path)


def _points(run: Run, split: str, tasks: TaskList) -> object:
    from taxonomy.study.curve import points

    return points(run.spec, run.hierarchy, run.predictions(split), tasks)


COMMANDS = (
    Command(
        "evaluate",
        "Print a run's scores: accuracy, severity of mistakes, calibration, by level and by task.",
        (
            "taxonomy evaluate runs/wordnet",
            "taxonomy evaluate runs/wordnet --classes cat,dog",
            "taxonomy evaluate runs/flat --hierarchy icons/hypernyms --out runs/flat/scores",
        ),
        _evaluate_flags,
        _evaluate,
    ),
    Command(
        "curve",
        "Draw experts' accuracy over their cost, beside masked flat networks.",
        ("taxonomy curve runs/wordnet runs/flat runs/flat-half --out curve.png",),
        _curve_flags,
        _curve,
    ),
)
