"""What experts cost by where the tree comes from: expected MACs over the icons' tasks, no training.

    python analysis/studies/expected_cost.py [--network RUN]

Writes ``analysis/results/expected-cost.csv``, ``.json`` and ``.png``. One network (the nested
one of `recipes`), one way of clustering within the same bounds, every source. ``cooccurrence``
knows the tasks and is the bound, with all groups that are asked for; ``cooccurrence, fewer groups``
takes the numbers that are cheapest, for clustering may end with fewer than asked for, which is a
smaller network. ``cooccurrence, other tasks`` knows only the half of the tasks that it is not
costed on. ``--network`` adds what a trained flat network takes for alike (after ``taxonomy features
RUN``). ``random`` and the sources with their labels shuffled are the nulls, ten seeds each.

The coherent and mixed tasks were drawn from WordNet's own tree and from a grouping by the language
model whose scores are among the sources, which flatters both; ``named`` tasks are the dozen that
were written down by hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from recipes import NESTED_SPEC, RESULTS, icon_tasks

from taxonomy.builders import get_builder
from taxonomy.clustering.levels import largest_group
from taxonomy.clustering.shaped import Shape
from taxonomy.clustering.wanted import least_cost, wanted_tree
from taxonomy.design import NetSpec, cost, expert_costs
from taxonomy.labels import LabelSet, get_labels
from taxonomy.plots import save_figure
from taxonomy.similarity import get_source
from taxonomy.studies.results import read_json, stamp, versions, write_json, write_text
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy

ROWS = "llm transcript=icons/llm-rows"
WORDNET = "wordnet measure=wup-nltk"  # as when the results were written
SOURCES = {
    "wordnet": WORDNET,
    "embedding": "embedding",
    "llm rows": ROWS,
    "mixture of all three": f"{WORDNET}; embedding; {ROWS}",
    "mixture of wordnet and llm": f"{WORDNET}; {ROWS}",
}
"""Recipes of sources, in the words of the source ``mixture``."""

VIEWS = ("weights", "features", "confusion")
SHUFFLED = ("wordnet", "embedding", "llm rows")
SEEDS = range(10)
GROUPS = (12, 48)
SLACKS = (1.5, 2.0)
"""A group holds at most so many times its even share; 2 is the recommended, roomier tree."""

TRIES = 60
KINDS = {
    "coherent_wordnet": ("coherent", "wordnet"),
    "coherent_llm": ("coherent", "llm-groups"),
    "mixed": ("mixed", None),
    "random": ("random", None),
    "named": ("named", None),
}


@dataclass(frozen=True)
class Bounded:
    """Clustering within bounds, and the same bounds for the search by tasks.

    Args:
        slack: see `SLACKS`.
        n: classes.
        network: a run's folder, or none.
    """

    slack: float
    n: int
    network: str = ""

    def shape(self, groups: tuple[int, int] = GROUPS) -> Shape:
        """Return the bounds of ``cluster`` in the words of ``shaped``."""
        most = tuple(largest_group(self.n, groups, self.slack) for groups in GROUPS)
        return Shape(2, groups, 1, self.n, (1, 2), most)

    def fewer(self) -> Iterator[tuple[int, int]]:
        """Yield numbers of groups down to a little above the fewest that the bounds allow."""
        ranges = [
            np.linspace(1.1 * np.ceil(self.n / most), groups, 4).round().astype(int).tolist()
            for groups, most in zip(GROUPS, self.shape().most_leaves, strict=True)
        ]
        yield from product(*ranges)

    def cluster(self, labels: LabelSet, source: str, **options: object) -> Hierarchy:
        """Return the clustered tree of a source."""
        build = get_builder("cluster", levels=GROUPS, slack=self.slack)
        return build(labels, get_source(source, **options)(labels))

    def trees(self, labels: LabelSet, tasks: TaskList) -> Iterator[tuple[str, list[Hierarchy]]]:
        """Yield the trees of every source, of one or of several seeds."""
        for name, recipe in SOURCES.items():
            kind, *words = recipe.split()
            if ";" in recipe:
                yield name, [self.cluster(labels, "mixture", of=recipe)]
            else:
                options = dict(word.split("=", 1) for word in words)
                yield name, [self.cluster(labels, kind, **options)]
        for view in VIEWS if self.network else ():
            options = {"network": self.network, "view": view}
            yield f"visual {view}", [self.cluster(labels, "visual", **options)]
        yield "cooccurrence", [wanted_tree(tasks, NESTED_SPEC, self.shape(), tries=TRIES)]
        found = [wanted_tree(tasks, NESTED_SPEC, self.shape(k), tries=3) for k in self.fewer()]
        least = min(found, key=lambda tree: tree.provenance["mean_cost"])
        yield "cooccurrence, fewer groups", [least]
        yield "random", [self.cluster(labels, "random", seed=seed) for seed in SEEDS]
        for name in SHUFFLED:
            yield (
                f"shuffled {name}",
                [self.cluster(labels, "shuffled", of=SOURCES[name], seed=seed) for seed in SEEDS],
            )


def halves(tasks: TaskList, seed: int) -> tuple[TaskList, TaskList]:
    """Return two halves of the tasks, drawn at random."""
    drawn = np.random.default_rng(seed).permutation(len(tasks)) < len(tasks) // 2
    parts = ([t for t, one in zip(tasks, drawn, strict=True) if one == side] for side in (0, 1))
    one, other = (TaskList(part, tasks.ids) for part in parts)
    return one, other


def unseen_costs(bounded: Bounded, tasks: TaskList, seed: int) -> pd.Series:
    """Return what experts cost on trees that were searched for with the other half of the tasks."""
    one, other = halves(tasks, seed)
    measured = []
    for known, costed in ((one, other), (other, one)):
        tree = wanted_tree(known, NESTED_SPEC, bounded.shape(), tries=5)
        measured.append(costs_of(tree, costed) * [len(costed)])
    return (measured[0] + measured[1]) / len(tasks)


def costs_of(tree: Hierarchy, tasks: TaskList, spec: NetSpec = NESTED_SPEC) -> pd.Series:
    """Return mean MACs and parameters of a tree's experts, and MACs by kind of task."""
    costs = expert_costs(spec, tree, tasks)
    row = {"macs": costs.macs.mean(), "params": costs.params.mean()}
    for name, (kind, reference) in KINDS.items():
        chosen = [t.kind == kind and reference in (None, t.reference) for t in tasks]
        row[f"macs_{name}"] = costs.macs[np.array(chosen)].mean()
    row["macs_whole"] = cost(spec, tree).macs
    row["top_groups"], row["groups"] = np.bincount(tree.depth[tree.nodes], minlength=3)[1:]
    return pd.Series(row)


def table(labels: LabelSet, tasks: TaskList, bounded: Bounded) -> pd.DataFrame:
    """Return one row a source: means over seeds, and the seeds' standard deviation."""
    rows = {}
    for name, trees in bounded.trees(labels, tasks):
        rows[name] = pd.DataFrame([costs_of(tree, tasks) for tree in trees])
        print(
            f"slack {bounded.slack}: {name:28s} {rows[name]['macs'].mean() / 1e6:.3f} MMACs",
            flush=True,
        )
    unseen = [unseen_costs(bounded, tasks, seed) for seed in range(3)]
    rows["cooccurrence, other tasks"] = pd.DataFrame(unseen)
    made = pd.DataFrame({name: part.mean() for name, part in rows.items()}).T
    made.insert(1, "macs_sd", [part["macs"].std() for part in rows.values()])
    most, least = made.loc["random", "macs"], made.loc["cooccurrence", "macs"]
    made.insert(0, "saved", (most - made["macs"]) / (most - least))
    made.insert(0, "trees", [len(part) for part in rows.values()])
    floor = least_cost(tasks, NESTED_SPEC, bounded.shape())
    made.loc["no tree below"] = pd.Series({"macs": floor})
    made.insert(0, "slack", bounded.slack)
    return made.reset_index(names="source")


def picture(rows: pd.DataFrame) -> Figure:
    """Draw every source's mean cost, cheapest on top, one panel a bound on the groups."""
    slacks = list(dict.fromkeys(rows["slack"]))
    figure = Figure(figsize=(5.2 * len(slacks), 4.8), layout="constrained")
    for axes, slack in zip(figure.subplots(1, len(slacks), squeeze=False)[0], slacks, strict=True):
        shown = rows[rows["slack"] == slack].sort_values("macs", ascending=False)
        places = np.arange(len(shown))
        null = shown["source"].str.startswith(("random", "shuffled")).to_numpy()
        bound = shown["source"].str.startswith(("cooccurrence", "no tree")).to_numpy()
        for chosen, colour, marker, label in (
            (~null & ~bound, "#0072B2", "o", "sources"),
            (null, "#D55E00", "s", "null models, with the seeds' standard deviation"),
            (bound, "0.4", "D", "trees that know the tasks, and the least possible"),
        ):
            axes.errorbar(
                shown["macs"][chosen] / 1e6,
                places[chosen],
                xerr=shown["macs_sd"][chosen].fillna(0) / 1e6,
                color=colour,
                marker=marker,
                linestyle="none",
                label=label,
            )
        axes.set_yticks(places, shown["source"])
        axes.set_xlabel("million MACs of an expert, mean over tasks")
        axes.set_title(f"groups of up to {slack:g} times the even share", fontsize=10)
        axes.grid(visible=True, axis="x", color="0.92")
        axes.set_axisbelow(True)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    return figure


def main() -> None:
    """Cost every source's experts and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", default="", metavar="RUN", help="a finished run of a flat net")
    network = parser.parse_args().network
    labels, tasks = get_labels("icons"), icon_tasks()
    every = [Bounded(slack, len(labels), network) for slack in SLACKS]
    rows = pd.concat([table(labels, tasks, bounded) for bounded in every])
    numbers = [name for name in rows if name.startswith(("macs", "params"))]
    rows[numbers] = rows[numbers].round(0)
    write_text(RESULTS / "expected-cost.csv", rows.round(4).to_csv(index=False))
    save_figure(RESULTS / "expected-cost.png", picture(rows))
    facts = {
        "command": "python analysis/studies/expected_cost.py"
        f"{network and f' --network {network!r}'}",
        "network": read_json(f"{network}/manifest.json")["model"] if network else None,
        "units": "multiply-accumulates of one picture and learned numbers, means over all tasks",
        "saved": "share of the way from random to cooccurrence",
        "beware": "coherent and mixed tasks are drawn from WordNet's tree and from groups by the "
        "language model whose scores are among the sources",
        "tasks": tasks.digest,
        "labels": labels.digest,
        "spec": NESTED_SPEC.to_dict(),
        "groups": list(GROUPS),
        "seeds": list(SEEDS),
        "tries": TRIES,
        "sources": SOURCES,
        "versions": versions("numpy", "scipy", "sentence-transformers"),
        **stamp(),
    }
    write_json(RESULTS / "expected-cost.json", facts)
    print(rows.to_string(index=False))
    print(f"tables written to {RESULTS}/expected-cost.*")


if __name__ == "__main__":
    main()
