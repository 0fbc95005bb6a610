"""The front page's table: what experts of the shipped network cost, and how often they are right.

    python analysis/studies/headline.py                 (validation pictures; under a minute)
    python analysis/studies/headline.py --split test    (only for a final table)

Reads the shipped networks of the icons and scores each of the 1,612 shipped tasks: experts of
``icons/tree``, ``icons/tree-aligned`` and ``icons/tree-slim`` against ``icons/flat`` and the thin
flat networks that are shipped, all masked to the task's classes. Restricting the full network's
logits to the classes of a task gives the expert's logits (extraction is exact), so one pass over
the pictures a network is enough; costs are computed in closed form. Writes
``results/headline.csv`` (means over tasks), ``headline.json`` (what made it) and ``headline.md``
(the table). Any other split's name is added to the files' names.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import taxonomy as tx
from taxonomy.evaluation.experts import mean_points, points, versus_flat
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.training import predictions_on

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "analysis/results"
TREES, FLAT = ("icons/tree", "icons/tree-aligned", "icons/tree-slim"), "icons/flat"
ALL = "all"
ELDER = "icons/tree"
"""The first one shipped, which other figures are of; in the CSV alone, as the others cost less."""
KINDS = {
    "5 coherent classes": ("coherent", 5),
    "5 random classes": ("random", 5),
    "all tasks": (ALL, 0),
}
"""Columns of the Markdown table: kind and size of the tasks."""

PAPER = ("| the paper, ImageNet-1k: best case, average | 27% / 11% | | 94% / 52% |",)
"""Published (arXiv 2403.05601): 73.4 % fewer MACs and 88.7 % fewer parameters; 5.8 and 47.6 %."""


def networks() -> list[str]:
    """Return the names of the shipped networks of the icons, the tree networks first."""
    shipped = sorted(
        path.stem for path in (ROOT / "hierarchies/icons/networks").glob("*.safetensors")
    )
    flat = [f"icons/{name}" for name in shipped if name.startswith("flat-")]
    return [*TREES, FLAT, *reversed(flat)]


def pooled(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a network's rows, a kind's references taken together, and all tasks as one kind."""
    size = rows["size"].where(rows["kind"] != "named", 0)  # a dozen tasks, of several sizes
    together = rows.assign(reference="", size=size)
    whole = rows.assign(kind=ALL, reference="", size=0)
    return pd.concat([together, whole], ignore_index=True)


def score(split: str) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the means over tasks, one row a network, kind and size; and what they rest on."""
    tasks, pictures = tx.get_tasks("icons"), tx.get_data("icons").part(split)
    rows, facts = {}, {}
    for name in networks():
        net = tx.get_net(name)
        predictions = predictions_on(net, pictures)
        rows[name] = pooled(points(net.spec, net.hierarchy, predictions, tasks))
        whole = tx.cost(net.spec, net.hierarchy)
        facts[name] = {
            "accuracy": round(predictions.accuracy(), 5),
            "macs": whole.macs,
            "params": whole.params,
            "spec": net.spec.digest,
            "hierarchy": net.hierarchy.digest,
        }
    means = versus_flat(mean_points(rows), [name for name in rows if name not in TREES])
    flat = means[means["network"] == FLAT].set_index(["kind", "size"])
    keys = pd.MultiIndex.from_frame(means[["kind", "size"]])
    for what in ("macs", "params"):
        means[f"{what}_share"] = means[what] / flat[what].reindex(keys).to_numpy()
    means["gain"] = means["accuracy"] - flat["accuracy"].reindex(keys).to_numpy()
    facts["tasks"], facts["pictures"] = tasks.digest, pictures.digest
    return means.drop(columns="reference"), facts


def cell(row: pd.Series) -> str:
    """Return accuracy and shares of cost as one cell of the Markdown table."""
    text = f"{row.accuracy:.1%}"
    if row.network != FLAT:
        text += f" ({100 * row.gain:+.1f})"
    return f"{text}; {row.macs_share:.0%} / {row.params_share:.0%}".replace("-", "−")


def table(means: pd.DataFrame) -> str:
    """Return the Markdown table: a row a network, a column a kind of task."""
    lines = [
        f"| accuracy; MACs / parameters | {' | '.join(KINDS)} |",
        f"|---{'|---' * len(KINDS)}|",
    ]
    rows = means.set_index(["network", "kind", "size"], drop=False)
    for name in means["network"].unique():
        if name == ELDER:
            continue
        title = f"experts of `{name}`" if name in TREES else f"`{name}`, masked"
        cells = [cell(rows.loc[(name, *kind)]) for kind in KINDS.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    lines += PAPER
    return "\n".join(lines) + "\n"


def main() -> None:
    """Score, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--split", choices=("val", "test"), default="val", help="[val]")
    split = parser.parse_args().split
    means, facts = score(split)
    stem = RESULTS / ("headline" if split == "val" else f"headline-{split}")
    text = table(means)
    write_text(stem.with_suffix(".csv"), means.round(5).to_csv(index=False))
    write_text(stem.with_suffix(".md"), text)
    made = {
        "command": f"python analysis/studies/headline.py --split {split}",
        "split": split,
        "networks": facts,
        "versions": versions("numpy", "torch"),
        **stamp(),
    }
    write_json(stem.with_suffix(".json"), made)
    print(text)
    tree = means[means["network"].isin(TREES)]
    print(tree.round(4).to_string(index=False))
    print(f"written: {stem}.csv, .json and .md")


if __name__ == "__main__":
    main()
