"""How alike a language model's trees and WordNet's are, beside two answers of one model.

    python analysis/studies/alike.py

Writes ``analysis/results/alike.csv``, ``-moved.csv``, ``.json`` and ``.png``. Every pair of the
shipped trees of a label set is compared by every metric, each with its mean and p-value over random
relabellings. ``agreement`` is the share of the way from chance to equality, by which metrics of
different scales stand side by side: (value - chance) / (best - chance). Three answers of the
language model to one question, and its scores clustered beside its groups, are the noise floor:
what the same source differs from itself by.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from recipes import RESULTS

from taxonomy.comparison import METRICS, compare, moved
from taxonomy.formats import get_tree
from taxonomy.labels import get_labels
from taxonomy.plots import save_figure
from taxonomy.studies.results import stamp, versions, write_json, write_text

SAMPLES = 99
LEFT_OUT = ("tree_edit_distance", "baker_gamma")
"""Measured by the hundred they take minutes a pair; the first is an upper bound besides."""

GROUPS = ("llm-groups", "llm-groups-0", "llm-groups-2")
LLM = (*GROUPS, "llm-rows")
WORDNET = ("wordnet", "hypernyms")
TREES = {
    "icons": (*LLM, *WORDNET, "embedding", "random"),
    "cifar-100": ("llm-groups", "llm-rows", *WORDNET, "embedding", "superclasses", "random"),
    "imagenet-1k": ("llm-groups", *WORDNET, "embedding", "random"),
}
"""Shipped trees by label set."""


@dataclass(frozen=True)
class Relation:
    """What a pair of trees is to each other.

    Args:
        name: in the table and the picture.
        first, second: the sources on either side.
    """

    name: str
    first: tuple[str, ...]
    second: tuple[str, ...]

    def holds(self, a: str, b: str) -> bool:
        """Say whether a pair is of this kind, in either order."""
        return any(x in self.first and y in self.second for x, y in ((a, b), (b, a)))


RELATIONS = (
    Relation("two answers of the language model, one question", GROUPS, GROUPS),
    Relation("the language model's groups and scores", GROUPS, ("llm-rows",)),
    Relation("WordNet clustered and its hypernyms", ("wordnet",), ("hypernyms",)),
    Relation("the language model and WordNet", LLM, WORDNET),
    Relation("the language model and embeddings", LLM, ("embedding",)),
    Relation("WordNet and embeddings", WORDNET, ("embedding",)),
    Relation("the language model and published superclasses", LLM, ("superclasses",)),
    Relation("WordNet and published superclasses", WORDNET, ("superclasses",)),
    Relation("embeddings and published superclasses", ("embedding",), ("superclasses",)),
    Relation("any and random", (*LLM, *WORDNET, "embedding", "superclasses"), ("random",)),
)


def agreement(value: float, chance: float, alike: str) -> float:
    """Return the share of the way from chance to equality: 1 equal trees, 0 by chance."""
    best = 1.0 if alike == "high" else 0.0
    return (value - chance) / (best - chance)


def pairs(labels: str) -> pd.DataFrame:
    """Return one row a pair of trees and metric."""
    trees = {name: get_tree(f"{labels}/{name}") for name in TREES[labels]}
    metrics = tuple(name for name in METRICS if name not in LEFT_OUT)
    rows = []
    for a, b in combinations(trees, 2):
        (found,) = compare({a: trees[a], b: trees[b]}, metrics, samples=SAMPLES, seed=0).to_dict(
            "records"
        )
        relation = next(r.name for r in RELATIONS if r.holds(a, b))
        print(f"{labels}: {a} and {b}", flush=True)
        for name in metrics:
            value, chance = found[name], found[f"{name}_expected"]
            rows.append(
                {
                    "labels": labels,
                    "relation": relation,
                    "a": a,
                    "b": b,
                    "metric": name,
                    "value": value,
                    "chance": chance,
                    "p": found[f"{name}_p"],
                    "agreement": agreement(value, chance, METRICS[name].alike),
                }
            )
    return pd.DataFrame(rows)


def farthest(labels: str, most: int = 12) -> pd.DataFrame:
    """Return the classes that lie elsewhere in WordNet's clustered tree than in the groups."""
    a, b = (get_tree(f"{labels}/{name}") for name in ("llm-groups", "wordnet"))
    names = {label.id: label.name for label in get_labels(labels)}
    rows = moved(a, b).head(most)
    rows["label"] = rows["label"].map(names.get)
    for side in ("near_a", "near_b"):
        rows[side] = [", ".join(names[one] for one in near) for near in rows[side]]
    rows.insert(0, "labels", labels)
    return rows


def picture(rows: pd.DataFrame) -> Figure:
    """Draw, for each label set, a line of dots a relation: one dot a metric, a bar their median."""
    sets = list(dict.fromkeys(rows["labels"]))
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    names = [r.name for r in RELATIONS]
    for axes, labels in zip(figure.subplots(1, len(sets), sharey=True), sets, strict=True):
        mine = rows[rows["labels"] == labels]
        for place, name in enumerate(reversed(names)):
            found = mine[mine["relation"] == name].groupby("metric")["agreement"].mean()
            if found.empty:
                continue
            offsets = np.linspace(-0.22, 0.22, len(found))
            floor = name == RELATIONS[0].name
            colour = "#D55E00" if floor else "0.5" if "random" in name else "#0072B2"
            axes.plot(found, place + offsets, "o", ms=3.5, color=colour, alpha=0.75)
            axes.plot([found.median()] * 2, [place - 0.33, place + 0.33], color=colour, lw=2)
        axes.axvline(0, color="0.6", lw=0.8)
        axes.set_title(labels, fontsize=10)
        axes.set_xlim(-0.1, 1)
        axes.set_yticks(range(len(names)), list(reversed(names)), fontsize=8)
        axes.set_xlabel("agreement: 0 by chance, 1 equal")
        axes.grid(visible=True, axis="x", color="0.93")
        axes.set_axisbelow(True)
    return figure


def main() -> None:
    """Compare all pairs and write the tables."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    rows = pd.concat([pairs(labels) for labels in TREES])
    write_text(RESULTS / "alike.csv", rows.round(4).to_csv(index=False))
    away = pd.concat([farthest(labels) for labels in TREES])
    write_text(RESULTS / "alike-moved.csv", away.round(3).to_csv(index=False))
    save_figure(RESULTS / "alike.png", picture(rows))
    facts = {
        "command": "python analysis/studies/alike.py",
        "agreement": "share of the way from chance to equality",
        "relabellings": SAMPLES,
        "trees": {
            f"{labels}/{name}": get_tree(f"{labels}/{name}").digest
            for labels, names in TREES.items()
            for name in names
        },
        "versions": versions("numpy", "scipy"),
        **stamp(),
    }
    write_json(RESULTS / "alike.json", facts)
    by_metric = rows.groupby(["labels", "relation", "metric"], sort=False)["agreement"].mean()
    print(by_metric.groupby(level=[1, 0], sort=False).median().unstack().round(2).to_string())
    print(f"tables written to {RESULTS}/alike*")


if __name__ == "__main__":
    main()
