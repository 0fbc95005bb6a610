"""What widths that are multiples of 8 or 16 cost in MACs and gain in time.

    make bench-aligned

The network of ``icons/tree`` beside the same with aligned widths, with random weights
(`taxonomy.design.NetSpec.aligned`): the experts of a few coherent tasks of five classes, in floats,
in onnxruntime and in LiteRT, batch 1, one thread. Accuracy is not looked at. Writes
``bench-aligned.csv`` and ``.json`` as results.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
from lowering import RESULTS, RUNTIMES, in_turns, ratio, run_of

import taxonomy as tx
from taxonomy.nets import build_net
from taxonomy.studies.results import stamp, versions, write_json, write_text

ALIGN = (1, 8, 16)


def main() -> None:
    """Time all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=20, help="only every so many tasks [20]")
    parser.add_argument("--turns", type=int, default=41, help="timings a figure [41]")
    parser.add_argument("--out", type=Path, default=RESULTS / "bench-aligned", help="[results]")
    arguments = parser.parse_args()
    shipped = tx.get_net("icons/tree")
    nets = {n: build_net(shipped.spec.aligned(n), shipped.hierarchy, seed=0).eval() for n in ALIGN}
    rows = []
    for task in list(tx.get_tasks("icons").select("coherent", 5))[:: arguments.every]:
        experts = {align: tx.extract(net, task.classes) for align, net in nets.items()}
        macs = {align: tx.cost(net.spec, net.hierarchy).macs for align, net in experts.items()}
        for runtime, target in RUNTIMES.items():
            runs = {
                str(align): run_of(target().model(net), runtime, net)
                for align, net in experts.items()
            }
            times = in_turns(runs, arguments.turns)
            rows += [
                {
                    "task": task.id,
                    "runtime": runtime,
                    "align": align,
                    "macs": macs[align],
                    "macs_over_unaligned": macs[align] / macs[1],
                    "ms": 1e3 * float(np.median(times[str(align)])),
                    "time_over_unaligned": ratio(times[str(align)], times["1"]),
                }
                for align in ALIGN
            ]
    table = pd.DataFrame(rows)
    means = table.drop(columns="task").groupby(["runtime", "align"], sort=False).median()
    print(means.round(3).to_string())
    write_text(arguments.out.with_suffix(".csv"), table.round(4).to_csv(index=False))
    facts = {
        "command": "make bench-aligned",
        "widths": {
            align: [stage.width for stage in net.spec.trunk]
            + [bucket.width for level in net.spec.levels for bucket in level.buckets]
            for align, net in nets.items()
        },
        "medians": means.reset_index().round(4).to_dict(orient="records"),
        "turns": arguments.turns,
        "threads": 1,
        "load_average": os.getloadavg()[1],
        "versions": versions("onnx", "onnxruntime", "ai-edge-litert"),
        **stamp(),
    }
    write_json(arguments.out.with_suffix(".json"), facts)


if __name__ == "__main__":
    main()
