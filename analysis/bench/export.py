"""Experts in onnxruntime beside a flat network, and the ways to run a level, in turns.

    make bench-export

Batch 1, one thread. Everything compared is timed in turns in one process, so that a disturbance
hits all of it, and the figures are medians of the ratios within a turn. Experts: the time over that
of ``icons/flat`` beside the same ratio of MACs. Lowerings, over networks of one level with random
weights: the time over the grouped one's, and of ``auto`` over the better of those that cost no
bytes. Writes ``bench-lowering.csv``, ``bench-experts.csv`` and ``bench-export.json`` as results.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from taxonomy.data import get_data
from taxonomy.design import Block, NetSpec, cost
from taxonomy.export import ONNX
from taxonomy.export.packs import chosen
from taxonomy.export.to_onnx import session
from taxonomy.nets import HierarchicalNet, build_net, extract, get_net
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import get_tasks
from taxonomy.trees.hierarchy import Hierarchy

RESULTS = Path(__file__).parent.parent / "results"
NODES = (2, 3, 5, 10, 22)
WIDTHS = (8, 12, 16, 20, 24, 32, 36, 44, 48, 64)
LOWERINGS = ("grouped", "sliced", "dense")
WARM = 5
MOST_DENSE = 640
"""Channels of a level beyond which dense weights are not tried: they grow with the square."""


def main() -> None:
    """Time both and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=101, help="timings a figure [101]")
    parser.add_argument("--tasks", type=int, default=200, help="coherent tasks of five [200]")
    parser.add_argument("--only", choices=("experts", "lowering"), help="one of the two tables")
    arguments = parser.parse_args()
    facts = {"command": "make bench-export", "turns": arguments.turns, "threads": 1}
    if arguments.only != "experts":
        table = lowerings(arguments.turns)
        write_text(RESULTS / "bench-lowering.csv", table.round(4).to_csv(index=False))
        print(table.round(3).to_string(index=False))
        facts["auto_over_best"] = {
            "median": float(table["auto_over_best"].median()),
            "worst": float(table["auto_over_best"].max()),
        }
    if arguments.only != "lowering":
        table = experts(arguments.tasks, arguments.turns)
        write_text(RESULTS / "bench-experts.csv", table.round(4).to_csv(index=False))
        facts["experts"] = summary(table)
        print(facts["experts"])
    facts |= {"load_average": os.getloadavg()[1], "versions": versions("onnx", "onnxruntime")}
    facts |= stamp()
    write_json(RESULTS / "bench-export.json", facts)


def lowerings(turns: int) -> pd.DataFrame:
    """Return how long a network of one level takes by lowering, over the grouped one."""
    rows = []
    for family in ("resnet", "convnext"):
        for nodes in NODES:
            for width in WIDTHS:
                net = one_level(family, nodes, width)
                ways = [w for w in LOWERINGS if w != "dense" or nodes * width <= MOST_DENSE]
                runs = {way: run_of(net, ONNX(lowering=way)) for way in ways}
                times = in_turns(runs, turns)
                over = {way: ratio(times[way], times["grouped"]) for way in ways}
                auto = chosen(family, nodes, width)
                row = {"family": family, "nodes": nodes, "width": width}
                row |= {"grouped_ms": 1e3 * float(np.median(times["grouped"]))}
                row |= {f"{way}_over_grouped": over[way] for way in ways[1:]} | {"auto": auto}
                rows.append(row | {"auto_over_best": over[auto] / min(1.0, over["sliced"])})
                print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def one_level(family: str, nodes: int, width: int) -> HierarchicalNet:
    """Return a network of a thin trunk and one level of nodes on maps of 4 by 4 cells."""
    tree = Hierarchy.from_nested([[f"{i:02}a", f"{i:02}b"] for i in range(nodes)])
    spec = NetSpec.tree(trunk=((8, 0), (8, 0), (40, 0)), levels=((width, 1),), block=Block(family))
    return build_net(spec, tree, seed=0).eval()


def experts(count: int, turns: int) -> pd.DataFrame:
    """Return each task's expert's time and MACs over those of the flat network."""
    whole, flat = get_net("icons/tree"), get_net("icons/flat")
    tasks = [task for task in get_tasks("icons") if task.size == 5 and task.kind == "coherent"]
    picture = get_data("icons").part("val").images[:1, :3]
    reference = run_of(flat, ONNX(), picture)
    macs = cost(flat.spec, flat.hierarchy).macs
    rows = []
    for task in tasks[:count]:
        expert = extract(whole, task.classes)
        runs = {"expert": run_of(expert, ONNX(), picture), "flat": reference}
        times = in_turns(runs, turns)
        share = cost(expert.spec, expert.hierarchy).macs / macs
        row = {"task": task.id, "nodes": len(expert.hierarchy.nodes) - 1, "macs_ratio": share}
        row |= {"time_ratio": ratio(times["expert"], times["flat"])}
        rows.append(row | {"time_over_macs": row["time_ratio"] / share})
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> dict[str, float]:
    """Return the medians over tasks."""
    return {
        "tasks": len(table),
        "median_macs_ratio": float(table["macs_ratio"].median()),
        "median_time_ratio": float(table["time_ratio"].median()),
        "median_time_over_macs": float(table["time_over_macs"].median()),
    }


def run_of(
    net: HierarchicalNet, target: ONNX, picture: np.ndarray | None = None
) -> Callable[[], None]:
    """Return one run of a network's model on one picture."""
    side = net.spec.resolution
    given = np.zeros((1, 3, side, side), np.uint8) if picture is None else picture
    model = session(target.model(net))
    given = {"image": np.ascontiguousarray(given)}
    return lambda: model.run(None, given)


def in_turns(runs: dict[str, Callable[[], None]], turns: int) -> dict[str, np.ndarray]:
    """Return each one's seconds by turn, after some turns to warm up."""
    times = {name: np.empty(turns) for name in runs}
    for turn in range(-WARM, turns):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if turn >= 0:
                times[name][turn] = time.perf_counter() - started
    return times


def ratio(times: np.ndarray, others: np.ndarray) -> float:
    """Return the median of two ways' ratios, each within one turn."""
    return float(np.median(times / others))


if __name__ == "__main__":
    main()
