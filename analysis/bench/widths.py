"""Time of experts by classes and width, cut from one network that was trained at several widths.

    make bench-widths                          (the run of `make widths`)
    make bench-widths NET=runs/mine            (another one)
    python analysis/bench/widths.py runs/mine icons/flat-0.25x    (others beside it)

For each kind and size of task of ``analysis/studies/widths.py`` (2 to 50 classes, and all) the
experts of a few tasks, at every width that a network was trained at: ONNX models in floats, lowered
by ``auto``, in onnxruntime, batch 1, one thread. All of them take turns in one process, so that a
disturbance hits all. A time is the median over turns; ``ms_over_first`` is the median of the ratios
within a turn to the same task's expert of the first network at full width. Both are means over the
tasks of a row. Writes ``bench-widths.csv`` and ``.json`` as results.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from lowering import RESULTS, in_turns, ratio, run_of

import taxonomy as tx
from taxonomy.export import ONNX
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import Task, TaskList
from taxonomy.training import trained_widths

STUDY = Path(__file__).parent.parent / "studies" / "widths.py"
KEYS = ["network", "width", "kind", "classes"]


@dataclass(frozen=True)
class Timed:
    """An expert that is timed.

    Args:
        network: that it is cut from, as it was named.
        width: share of the channels.
        task: whose classes it has.
        params: its parameters.
        macs: of a picture.
        bytes: of its model.
        run: runs it once.
    """

    network: str
    width: float
    task: Task
    params: int
    macs: int
    bytes: int
    run: Callable[[], object]

    @property
    def name(self) -> str:
        """By which the expert is told from all others."""
        return f"{self.network} {self.width} {self.task.id}"


def main() -> None:
    """Cut the experts, time them and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("networks", nargs="+", help="runs' folders, files or shipped networks")
    parser.add_argument("--each", type=int, default=4, help="tasks of a kind and size [4]")
    parser.add_argument("--turns", type=int, default=41, help="timings of an expert [41]")
    parser.add_argument("--out", type=Path, default=RESULTS / "bench-widths", help="[results]")
    arguments = parser.parse_args()
    networks = list(dict.fromkeys(arguments.networks))
    chosen = few(study_tasks(), arguments.each)
    experts = [one for name in networks for one in experts_of(name, chosen)]
    print(f"{len(experts)} experts of {len(chosen)} tasks, {arguments.turns} turns", flush=True)
    table = timed(experts, networks[0], arguments.turns)
    print(table.round(3).to_string(index=False))
    write_text(arguments.out.with_suffix(".csv"), table.round(4).to_csv(index=False))
    facts = {
        "command": shlex.join(["python", "analysis/bench/widths.py", *sys.argv[1:]]),
        "networks": networks,
        "turns": arguments.turns,
        "tasks": {name: list(ids) for name, ids in by_row(chosen).items()},
        "threads": 1,
        "load_average": os.getloadavg()[1],
        "versions": versions("torch", "onnx", "onnxruntime"),
        **stamp(),
    }
    write_json(arguments.out.with_suffix(".json"), facts)


def study_tasks() -> TaskList:
    """Return the tasks of the study of widths, which has this script's name."""
    sys.path.append(str(STUDY.parent))
    described = importlib.util.spec_from_file_location("study_of_widths", STUDY)
    if described is None or described.loader is None:
        raise SystemExit(f"{STUDY} cannot be read.")
    study = importlib.util.module_from_spec(described)
    described.loader.exec_module(study)
    tasks: TaskList = study.tasks()
    return tasks


def few(tasks: TaskList, each: int) -> list[Task]:
    """Return the first tasks of every kind and size."""
    taken: dict[tuple[str, int], list[Task]] = {}
    for task in tasks:
        row = taken.setdefault((task.kind, task.size), [])
        if len(row) < each:
            row.append(task)
    return [task for row in taken.values() for task in row]


def by_row(tasks: list[Task]) -> dict[str, list[str]]:
    """Return the ids of tasks by kind and size."""
    found: dict[str, list[str]] = {}
    for task in tasks:
        found.setdefault(f"{task.kind} {task.size}", []).append(task.id)
    return found


def experts_of(network: str, tasks: list[Task]) -> list[Timed]:
    """Return a network's experts for some tasks, at every width that it was trained at."""
    net, made = tx.get_net(network), []
    for width in trained_widths(network):
        for task in tasks:
            expert = tx.extract(net, task.classes, width=width)
            cost = tx.cost(expert.spec, expert.hierarchy)
            model = ONNX().model(expert)
            run = run_of(model, "onnxruntime", expert)
            made.append(Timed(network, width, task, cost.params, cost.macs, len(model), run))
    return made


def timed(experts: list[Timed], first: str, turns: int) -> pd.DataFrame:
    """Return one row a network, width, kind and size: means over its tasks.

    Args:
        experts: of some networks for the same tasks.
        first: the network whose experts at full width the times are compared with.
        turns: how often each is timed.
    """
    times = in_turns({one.name: one.run for one in experts}, turns)
    whole = {
        one.task.id: times[one.name] for one in experts if (one.network, one.width) == (first, 1)
    }
    rows = [
        {
            "network": one.network,
            "width": one.width,
            "kind": one.task.kind,
            "classes": one.task.size,
            "tasks": 1,
            "params": one.params,
            "macs": one.macs,
            "bytes": one.bytes,
            "ms": 1e3 * float(pd.Series(times[one.name]).median()),
            "ms_over_first": ratio(times[one.name], whole[one.task.id]),
        }
        for one in experts
    ]
    grouped = pd.DataFrame(rows).groupby(KEYS, sort=False)
    counts = grouped["tasks"].sum()
    return grouped.mean().assign(tasks=counts).reset_index()


if __name__ == "__main__":
    main()
