"""The flat network and its thin family on the icons: the line that experts have to beat.

    make baseline

Trains widths 0.25x to 1x alike, one after another; stopped, it continues. Writes
``analysis/results/baseline.csv``, ``baseline-tasks.csv`` and ``baseline.json`` (seed, versions,
date, machine).
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from taxonomy import _io, _shipped
from taxonomy.cost import cost
from taxonomy.data import get_data
from taxonomy.hierarchy import Hierarchy
from taxonomy.spec import NetSpec
from taxonomy.study.curve import mean_points, points
from taxonomy.study.runner import run_cells
from taxonomy.tasks import TaskList
from taxonomy.training import Run, TrainConfig, train_run

RESULTS = Path(__file__).parent / "results"
WIDTHS = (0.25, 0.5, 0.75, 1.0)


def main() -> None:
    """Train every width, then write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("runs/baseline"), help="[runs/baseline]")
    parser.add_argument("--seed", type=int, default=0, help="[0]")
    arguments = parser.parse_args()
    data = get_data("icons")
    star = Hierarchy.star(data.classes)
    config = TrainConfig(seed=arguments.seed)
    specs = {f"flat-{width:g}": NetSpec.flat().scaled(width) for width in WIDTHS}

    def work(name: str, _: object, folder: Path) -> dict[str, _io.Json]:
        print(f"{name}: {cost(specs[name], star).macs / 1e6:.1f} million MACs")
        facts = train_run(folder, specs[name], star, data, config).manifest
        keys = ("params", "macs", "peak_activation_bytes", "val_accuracy", "test_accuracy")
        return {key: facts[key] for key in (*keys, "threads", "time", "machine")}

    cells = {
        name: {"spec": spec.digest, "config": asdict(config), "data": data.digest}
        for name, spec in specs.items()
    }
    rows = run_cells(arguments.out, cells, work)
    table = pd.DataFrame(rows)
    columns = [c for c in table.columns if c not in ("threads", "time", "machine")]
    _io.write_text(RESULTS / "baseline.csv", table[columns].to_csv(index=False))
    tasks = TaskList.load(_shipped.path("icons/tasks.json"))
    means = mean_points(
        {
            name: points(specs[name], star, Run(arguments.out / name).predictions("test"), tasks)
            for name in specs
        }
    )
    _io.write_text(RESULTS / "baseline-tasks.csv", means.round(5).to_csv(index=False))
    facts = {
        "command": "make baseline",
        "config": asdict(config),
        "data": data.digest,
        "tasks": tasks.digest,
        "cells": [
            {key: row[key] for key in ("cell", "threads", "time", "machine")} for row in rows
        ],
        "versions": _io.versions("numpy", "torch", "scipy"),
    }
    _io.write_json(RESULTS / "baseline.json", facts)
    print(table[columns].to_string(index=False))
    print(f"tables written to {RESULTS}")


if __name__ == "__main__":
    main()
