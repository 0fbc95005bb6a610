"""How far each metric of trees moves when some of the leaves are moved elsewhere.

    python analysis/studies/mutations.py

A mutation takes a leaf out of its group and hangs it under another inner node, each as likely as
any other; groups that it leaves with one member or none are closed. 1, 5 and 20 % of the leaves
are moved, 10 times each, from shipped trees of the icons and from a hypernym tree of ImageNet-1k's
classes. Writes ``analysis/results/mutations.csv``, ``.png`` and ``.json``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

import taxonomy as tx
from taxonomy.comparison import METRICS
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.trees.operations import move_leaves, shuffle_leaves

RESULTS = Path(__file__).parents[1] / "results"
SHARES = (0.01, 0.05, 0.2)


def main() -> None:
    """Mutate, measure, and write the table and the figure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="mutations of each size [10]")
    arguments = parser.parse_args()
    trees = {
        "icons/wordnet": tx.get_tree("icons/wordnet"),
        "icons/hypernyms": tx.get_tree("icons/hypernyms"),
        "ImageNet-1k's hypernyms": tx.generate(
            tx.get_labels("imagenet-1k"), builder="hypernyms"
        ).tree,
    }
    rows = []
    for title, tree in trees.items():
        whole = tree.collapse_unary()
        for share in (*SHARES, 1.0):
            for seed in range(arguments.seeds if share < 1 else 5):
                count = round(share * len(tree.leaves))
                other = (
                    move_leaves(whole, count, seed) if share < 1 else shuffle_leaves(whole, seed)
                )
                for name, metric in METRICS.items():
                    value = metric(whole, other)
                    rows.append((title, len(tree.leaves), name, share, seed, value))
        print(title, flush=True)
    columns = ["tree", "leaves", "metric", "moved", "seed", "value"]
    table = pd.DataFrame(rows, columns=columns)
    grouped = table.groupby(columns[:4], sort=False)["value"].agg(["mean", "std"]).reset_index()
    write_text(RESULTS / "mutations.csv", grouped.round(4).to_csv(index=False))
    write_json(
        RESULTS / "mutations.json",
        {
            "command": "make mutations",
            "seeds": arguments.seeds,
            "trees": {title: tree.digest for title, tree in trees.items()},
            "versions": versions("numpy", "scipy"),
            **stamp(),
        },
    )
    draw(grouped)
    print(grouped.pivot_table("mean", ["tree", "metric"], "moved", sort=False).round(2))


def draw(table: pd.DataFrame) -> None:
    """Draw a panel a metric: what it has against the share of leaves that were moved."""
    names = list(table["metric"].unique())
    figure, panels = plt.subplots(3, -(-len(names) // 3), figsize=(12, 7), sharex=True)
    for name, panel in zip(names, panels.flat, strict=False):
        for (title, lines), marker in zip(
            table[(table["metric"] == name) & (table["moved"] < 1)].groupby("tree", sort=False),
            "o^s",
            strict=False,
        ):
            panel.errorbar(
                100 * lines["moved"],
                lines["mean"],
                lines["std"],
                marker=marker,
                markersize=4,
                capsize=2,
                label=title,
            )
        better = "1 is equal" if METRICS[name].alike == "high" else "0 is equal"
        panel.set_title(f"{name.replace('_', ' ')}\n({better})", fontsize=8)
        panel.set_xscale("log")
        panel.set_xticks([1, 5, 20], ["1 %", "5 %", "20 %"])
        panel.minorticks_off()
        panel.set_ylim(-0.05, 1.05)
    for panel in panels.flat[len(names) :]:
        panel.axis("off")
    figure.legend(*panels.flat[0].get_legend_handles_labels(), loc="upper center", ncol=3)
    figure.supxlabel("leaves moved to another random node")
    figure.tight_layout(rect=(0, 0, 1, 0.95))
    figure.savefig(RESULTS / "mutations.png", dpi=110)


if __name__ == "__main__":
    main()
