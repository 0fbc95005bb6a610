"""How long stored predictions take to score: 10,000 tasks, all of the icons', and their intervals.

    make bench-scoring

Reads ``icons/tree`` and ``icons/flat-0.35x``, makes their predictions once, and then times what a
study does with such predictions, with one thread; the best of all repeats counts. The time of the
processor is what the work takes on an idle machine, whoever shares this one. Writes
``analysis/results/bench-scoring.csv`` and ``.json``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import taxonomy as tx
from taxonomy.design.costs import expert_costs
from taxonomy.evaluation.experts import points
from taxonomy.evaluation.networks import evaluate_network
from taxonomy.studies.counting import count
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.studies.uncertainty import Scored, resample
from taxonomy.tasks import TaskList, sample_random
from taxonomy.training import scored

RESULTS = Path(__file__).parents[1] / "results"
NETWORKS = ("icons/tree", "icons/flat-0.35x")
SIZES, OF_EACH = (2, 5, 10, 20, 50), 2000
RESAMPLES = 1000
CLOCKS = {"seconds": time.perf_counter, "processor_seconds": time.process_time}


def work() -> dict[str, Callable[[], object]]:
    """Return what is timed, by what it is called."""
    nets = {name: scored(name) for name in NETWORKS}
    net, shipped = nets[NETWORKS[0]], tx.get_tasks("icons")
    ids = shipped.ids
    many = TaskList([t for k in SIZES for t in sample_random(ids, k, OF_EACH, 0)], ids)
    settings = {
        name: Scored(
            [count(one.predictions, shipped)],
            expert_costs(one.spec, one.hierarchy, shipped).macs,
        )
        for name, one in nets.items()
    }
    everything = np.ones((1, len(shipped)), dtype=bool)
    kinds = sorted({(task.kind, task.reference, task.size) for task in shipped})
    strata = [kinds.index((task.kind, task.reference, task.size)) for task in shipped]
    return {
        f"accuracy and cost of {len(many):,} tasks": lambda: points(
            net.spec, net.hierarchy, net.predictions, TaskList(many, ids)
        ),
        f"right answers by designer of {len(many):,} tasks": lambda: count(
            net.predictions, TaskList(many, ids)
        ),
        f"whole evaluation with {len(shipped):,} tasks": lambda: evaluate_network(
            net, tasks=TaskList(shipped, ids)
        ),
        f"{RESAMPLES:,} resamples of {len(shipped):,} tasks, two networks": lambda: resample(
            settings, everything, strata, RESAMPLES
        ),
    }


def main() -> None:
    """Time everything in turns, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="of each [5]")
    arguments = parser.parse_args()
    asked = work()
    best = {clock: dict.fromkeys(asked, float("inf")) for clock in CLOCKS}
    for _ in range(arguments.repeats):
        for name, do in asked.items():
            started = {clock: read() for clock, read in CLOCKS.items()}
            do()
            for clock, read in CLOCKS.items():
                best[clock][name] = min(best[clock][name], read() - started[clock])
    table = pd.DataFrame(best).rename_axis("work").reset_index().round(3)
    print(table.to_string(index=False))
    write_text(RESULTS / "bench-scoring.csv", table.to_csv(index=False))
    facts = {
        "command": f"python analysis/bench/scoring.py --repeats {arguments.repeats}",
        "networks": list(NETWORKS),
        "versions": versions("numpy", "pandas", "scipy"),
        **stamp(),
    }
    write_json(RESULTS / "bench-scoring.json", facts)


if __name__ == "__main__":
    main()
