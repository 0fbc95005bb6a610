"""Commands on what trained networks score: ``evaluate`` and ``curve``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core import io
from taxonomy._core.errors import TaxonomyError
from taxonomy._core.registry import require
from taxonomy.cli._command import Command, class_names
from taxonomy.cli._data import TASKS_HELP, add_data_flags, load_tasks, only, read_data
from taxonomy.trees.hierarchy import Hierarchy, load_tree

if TYPE_CHECKING:
    from taxonomy.design.spec import NetSpec
    from taxonomy.predictions import Predictions


@dataclass(frozen=True)
class Scored:
    """What is scored of a network.

    Args:
        spec: its shape.
        hierarchy: its tree.
        predictions: on one split.
    """

    spec: NetSpec
    hierarchy: Hierarchy
    predictions: Predictions


NETWORK_HELP = "a run's folder, a network's file, or a shipped network: icons/tree, icons/flat"


def _evaluate_flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("network", help=NETWORK_HELP)
    parser.add_argument(
        "--split",
        choices=("val", "test"),
        default="val",
        help="[val]; test once, when all is chosen",
    )
    parser.add_argument("--classes", help="only these classes, separated by commas")
    parser.add_argument("--hierarchy", help="the tree that weighs mistakes [the network's own]")
    parser.add_argument("--bins", type=int, default=15, help="of the calibration error [15]")
    parser.add_argument("--tasks", type=Path, help=TASKS_HELP)
    parser.add_argument("--out", type=Path, help="write all tables as CSV files into this folder")
    add_data_flags(parser, argv, matching=False)


def _evaluate(arguments: argparse.Namespace) -> None:
    from taxonomy.evaluation import evaluate

    net = _scored(arguments, arguments.network)
    predictions = net.predictions
    if arguments.classes is not None:
        predictions = predictions.restrict(class_names(arguments.classes))
    tree = load_tree(arguments.hierarchy) if arguments.hierarchy else net.hierarchy
    result = evaluate(predictions, tree, arguments.bins)
    print(f"{arguments.split} split\n{result.to_text()}")
    if len(tree.nodes) == 1:
        print("the tree is a star, by which all mistakes are alike; give another with --hierarchy")
    files = result.save(arguments.out) if arguments.out else ()
    if arguments.classes is None:
        files += _evaluate_tasks(arguments, net)
    if files:
        print(f"tables written to {arguments.out}: {', '.join(file.name for file in files)}")


def _evaluate_tasks(arguments: argparse.Namespace, net: Scored) -> tuple[Path, ...]:
    """Print the means over tasks of accuracy, calibration and cost; return the file written."""
    from taxonomy.evaluation import task_calibration
    from taxonomy.evaluation.points import mean_points, points

    tasks = load_tasks(arguments.tasks)
    if tasks.ids != net.predictions.ids:
        print("no task table: the tasks are over other classes (give a list with --tasks)")
        return ()
    rows = points(net.spec, net.hierarchy, net.predictions, tasks)
    rows["calibration_error"] = task_calibration(net.predictions, tasks, arguments.bins)
    keys = ["kind", "reference", "size"]
    by_kind = rows.assign(size=rows["size"].where(rows["kind"] != "named", 0)).groupby(keys)
    table = mean_points({arguments.network: rows}).drop(columns="network")
    table = table.join(by_kind["calibration_error"].mean(), on=keys)
    print(f"experts by kind of task:\n{table.round(4).to_string(index=False)}")
    if not arguments.out:
        return ()
    io.write_text(arguments.out / "tasks.csv", rows.to_csv(index=False))
    return (arguments.out / "tasks.csv",)


def _curve_flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("networks", nargs="+", help=f"each {NETWORK_HELP}; flat ones form the line")
    parser.add_argument("--split", choices=("val", "test"), default="val", help="[val]")
    parser.add_argument("--tasks", type=Path, help=TASKS_HELP)
    parser.add_argument("--size", type=int, default=5, help="classes a task [5]")
    parser.add_argument("--out", type=Path, default=Path("curve.png"), help="[curve.png]")
    add_data_flags(parser, argv, matching=False)


def _curve(arguments: argparse.Namespace) -> None:
    from taxonomy.evaluation.points import mean_points, points
    from taxonomy.plots import cost_accuracy_figure, save_figure

    tasks = load_tasks(arguments.tasks)
    nets = {Path(name).name: _scored(arguments, name) for name in arguments.networks}
    if len(nets) < len(arguments.networks):
        raise TaxonomyError("Two networks have one name; rename one.")
    flat = [name for name, net in nets.items() if len(net.hierarchy.nodes) == 1]
    means = mean_points(
        {n: points(net.spec, net.hierarchy, net.predictions, tasks) for n, net in nets.items()}
    )
    if not (means["size"] == arguments.size).any():
        raise TaxonomyError(
            f"The tasks have no size {arguments.size}; choose from "
            f"{', '.join(map(str, sorted(set(means['size']) - {0})))}."
        )
    note = f"{arguments.split} split; bars: standard error over tasks"
    save_figure(arguments.out, cost_accuracy_figure(means, flat, arguments.size, note))
    table = arguments.out.with_suffix(".csv")
    io.write_text(table, means.to_csv(index=False))
    print(means[means["size"] == arguments.size].round(4).to_string(index=False))
    print(f"figure written to {arguments.out}, table to {table}")


def _scored(arguments: argparse.Namespace, name: str) -> Scored:
    """Return a run with its stored predictions, or a network with those on the data."""
    require("torch")
    from taxonomy.nets import load_net
    from taxonomy.training import Run, predict

    if Path(name).is_dir():
        run = Run(Path(name))
        return Scored(run.spec, run.hierarchy, run.predictions(arguments.split))
    net = load_net(name)
    part = only(read_data(arguments, net.spec.resolution), net.classes).part(arguments.split)
    return Scored(net.spec, net.hierarchy, predict(net, part))


COMMANDS = (
    Command(
        "evaluate",
        "Print a network's scores: accuracy, severity of mistakes, calibration, by level and task.",
        (
            "taxonomy evaluate runs/wordnet",
            "taxonomy evaluate icons/tree --classes cat,dog",
            "taxonomy evaluate expert.safetensors --data pictures/",
            "taxonomy evaluate runs/flat --hierarchy icons/hypernyms --out runs/flat/scores",
        ),
        _evaluate_flags,
        _evaluate,
    ),
    Command(
        "curve",
        "Draw experts' accuracy over their cost, beside masked flat networks.",
        ("taxonomy curve runs/wordnet runs/flat icons/tree icons/flat --out curve.png",),
        _curve_flags,
        _curve,
    ),
)
