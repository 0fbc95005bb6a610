"""None of these: how well experts tell pictures of their classes from others, by method.

    make rejection                (validation pictures; minutes)

For each of the 1,612 shipped tasks, experts of ``icons/tree`` and the masked flat network. Near
pictures are of siblings: classes whose nodes the expert computes anyway. The methods' thresholds
accept 95 % of the pictures of the kept classes. ``siblings`` keeps those classes' outputs; what
they cost is counted. Writes ``results/rejection.csv`` (means over tasks) and ``rejection.json``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import taxonomy as tx
from taxonomy.evaluation import rejection_table, siblings
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.training import predictions_on

RESULTS = Path(__file__).parents[1] / "results"
NETWORKS = ("icons/tree", "icons/flat")


def main() -> None:
    """Score, write and print."""
    tasks, pictures = tx.get_tasks("icons"), tx.get_data("icons").part("val")
    tree = tx.get_net(NETWORKS[0])
    rows = []
    for name in NETWORKS:
        predictions = predictions_on(tx.get_net(name), pictures)
        table = rejection_table(predictions, tree.hierarchy, tasks)
        rows.append(pooled(table).assign(network=name))
    means = pd.concat(rows, ignore_index=True)
    means = means[["network", *(column for column in means if column != "network")]]
    added = pd.DataFrame([extra(tree, task) for task in tasks])
    write_text(RESULTS / "rejection.csv", means.round(4).to_csv(index=False))
    facts = {
        "command": "make rejection",
        "split": "val",
        "accepted": 0.95,
        "siblings": {
            kind: {
                name: round(float(part[name].mean()), 6) for name in ("outputs", "macs", "params")
            }
            for kind, part in (("all", added), ("coherent fives", added[added["coherent_five"]]))
        },
        "versions": versions("numpy", "scipy", "torch"),
        **stamp(),
    }
    write_json(RESULTS / "rejection.json", facts)
    print(means.round(3).to_string(index=False))
    print(facts["siblings"])


def pooled(table: pd.DataFrame) -> pd.DataFrame:
    """Return the means over tasks by kind, size and method, and over all tasks."""
    size = table["size"].where(table["kind"] != "named", 0)  # a dozen tasks, of several sizes
    both = pd.concat([table.assign(size=size), table.assign(kind="all", size=0)])
    numbers = [name for name in table if name.endswith(("auroc", "accepted"))]
    grouped = both.groupby(["kind", "size", "method"], sort=True)
    return grouped[numbers].mean().join(grouped.size().rename("tasks")).reset_index()


def extra(net: tx.HierarchicalNet, task: tx.Task) -> dict[str, object]:
    """Return what the siblings' outputs add to an expert, as shares of it."""
    beside = siblings(net.hierarchy, task.classes)
    kept = tx.cost(net.spec, net.hierarchy.restrict(task.classes))
    both = tx.cost(net.spec, net.hierarchy.restrict([*task.classes, *beside]))
    return {
        "coherent_five": task.kind == "coherent" and task.size == 5,
        "outputs": len(beside),
        "macs": both.macs / kept.macs - 1,
        "params": both.params / kept.params - 1,
    }


if __name__ == "__main__":
    main()
