"""Experts beside a flat network on this machine: time over time beside MACs over MACs, by runtime.

    make bench-latency                                       (validation pictures)
    python analysis/bench/latency.py --tree icons/tree runs/mine     (networks side by side)
    python analysis/bench/latency.py --split test            (only for a final table)

For every coherent task of five classes the experts of ``--tree`` against ``icons/flat`` with the
heads of five classes: in onnxruntime, LiteRT with XNNPACK and OpenVINO in floats and in int8, and
in ExecuTorch, where it is installed, in floats and for every fifth task, as it takes seconds to
write one; batch 1, one thread. All networks are lowered by ``auto``; the flat one is also timed as
its channels are, as other exporters write it. At equal latency: an expert's accuracy minus that of
the masked flat family, interpolated in the logarithm of its measured times; an expert that is
faster than the thinnest flat network is compared with that one.

What is compared is timed in turns in one process; figures are medians of the ratios within a turn.
Accuracies in floats are the networks' own; in int8 the experts are calibrated on training pictures
of their classes, the flat networks on those of all classes, and run in the runtime. Writes
``bench-latency.csv`` (a row a network, task, runtime and precision) and ``.json`` as results.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import os
import shlex
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lowering import RESULTS, in_turns, ratio, run_of

import taxonomy as tx
from taxonomy.data import Pictures
from taxonomy.export import ONNX, ExecuTorch, OpenVINO, TFLite
from taxonomy.export.pictures import calibrating, colours, of_classes, predictions_of
from taxonomy.export.target import Quantizable, write_files
from taxonomy.nets import HierarchicalNet
from taxonomy.predictions import Predictions
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import TaskList
from taxonomy.training import predictions_on

RUNTIMES: dict[str, Any] = {
    "onnxruntime": ONNX,
    "ai-edge-litert": TFLite,
    "openvino": OpenVINO,
    "executorch": ExecuTorch,
}
EVERY = {"executorch": 5}
"""Of the runtimes whose models take long to write, only every so many tasks."""
COMMAND = ("python", "analysis/bench/latency.py")
FAMILY_TURNS = 201
"""The flat family is timed once, and longer."""


def main() -> None:
    """Time and score every expert and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--split", choices=("val", "test"), default="val", help="[val]")
    told = "networks or runs, timed side by side [icons/tree]"
    parser.add_argument("--tree", nargs="+", default=["icons/tree"], help=told)
    parser.add_argument(
        "--flat",
        nargs="+",
        default=["icons/flat", "icons/flat-0.35x", "icons/flat-0.25x"],
        help="flat networks or runs, the reference first [the shipped ones]",
    )
    parser.add_argument("--every", type=int, default=1, help="only every so many tasks [1]")
    parser.add_argument("--turns", type=int, default=21, help="timings a figure [21]")
    parser.add_argument("--precision", nargs="+", default=["float", "int8"], help="[both]")
    parser.add_argument("--runtime", nargs="+", default=list(RUNTIMES), help="[all]")
    parser.add_argument("--out", type=Path, help="[results]")
    arguments = parser.parse_args()
    data, tasks = tx.get_data("icons"), tx.get_tasks("icons").select("coherent", 5)
    tasks = TaskList(list(tasks)[:: arguments.every], tasks.ids)
    trees = {name: tx.get_net(name) for name in arguments.tree}
    family = [tx.get_net(name) for name in arguments.flat]
    rows = []
    for runtime in arguments.runtime:
        if importlib.util.find_spec(runtime.replace("-", "_")) is None:
            print(f"{runtime} is not installed and left out")
            continue
        some = TaskList(list(tasks)[:: EVERY.get(runtime, 1)], tasks.ids)
        for precision in arguments.precision:
            if precision == "int8" and not issubclass(RUNTIMES[runtime], Quantizable):
                continue
            bench = Bench(runtime, precision, data, arguments.split, some)
            rows.append(bench.table(trees, family, arguments.turns))
            for name, part in rows[-1].groupby("network", sort=False):
                print(name, runtime, precision, summary(part), flush=True)
    table = pd.concat(rows)
    split = "" if arguments.split == "val" else f"-{arguments.split}"
    out = arguments.out or RESULTS / f"bench-latency{split}"
    write_text(out.with_suffix(".csv"), table.round(4).to_csv(index=False))
    facts: dict[str, Any] = {
        "command": shlex.join([*COMMAND, *sys.argv[1:]]),
        "split": arguments.split,
        "networks": {"tree": arguments.tree, "flat": arguments.flat},
        "turns": arguments.turns,
        "threads": 1,
        "medians": {
            " ".join(key): summary(part)
            for key, part in table.groupby(["network", "runtime", "precision"], sort=False)
        },
        "load_average": os.getloadavg()[1],
    }
    packages = ("onnx", *RUNTIMES)
    write_json(out.with_suffix(".json"), facts | {"versions": versions(*packages), **stamp()})


def summary(table: pd.DataFrame) -> dict[str, float]:
    """Return medians over tasks of ratios, and means of accuracies."""
    medians = table[["macs_ratio", "time_ratio", "time_over_macs", "plain_time_over_macs"]].median()
    means = table[["bytes", "accuracy", "gain_at_equal_latency"]].mean()
    faster = float(table["faster_than_family"].mean())
    known = {**medians.dropna(), **means, "faster_than_family": faster}
    return {"tasks": len(table), **{name: round(float(value), 4) for name, value in known.items()}}


@dataclass(frozen=True, eq=False)
class Bench:
    """One runtime with one precision.

    Args:
        runtime: the package.
        precision: ``float`` or ``int8``.
        data: pictures; the training ones calibrate.
        split: what accuracies are measured on.
        tasks: the experts.
    """

    runtime: str
    precision: str
    data: Pictures
    split: str
    tasks: TaskList

    def table(
        self, trees: dict[str, HierarchicalNet], family: list[HierarchicalNet], turns: int
    ) -> pd.DataFrame:
        """Return a row a task and network; see the columns' names."""
        five = next(iter(self.tasks)).classes
        cut = [tx.extract(net, five) for net in family]
        reference = self.run(cut[0])
        plain = self.run(cut[0], lowering="grouped") if self.precision == "float" else reference
        taken = in_turns({str(i): self.run(net) for i, net in enumerate(cut)}, FAMILY_TURNS)
        speeds = np.array([ratio(taken[str(i)], taken["0"]) for i in range(len(cut))])
        order = np.argsort(speeds)
        scores = np.stack([self.flat_accuracies(net) for net in family])
        floats = {
            name: self.predictions(net).task_accuracies(self.tasks) for name, net in trees.items()
        }
        macs = tx.cost(cut[0].spec, cut[0].hierarchy).macs
        rows = []
        for number, task in enumerate(self.tasks):
            experts = {name: tx.extract(net, task.classes) for name, net in trees.items()}
            files = {name: self.file(expert) for name, expert in experts.items()}
            runs = {
                name: run_of(files[name], self.runtime, expert, self.picture)
                for name, expert in experts.items()
            }
            times = in_turns({**runs, "flat": reference, "as it is": plain}, turns)
            for name, expert in experts.items():
                share = tx.cost(expert.spec, expert.hierarchy).macs / macs
                taken_by = ratio(times[name], times["flat"])
                accuracy = floats[name][number]
                if self.precision == "int8":
                    accuracy = self.answers(expert, files[name]).accuracy()
                equal = np.interp(np.log(taken_by), np.log(speeds[order]), scores[order, number])
                rows.append(
                    {
                        "network": name,
                        "task": task.id,
                        "runtime": self.runtime,
                        "precision": self.precision,
                        "nodes": len(expert.hierarchy.nodes) - 1,
                        "bytes": len(files[name]),
                        "macs_ratio": share,
                        "time_ratio": taken_by,
                        "time_over_macs": taken_by / share,
                        "plain_time_over_macs": ratio(times[name], times["as it is"]) / share,
                        "expert_ms": 1e3 * float(np.median(times[name])),
                        "accuracy": accuracy,
                        "flat_accuracy": scores[0, number],
                        "gain_at_equal_latency": accuracy - equal,
                        "faster_than_family": bool(taken_by < speeds.min()),
                    }
                )
        return pd.DataFrame(rows)

    @cached_property
    def picture(self) -> np.ndarray:
        """A picture that all models are timed on."""
        return colours(self.data.part("val").images[:1])

    @cached_property
    def shown(self) -> Pictures:
        """The pictures that accuracies are measured on."""
        return self.data.part(self.split)

    def file(self, net: HierarchicalNet, **options: Any) -> bytes:
        """Return a network's model, in int8 calibrated on training pictures of its classes."""
        target = RUNTIMES[self.runtime](**options)
        model = target.model(net)
        if self.precision == "float":
            return model
        seen = colours(calibrating(self.data, net).images[:])
        return dataclasses.replace(target, precision="int8").quantized(net, model, seen)

    def run(self, net: HierarchicalNet, **options: Any) -> Any:
        """Return one run of a network's model on one picture."""
        return run_of(self.file(net, **options), self.runtime, net, self.picture)

    def predictions(self, net: HierarchicalNet) -> Predictions:
        """Return a whole network's answers in floats."""
        return predictions_on(net, self.shown)

    def flat_accuracies(self, net: HierarchicalNet) -> np.ndarray:
        """Return a flat network's accuracy, masked to each task."""
        floats = self.precision == "float"
        found = self.predictions(net) if floats else self.answers(net, self.file(net))
        return found.task_accuracies(self.tasks)

    def answers(self, net: HierarchicalNet, file: bytes) -> Predictions:
        """Return what a written model answers for the pictures of its classes."""
        target = RUNTIMES[self.runtime]()
        with tempfile.TemporaryDirectory() as place:
            write_files(target, file, Path(place))
            runner = target.runner(Path(place) / target.file)
            return predictions_of(runner, of_classes(self.shown, net))


if __name__ == "__main__":
    main()
