"""Commands on networks themselves: ``design``, ``extract``, ``demo``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from taxonomy._core.errors import TaxonomyError
from taxonomy.cli._command import Command, class_names
from taxonomy.cli._data import TASKS_HELP, check_tasks, load_tasks
from taxonomy.cli._flags import add_flags, from_flags
from taxonomy.trees.hierarchy import load_tree


def _design_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    from taxonomy.design.search import DesignConfig

    parser.add_argument("hierarchy", nargs="?", default="icons/wordnet", help="[icons/wordnet]")
    parser.add_argument("--tasks", type=Path, help=TASKS_HELP)
    parser.add_argument("--kind", help="only tasks of this kind, such as coherent")
    parser.add_argument("--size", type=int, help="only tasks of so many classes")
    parser.add_argument("--out", type=Path, help="write the best design as a specification")
    add_flags(parser, DesignConfig, "budgets and what is searched")


def _design(arguments: argparse.Namespace) -> None:
    from time import perf_counter

    from taxonomy.design.search import DesignConfig, design

    tree = load_tree(arguments.hierarchy)
    tasks = load_tasks(arguments.tasks)
    check_tasks(arguments.tasks, tasks.ids, tree.leaves)
    tasks = tasks.select(arguments.kind, arguments.size)
    if not len(tasks):
        raise TaxonomyError("No task is of that kind and size; leave out --kind or --size.")
    started = perf_counter()
    found = design(tree, tasks, from_flags(DesignConfig, arguments))
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


def _extract_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument(
        "net", help="a run's folder, a network's file, or a shipped one: icons/tree, icons/flat"
    )
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--classes", help="label ids, separated by commas")
    chosen.add_argument("--task", help="the id of a task in the list")
    parser.add_argument("--tasks", type=Path, help=TASKS_HELP)
    parser.add_argument(
        "--out", type=Path, default=Path("expert.safetensors"), help="[expert.safetensors]"
    )


def _extract(arguments: argparse.Namespace) -> None:
    from taxonomy._core.registry import lookup
    from taxonomy.design.cost import cost
    from taxonomy.nets import load_net, save_net
    from taxonomy.nets.experts import extract

    net = load_net(arguments.net)
    if arguments.task:
        tasks = {task.id: task.classes for task in load_tasks(arguments.tasks)}
        classes = lookup("task", tasks, arguments.task)
        check_tasks(arguments.tasks, classes, net.classes)
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
    size = arguments.out.stat().st_size / 1e3
    print(f"expert written to {arguments.out} ({size:.0f} kB)")
    print(f"next: taxonomy evaluate {arguments.out}")


def _demo_flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("--out", type=Path, default=Path("runs/demo"), help="[runs/demo]")
    if list(argv[:1]) == ["demo"]:
        from taxonomy.study.demo import DemoConfig

        add_flags(parser, DemoConfig, "size of the demonstration")


def _demo(arguments: argparse.Namespace) -> None:
    from taxonomy.study.demo import DemoConfig, demo

    print(demo(arguments.out, from_flags(DemoConfig, arguments)))
    print(f"report, figure, tables, trees and experts written to {arguments.out}")


COMMANDS = (
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
        "extract",
        "Cut the expert of a few classes out of a trained network, with no retraining.",
        (
            "taxonomy extract runs/wordnet --classes cat,dog,horse --out pets.safetensors",
            "taxonomy extract icons/tree --task kitchen",
        ),
        _extract_flags,
        _extract,
    ),
    Command(
        "demo",
        "The whole path on the shipped icons, without key or GPU; a stopped one continues.",
        ("taxonomy demo", "taxonomy demo --epochs 3 --out /tmp/demo"),
        _demo_flags,
        _demo,
    ),
)
