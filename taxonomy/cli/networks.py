"""Commands on networks: ``design``, ``train``, ``evaluate``, ``extract``, ``curve``, ``demo``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy import _io, _shipped
from taxonomy._registry import require
from taxonomy.cli._command import Command, class_names
from taxonomy.cli._data import add_data_flags, given_options, match_data, read_data, read_run_data
from taxonomy.cli._flags import add_flags, from_flags
from taxonomy.errors import TaxonomyError
from taxonomy.hierarchy import Hierarchy, load_tree
from taxonomy.spec import NetSpec, branching
from taxonomy.tasks import TaskList

if TYPE_CHECKING:
    from taxonomy.nets import HierarchicalNet
    from taxonomy.predictions import Predictions
    from taxonomy.training import Run

TASKS_HELP = "a task list [the shipped one of the icons]"


def _load_tasks(path: Path | None) -> TaskList:
    return TaskList.load(path or _shipped.path("icons/tasks.json"))


def _train_flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("--hierarchy", default="icons/wordnet", help="[icons/wordnet]")
    parser.add_argument("--flat", action="store_true", help="train a flat network, without a tree")
    parser.add_argument(
        "--path", action="store_true", help="train the flat network that one path of the tree is"
    )
    parser.add_argument("--spec", type=Path, help="a network specification as JSON")
    parser.add_argument("--width", type=float, default=1.0, help="multiply all widths [1.0]")
    parser.add_argument(
        "--backbone", metavar="MODEL:STAGE", help="put a timm model, cut after a stage, in front"
    )
    parser.add_argument("--reference", help="tree that hierarchical losses read [the network's]")
    parser.add_argument("--teacher", type=Path, metavar="RUN", help="finished run to distil from")
    parser.add_argument(
        "--init-from", metavar="RUN", help="network to start from, or timm for its own weights"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda [cpu]")
    parser.add_argument("--tensorboard", action="store_true", help="write its events as well")
    parser.add_argument("--out", type=Path, default=Path("runs/train"), help="[runs/train]")
    parser.add_argument(
        "--resume", action="store_true", help="continue the run in --out with its own settings"
    )
    if list(argv[:1]) == ["train"]:
        require("torch")
        from taxonomy.training import Augment, Objective, TrainConfig

        add_flags(parser, TrainConfig, "training")
        add_flags(parser, Augment, "augmentation: how training pictures are varied")
        add_flags(parser, Objective, "objective: weights of the losses, and their settings")
        add_data_flags(parser, argv)


def _train(arguments: argparse.Namespace) -> None:
    from taxonomy.training.distribution import is_first, processes

    with processes(arguments.device):
        run = _resumed(arguments.out) if arguments.resume else _trained(arguments)
        if not is_first():
            return
    facts = run.manifest
    print(
        f"{facts['macs'] / 1e6:.1f} million MACs, {facts['params'] / 1e6:.2f} million parameters; "
        f"accuracy {facts['val_accuracy']:.1%} on validation, {facts['test_accuracy']:.1%} on test"
    )
    print(f"run written to {arguments.out}; next: taxonomy extract {arguments.out} --classes …")


def _trained(arguments: argparse.Namespace) -> Run:
    """Train with the settings given as flags."""
    from taxonomy.training import Augment, Objective, Run, TrainConfig, train_run

    if arguments.spec:
        spec = NetSpec.load(arguments.spec)
    else:
        spec = (NetSpec.flat() if arguments.flat else branching()).scaled(arguments.width)
    if arguments.backbone:
        spec = _with_backbone(spec, arguments.backbone)
    data = read_data(arguments, spec.resolution)
    flat = arguments.flat or arguments.path
    tree = Hierarchy.star(data.classes) if flat else load_tree(arguments.hierarchy)
    if arguments.path:
        spec = spec.path()
    data, tree = match_data(arguments, data, tree)
    arguments.data_options = given_options(arguments)
    config = replace(
        from_flags(TrainConfig, arguments),
        augment=from_flags(Augment, arguments),
        objective=from_flags(Objective, arguments),
    )
    return train_run(
        arguments.out,
        spec,
        tree,
        data,
        config,
        arguments.device,
        reference=load_tree(arguments.reference) if arguments.reference else None,
        teacher=Run(arguments.teacher) if arguments.teacher else None,
        start=_start(arguments.init_from, spec, tree),
        inputs={
            name: str(value)
            for name in ("data", "data_options", "teacher", "init_from")
            if (value := getattr(arguments, name))
        },
        tensorboard=arguments.tensorboard,
    )


def _with_backbone(spec: NetSpec, text: str) -> NetSpec:
    from taxonomy.nets.backbone import timm_backbone

    name, _, stage = text.partition(":")
    if not stage.isdecimal():
        raise TaxonomyError(f"The backbone {text!r} names no stage; write it as resnet18:1.")
    return replace(spec, backbone=timm_backbone(name, int(stage), spec.resolution))


def _start(source: str | None, spec: NetSpec, tree: Hierarchy) -> HierarchicalNet | None:
    """Return the network to start from: a run's, or a new one with timm's weights."""
    from taxonomy.nets import build, load_net
    from taxonomy.nets.backbone import load_pretrained

    if source is None:
        return None
    if source != "timm":
        return load_net(source)
    net = build(spec, tree, seed=0)
    load_pretrained(net)
    return net


def _resumed(folder: Path) -> Run:
    """Continue a run with the settings in its folder."""
    from taxonomy.training import Run, TrainConfig, train_run

    settings = _io.read_json(folder / "config.json")
    spec, inputs = NetSpec.load(folder / "spec.json"), settings["inputs"]
    tree = Hierarchy.load(folder / "hierarchy.json")
    data, tree = read_run_data(folder, tree, spec.resolution)
    reference = folder / "reference.json"
    return train_run(
        folder,
        spec,
        tree,
        data,
        TrainConfig.from_dict(settings["config"]),
        settings["device"],
        reference=Hierarchy.load(reference) if reference.exists() else None,
        teacher=Run(Path(inputs["teacher"])) if "teacher" in inputs else None,
        start=_start(inputs.get("init_from"), spec, tree),
        inputs=inputs,
    )


def _design_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    from taxonomy.design import DesignConfig

    parser.add_argument("hierarchy", nargs="?", default="icons/wordnet", help="[icons/wordnet]")
    parser.add_argument("--tasks", type=Path, help=TASKS_HELP)
    parser.add_argument("--kind", help="only tasks of this kind, such as coherent")
    parser.add_argument("--size", type=int, help="only tasks of so many classes")
    parser.add_argument("--out", type=Path, help="write the best design as a specification")
    add_flags(parser, DesignConfig, "budgets and what is searched")


def _design(arguments: argparse.Namespace) -> None:
    from time import perf_counter

    from taxonomy.design import DesignConfig, design

    tasks = _load_tasks(arguments.tasks).select(arguments.kind, arguments.size)
    if not len(tasks):
        raise TaxonomyError("No task is of that kind and size; leave out --kind or --size.")
    started = perf_counter()
    found = design(load_tree(arguments.hierarchy), tasks, from_flags(DesignConfig, arguments))
    rate = found.searched / (perf_counter() - started)
    print(
        f"{found.searched} designs costed ({rate:,.0f} a second), {found.fitting} within the "
        f"budgets; experts: mean over {len(tasks)} tasks"
    )
    table = found.table.assign(score=found.table["score"] / found.table["score"].max())
    for name in ("macs", "expert_macs", "path_macs"):
        table[name] = (table[name] / 1e6).map("{:.1f}M".format)
    for name in ("params", "expert_params"):
        table[name] = (table[name] / 1e3).map("{:.0f}k".format)
    print(table.round(3).to_string(index=False))
    if arguments.out:
        found.specs[0].save(arguments.out)
        print(f"the first one written to {arguments.out}; next: taxonomy train --spec …")


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

    tasks = _load_tasks(arguments.tasks)
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


def _extract_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument("net", metavar="RUN", type=Path, help="a run's folder or a network's file")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--classes", help="label ids, separated by commas")
    chosen.add_argument("--task", help="the id of a task in the list")
    parser.add_argument("--tasks", type=Path, help=TASKS_HELP)
    parser.add_argument(
        "--out", type=Path, default=Path("expert.safetensors"), help="[expert.safetensors]"
    )


def _extract(arguments: argparse.Namespace) -> None:
    from taxonomy._registry import lookup
    from taxonomy.cost import cost
    from taxonomy.experts import extract
    from taxonomy.nets import load_net, save_net

    net = load_net(arguments.net)
    if arguments.task:
        tasks = {task.id: task.classes for task in _load_tasks(arguments.tasks)}
        classes = lookup("task", tasks, arguments.task)
    else:
        classes = tuple(class_names(arguments.classes))
    expert = extract(net, classes)
    save_net(arguments.out, expert)
    whole, part = (cost(n.spec, n.hierarchy) for n in (net, expert))
    print(f"expert for {len(classes)} of {len(net.classes)} classes: {', '.join(expert.classes)}")
    print(
        f"{part.macs / 1e6:.2f} of {whole.macs / 1e6:.2f} million MACs, "
        f"{part.params / 1e3:.0f} of {whole.params / 1e3:.0f} thousand parameters"
    )
    print(f"expert written to {arguments.out} ({arguments.out.stat().st_size / 1e3:.0f} kB)")


def _curve_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument("runs", nargs="+", type=Path, help="run folders; flat ones form the line")
    parser.add_argument("--split", choices=("val", "test"), default="val", help="[val]")
    parser.add_argument("--tasks", type=Path, help=TASKS_HELP)
    parser.add_argument("--size", type=int, default=5, help="classes a task [5]")
    parser.add_argument("--out", type=Path, default=Path("curve.png"), help="[curve.png]")


def _curve(arguments: argparse.Namespace) -> None:
    from taxonomy.plots import cost_accuracy_figure, save_figure
    from taxonomy.study.curve import mean_points

    tasks = _load_tasks(arguments.tasks)
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


def _demo_flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("--out", type=Path, default=Path("runs/demo"), help="[runs/demo]")
    if list(argv[:1]) == ["demo"]:
        from taxonomy.study.demo import DemoConfig

        add_flags(parser, DemoConfig, "size of the demonstration")


def _demo(arguments: argparse.Namespace) -> None:
    from taxonomy.study.demo import DemoConfig, demo

    print(demo(arguments.out, from_flags(DemoConfig, arguments)))
    print(f"report, figure, tables, trees and experts written to {arguments.out}")


def _open_run(path: Path) -> Run:
    require("torch")
    from taxonomy.training import Run

    return Run(path)


def _points(run: Run, split: str, tasks: TaskList) -> object:
    from taxonomy.study.curve import points

    return points(run.spec, run.hierarchy, run.predictions(split), tasks)


COMMANDS = (
    Command(
        "train",
        "Train a network shaped by a hierarchy; a stopped run continues.",
        (
            "taxonomy train --hierarchy icons/wordnet --out runs/wordnet",
            "taxonomy train --flat --width 0.5 --epochs 4 --out runs/flat-half",
            "taxonomy train --data pictures/ --hierarchy tree.json --out runs/mine",
            "taxonomy train --teacher runs/flat --distill 2 --clade 0.5 --average 0.998",
            "taxonomy train --path --out runs/path   (then --init-from runs/path for the tree)",
            "taxonomy train --resume --out runs/mine",
            "torchrun --nproc-per-node 2 -m taxonomy train --out runs/two",
        ),
        _train_flags,
        _train,
    ),
    Command(
        "design",
        "Propose trunk, split, widths and depths within a budget, without building a network.",
        (
            "taxonomy design icons/wordnet --macs 76700000 --expert-macs 13600000",
            "taxonomy design --kind coherent --size 5 --branch-family convnext --out spec.json",
        ),
        _design_flags,
        _design,
    ),
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
        "extract",
        "Cut the expert of a few classes out of a trained network, with no retraining.",
        (
            "taxonomy extract runs/wordnet --classes cat,dog,horse --out pets.safetensors",
            "taxonomy extract runs/wordnet --task kitchen",
        ),
        _extract_flags,
        _extract,
    ),
    Command(
        "curve",
        "Draw experts' accuracy over their cost, beside masked flat networks.",
        ("taxonomy curve runs/wordnet runs/flat runs/flat-half --out curve.png",),
        _curve_flags,
        _curve,
    ),
    Command(
        "demo",
        "The whole path on the shipped icons, without key or GPU; a stopped one continues.",
        ("taxonomy demo", "taxonomy demo --epochs 3 --out /tmp/demo"),
        _demo_flags,
        _demo,
    ),
)
