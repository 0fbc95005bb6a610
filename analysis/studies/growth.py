"""What experts cost as classes grow: 25, 50, 100, 212 and 600 icons, in closed form.

    python analysis/studies/growth.py

Writes ``analysis/results/growth.csv``, ``.json`` and ``.png``. The sets of classes are nested: the
600 of ``icons-600``, of these the 212 of ``icons``, and of those a drawn part, by three seeds.
Groups keep their size, about nine classes, as in the recommended tree of 24 groups for 212 classes,
so that their number grows; ``two levels`` puts a level of groups of four such groups above. The
network is the recommended one, and the flat network that ships stands beside, masked to the same
classes. Nothing is trained.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator

import pandas as pd
from matplotlib.figure import Figure
from recipes import RESULTS

from taxonomy.builders import get_builder
from taxonomy.design import NetSpec, cost, expert_costs
from taxonomy.labels import LabelSet, get_labels
from taxonomy.plots import save_figure
from taxonomy.similarity import get_source
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import Task, TaskList, sample_coherent, sample_random
from taxonomy.trees.hierarchy import Hierarchy

COUNTS = (25, 50, 100, 212, 600)
SEEDS = range(3)
"""Each draws which classes the smaller sets hold, and the tasks."""

FIVE, COUNT = 5, 200
"""Classes of a task, and tasks of each kind."""

EACH, ABOVE = 212 / 24, 4
"""Classes of a group, and groups of a group above."""

SOURCES = ("wordnet", "embedding", "random")
FLAT = NetSpec.flat().scaled(0.6)
"""The shipped ``icons/flat``."""


def nested(seed: int) -> Iterator[LabelSet]:
    """Yield the sets of classes, the smallest first."""
    whole, first = get_labels("icons-600"), set(get_labels("icons").ids)
    order = sorted(whole.ids)
    random.Random(seed).shuffle(order)  # noqa: S311  the same stream in every version
    order.sort(key=lambda name: name not in first)  # stable: the icons' classes come first
    for count in COUNTS:
        chosen = set(order[:count])
        yield LabelSet([label for label in whole if label.id in chosen])


def tasks_of(labels: LabelSet, seed: int) -> TaskList:
    """Return fives of WordNet's own tree, fives at random, and all classes."""
    reference = get_builder("hypernyms")(labels)
    drawn = [
        *sample_coherent(reference, "hypernyms", FIVE, COUNT, seed),
        *sample_random(labels.ids, FIVE, COUNT, seed),
        Task("all", labels.ids, "random"),
    ]
    return TaskList(drawn, labels.ids)


def trees_of(labels: LabelSet) -> Iterator[tuple[str, str, Hierarchy]]:
    """Yield source, levels and tree."""
    groups = round(len(labels) / EACH)
    shapes = {"one level": (groups,), "two levels": (max(2, round(groups / ABOVE)), groups)}
    for source in SOURCES:
        similarity = get_source(source)(labels)
        for name, levels in shapes.items():
            yield source, name, get_builder("cluster", levels=levels, slack=2.0)(labels, similarity)


def rows_of(labels: LabelSet, seed: int) -> Iterator[dict[str, object]]:
    """Yield one row a tree and kind of task: MACs and parameters, in millions."""
    tasks = tasks_of(labels, seed)
    kinds = [task.id if task.id == "all" else task.kind for task in tasks]
    flat = expert_costs(FLAT, Hierarchy.star(labels.ids), tasks)
    for source, levels, tree in trees_of(labels):
        spec = NetSpec.recommended(tree)
        whole, costs = cost(spec, tree), expert_costs(spec, tree, tasks)
        table = pd.DataFrame(
            {
                "kind": kinds,
                "macs": costs.macs / 1e6,
                "params": costs.params / 1e6,
                "flat_macs": flat.macs / 1e6,
                "flat_params": flat.params / 1e6,
            }
        )
        for kind, means in table.groupby("kind", sort=False).mean().iterrows():
            yield {
                "classes": len(labels),
                "seed": seed,
                "source": source,
                "levels": levels,
                "groups": len(tree.nodes) - 1,
                "kind": kind,
                **means,
                "of_whole": 1e6 * means["macs"] / whole.macs,
                "params_of_whole": 1e6 * means["params"] / whole.params,
            }


SHOWN = {"wordnet": "#0072B2", "embedding": "#009E73", "random": "0.45"}
"""Colours (Okabe & Ito)."""


def picture(rows: pd.DataFrame) -> Figure:
    """Draw MACs against the number of classes: fives that belong together, any fives, all."""
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    one = rows[rows["levels"] == "one level"]
    titles = {"coherent": "5 of N, together", "random": "5 of N, at random", "all": "N of N"}
    for axes, (kind, title) in zip(figure.subplots(1, 3), titles.items(), strict=True):
        mine = one[one["kind"] == kind]
        for source, colour in SHOWN.items():
            line = mine[mine["source"] == source].groupby("classes")["macs"]
            mean = line.mean()
            axes.plot(mean.index, mean, "o-", ms=3, color=colour, label=source)
            axes.fill_between(mean.index, line.min(), line.max(), color=colour, alpha=0.15, lw=0)
        flat = mine.groupby("classes")["flat_macs"].mean()
        axes.plot(flat.index, flat, "--", color="#D55E00", label="flat, masked")
        axes.set_xscale("log")
        axes.set_xticks(COUNTS, [str(count) for count in COUNTS])
        axes.minorticks_off()
        axes.set_ylim(0, None)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("classes N")
        axes.grid(visible=True, color="0.93")
        axes.set_axisbelow(True)
    figure.axes[0].set_ylabel("million MACs")
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure


def main() -> None:
    """Cost every tree of every set of classes."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    found = [row for seed in SEEDS for labels in nested(seed) for row in rows_of(labels, seed)]
    rows = pd.DataFrame(found).round(4)
    write_text(RESULTS / "growth.csv", rows.to_csv(index=False))
    save_figure(RESULTS / "growth.png", picture(rows))
    facts = {
        "command": "python analysis/studies/growth.py",
        "labels": get_labels("icons-600").digest,
        "seeds": list(SEEDS),
        "versions": versions("numpy", "scipy"),
        **stamp(),
    }
    write_json(RESULTS / "growth.json", facts)
    means = rows.groupby(["levels", "source", "kind", "classes"], sort=False)
    print(means[["groups", "macs", "params", "flat_macs", "of_whole"]].mean().round(3).to_string())


if __name__ == "__main__":
    main()
