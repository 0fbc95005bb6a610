"""Which tree `taxonomy.generate` makes by default: every setting on twelve label sets.

    python analysis/studies/defaults.py [--measures wup,lin] [--only kitchen,coco]

Writes ``analysis/results/defaults.csv`` (every tree), ``defaults-summary.csv`` (the default beside
the others, one line a label set and source), ``defaults.json`` and ``.png``. Label lists lie in
``analysis/inputs``; ``# [group]`` lines in them are the published superclasses, or how a person
sorts the words. Sources: WordNet by several measures, sentence embeddings, the shipped answers of a
language model about the icons, and random numbers as the control. WordNet is asked about the
classes for which `taxonomy.wordnet.senses` finds a noun.

What is measured of each tree:

- ``of_chance``: Dasgupta's cost of what pairs are more alike than the average pair, over its mean
  under random relabelling of the same tree (`taxonomy.comparison.share_of_chance`), which is what
  `generate` prints. It does not depend on a source's scale.
- ``raw_of_chance``: the same of the similarities as they are, `dasgupta_cost` over its expected
  value as the comparison room has it; ``raw_cost`` is the former, normalised. They depend on the
  scale: where unrelated classes score 0.6, no tree can be far from chance.
- ``purity``, ``triplets``, ``ami``: agreement with the superclasses where there are any: dendrogram
  purity; the share of triples "two of one superclass, one of another" that the tree parts rightly,
  a third for those that it leaves open; adjusted mutual information of its better level.
- ``coherent_macs``, ``random_macs``, ``all_macs``: closed-form MACs of an expert of five classes,
  mean over tasks drawn from the superclasses, or from WordNet's own tree, and at random, and of the
  whole network, all of `NetSpec.recommended`; empty for trees deeper than it goes.
- ``seconds`` of processor time to build the tree from the similarities.

The settings are those of the builders ``cluster`` and ``shaped``; ``shaped`` takes minutes beyond
`MOST_SHAPED` classes and is left out there. ``whole dendrogram`` is no network's tree, and the
least that trees of levels can come to.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import adjusted_mutual_info_score

from taxonomy import NetSpec, get_builder, get_labels, get_source
from taxonomy.comparison import FITS, dasgupta_cost, dendrogram_purity, share_of_chance, summary
from taxonomy.design import cost, expert_costs
from taxonomy.labels import LabelSet
from taxonomy.plots import save_figure
from taxonomy.similarity import DenseSimilarity
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import TaskList, sample_coherent, sample_random
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.wordnet.senses import propose

INPUTS = Path(__file__).parents[1] / "inputs"
RESULTS = Path(__file__).parents[1] / "results"
SETS: dict[str, str | Path] = {
    "eight": INPUTS / "sets" / "eight.txt",
    "twenty": INPUTS / "sets" / "twenty.txt",
    "forty": INPUTS / "sets" / "forty.txt",
    "workshop": INPUTS / "sets" / "workshop.txt",
    "kitchen": INPUTS / "kitchen.txt",
    "coco": INPUTS / "sets" / "coco.txt",
    "species": INPUTS / "sets" / "species.txt",
    "food-101": INPUTS / "sets" / "food-101.txt",
    "cifar-100": "cifar-100",
    "icons": "icons",
    "places": INPUTS / "sets" / "places.txt",
    "imagenet-1k": "imagenet-1k",
}
SUPERCLASSES = ("eight", "twenty", "forty", "workshop", "coco", "species", "cifar-100")
MEASURES = ("wup", "path", "lch", "res", "jcn", "lin")
DEFAULT, OLD, WHOLE = "natural", "auto", "whole dendrogram"
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    DEFAULT: ("cluster", {"levels": "natural"}),
    "natural, complete": ("cluster", {"levels": "natural", "linkage": "complete"}),
    "natural, weighted": ("cluster", {"levels": "natural", "linkage": "weighted"}),
    "natural, single": ("cluster", {"levels": "natural", "linkage": "single"}),
    "natural, groups of 2": ("cluster", {"levels": "natural", "least": 2}),
    "natural, 1 level": ("cluster", {"levels": "natural", "most_levels": 1}),
    "natural, 3 levels": ("cluster", {"levels": "natural", "most_levels": 3}),
    OLD: ("cluster", {"levels": "auto"}),
    "auto, complete": ("cluster", {"levels": "auto", "linkage": "complete"}),
    "auto, refined": ("cluster", {"levels": "auto", "refine": True}),
    "shaped": ("shaped", {}),
    "shaped, cheapest": ("shaped", {"groups": "cheapest"}),
    "shaped, up to 24": ("shaped", {"most_leaves": (24,), "most_children": 24}),
    WHOLE: ("cluster", {"levels": ()}),
}
"""Builders and their options by name; the first is the default, ``auto`` was it before."""

MOST_SHAPED, MOST_REFINED = 250, 400
"""Classes up to which ``shaped`` and the refinement of bounded groups take seconds."""

ROOM = 1.1
"""The default may be so many times the best."""
MOST_OF_CHANCE = 0.85
TASKS, SIZE = 200, 5


def superclasses(name: str) -> dict[str, str]:
    """Return the superclass of every class, by the ``# [group]`` lines of the list."""
    found, group = {}, ""
    for line in (INPUTS / "sets" / f"{name}.txt").read_text("utf-8").splitlines():
        if line.startswith("# ["):
            group = line[3:-1]
        elif not line.startswith("#"):
            found[line] = group
    return found


def in_wordnet(labels: LabelSet) -> LabelSet:
    """Return the labels that are nouns of WordNet, with their synsets."""
    if all(label.wnid for label in labels):
        return labels
    meant = (proposal.labelled() for proposal in propose(labels))
    return LabelSet(label for label in meant if label.wnid)


def similarities(
    name: str, labels: LabelSet, known: LabelSet, measures: tuple[str, ...]
) -> Iterator[tuple[str, DenseSimilarity]]:
    """Yield every source's name and its similarities."""
    for measure in measures:
        source = get_source("wordnet", measure=measure, same_synset="allow")
        yield f"wordnet {measure}", source(known).all_pairs()
    yield "embedding", get_source("embedding")(labels).all_pairs()
    if name == "icons":
        yield "llm", get_source("llm", transcript="icons/llm-rows")(labels).all_pairs()
    yield "random", get_source("random")(labels).all_pairs()


def reference(known: LabelSet, groups: dict[str, str]) -> Hierarchy:
    """Return the tree that coherent tasks are drawn from."""
    if not groups:
        return get_builder("hypernyms", same_synset="allow")(known)
    by_name: dict[str, list[str]] = {}
    for label, group in groups.items():
        by_name.setdefault(group, []).append(label)
    return Hierarchy.from_nested(list(by_name.values())).restrict(known.ids)


def level_groups(tree: Hierarchy) -> Iterator[list[int]]:
    """Yield the group of every class at the top, and at the bottom, of a tree."""
    lines = [tree.ancestors(leaf) for leaf in tree.leaves]  # upwards, the root last
    yield [line[-2] if len(line) > 1 else -at for at, line in enumerate(lines, start=1)]
    yield [line[0] or -at for at, line in enumerate(lines, start=1)]


def agreement(tree: Hierarchy, groups: dict[str, str]) -> dict[str, float]:
    """Return how a tree agrees with superclasses."""
    names = np.array([groups[leaf] for leaf in tree.leaves])
    size = tree.leaf_counts[tree.lowest_common_ancestors]
    right = number = 0.0
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        if names[i] == names[j]:
            others = names != names[i]
            near = size[i, j]
            first = (size[i] > near) & (size[j] > near)
            open_ = (size[i] == near) & (size[j] == near)
            right += float(first[others].sum() + open_[others].sum() / 3)
            number += float(others.sum())
    ami = max(adjusted_mutual_info_score(names, level) for level in level_groups(tree))
    return {
        "purity": dendrogram_purity(tree, groups),
        "triplets": right / number,
        "ami": float(ami),
    }


def measured(
    tree: Hierarchy, similarity: DenseSimilarity, tasks: dict[str, TaskList], groups: dict[str, str]
) -> dict[str, float]:
    """Return what is measured of a tree, time apart."""
    shape = summary(tree)
    by_chance = FITS["dasgupta_cost"].expected
    assert by_chance is not None
    row = {
        "of_chance": share_of_chance(tree, similarity),
        "raw_of_chance": dasgupta_cost(tree, similarity) / by_chance(tree, similarity),
        "raw_cost": dasgupta_cost(tree, similarity, normalised=True),
        "levels": int(tree.depth[tree.nodes].max()),
        **{name: shape[name] for name in ("nodes", "groups", "smallest", "largest")},
        **(agreement(tree, groups) if groups else {}),
    }
    if row["levels"] <= 3:
        spec = NetSpec.recommended(tree)
        for kind, wanted in tasks.items():
            row[f"{kind}_macs"] = float(expert_costs(spec, tree, wanted).macs.mean())
        row["all_macs"] = cost(spec, tree).macs
    return row


def fits(setting: str, n: int) -> bool:
    """Tell whether a setting is tried on so many classes."""
    if setting.startswith("shaped"):
        return 6 <= n <= MOST_SHAPED
    return n <= MOST_REFINED or not setting.endswith("refined")


def rows_of(name: str, measures: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """Yield one row for every source and setting on a label set."""
    labels = get_labels(SETS[name])
    known = in_wordnet(labels)
    groups = superclasses(name) if name in SUPERCLASSES else {}
    drawn_from = reference(known, groups)
    coherent = sample_coherent(drawn_from, "reference", min(SIZE, len(labels) // 2), TASKS, 0)
    at_random = sample_random(known.ids, min(SIZE, len(labels) // 2), TASKS, 0)
    tasks = {
        "coherent": TaskList(coherent, known.ids),
        "random": TaskList(at_random, known.ids),
    }
    for source, similarity in similarities(name, labels, known, measures):
        asked = known if source.startswith("wordnet") else labels
        for setting, (builder, options) in SETTINGS.items():
            if not fits(setting, len(asked)):
                continue
            started = time.process_time()
            tree = get_builder(builder, **options)(asked, similarity)
            seconds = round(time.process_time() - started, 3)
            row = {"labels": name, "n": len(asked), "source": source, "setting": setting}
            yield {**row, **measured(tree, similarity, tasks, groups), "seconds": seconds}


def summarised(table: pd.DataFrame) -> pd.DataFrame:
    """Return one line a label set and source: the default beside the best and the old one.

    ``worse`` is the default over the best: of all settings, trees of three levels and the whole
    dendrogram included, by the cost as it is; of those with two levels at most, by ``of_chance``.
    """
    rows = []
    for (labels, source), part in table.groupby(["labels", "source"], sort=False):
        by = part.set_index("setting")
        two = by[by["levels"] <= 2]
        own, old, three = by.loc[DEFAULT], by.loc[OLD], by.loc["natural, 3 levels", "of_chance"]
        rows.append(
            {
                "labels": labels,
                "n": own["n"],
                "source": source,
                "of_chance": own["of_chance"],
                "old_of_chance": old["of_chance"],
                "best_of_chance": two["of_chance"].min(),
                "best": two["of_chance"].idxmin(),
                "worse": own["of_chance"] / two["of_chance"].min(),
                "worse_than_three_levels": own["of_chance"] / three,
                "whole": by.loc[WHOLE, "of_chance"],
                "raw_of_chance": own["raw_of_chance"],
                "raw_whole": by.loc[WHOLE, "raw_of_chance"],
                "raw_worse": own["raw_of_chance"] / by["raw_of_chance"].min(),
                "coherent_macs": own["coherent_macs"] / old["coherent_macs"],
                "random_macs": own["random_macs"] / old["random_macs"],
                "all_macs": own["all_macs"] / old["all_macs"],
                "seconds": own["seconds"],
                "old_seconds": old["seconds"],
            }
        )
    return pd.DataFrame(rows)


def verdict(lines: pd.DataFrame) -> dict[str, object]:
    """Return whether the default is as good as it was to be, and where it is least so."""
    knowing = lines[lines["source"] != "random"]

    def worst(column: str) -> dict[str, object]:
        row = knowing.loc[knowing[column].idxmax()]
        return {"at": f"{row['labels']}, {row['source']}", column: round(float(row[column]), 4)}

    return {
        "within_room_of_best": bool((knowing["worse"] <= ROOM).all()),
        "within_room_of_three_levels": float((knowing["worse_than_three_levels"] <= ROOM).mean()),
        "raw_within_room_of_best": bool((knowing["raw_worse"] <= ROOM).all()),
        "below_most_of_chance": bool((knowing["of_chance"] <= MOST_OF_CHANCE).all()),
        "raw_below_most_of_chance": float((knowing["raw_of_chance"] <= MOST_OF_CHANCE).mean()),
        "raw_whole_dendrogram_below": float((knowing["raw_whole"] <= MOST_OF_CHANCE).mean()),
        "worst": [
            worst(column)
            for column in (
                "worse",
                "worse_than_three_levels",
                "raw_worse",
                "of_chance",
                "raw_whole",
            )
        ],
    }


def means(table: pd.DataFrame) -> pd.DataFrame:
    """Return each setting's means over label sets and sources that know something."""
    knowing = table[table["source"] != "random"]
    tried = knowing.groupby(["labels", "source"])["setting"].transform("nunique")
    everywhere = knowing[tried == len(SETTINGS)]  # where every setting was tried
    columns = ["of_chance", "raw_of_chance", "purity", "triplets", "ami", "nodes"]
    columns += ["coherent_macs", "random_macs", "all_macs", "seconds"]
    found = everywhere.groupby("setting", sort=False)[columns].mean()
    for column in ("coherent_macs", "random_macs", "all_macs"):
        found[column] /= 1e6
    return found


def picture(table: pd.DataFrame) -> Figure:
    """Draw how far from chance the default is, the one before it, and the best."""
    shown = {DEFAULT: ("#0072B2", "o"), OLD: ("#D55E00", "s"), WHOLE: ("0.55", "|")}
    wanted = ("wordnet wup", "wordnet lin", "embedding", "llm", "random")
    sources = [name for name in wanted if name in set(table["source"])]
    figure = Figure(figsize=(2.5 * len(sources) + 1.2, 4.2), layout="constrained")
    names = list(dict.fromkeys(table["labels"]))
    for axes, source in zip(
        figure.subplots(1, len(sources), sharey=True, squeeze=False)[0], sources, strict=True
    ):
        for setting, (colour, marker) in shown.items():
            part = table[(table["source"] == source) & (table["setting"] == setting)]
            places = [len(names) - names.index(label) for label in part["labels"]]
            axes.plot(part["of_chance"], places, marker, color=colour, label=setting)
        axes.axvline(MOST_OF_CHANCE, color="0.8", linewidth=1)
        axes.set(xlim=(0, 1.02), title=source, xlabel="cost, share of chance")
        axes.set_yticks(range(len(names), 0, -1), names)
    handles, told = axes.get_legend_handles_labels()
    figure.legend(handles, told, loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    return figure


def main() -> None:
    """Build every tree, measure it, and write tables and picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--measures", default=",".join(MEASURES), help="WordNet's, by commas [all]")
    parser.add_argument("--only", default=",".join(SETS), help="label sets, by commas [all]")
    arguments = parser.parse_args()
    measures, names = (tuple(x.split(",")) for x in (arguments.measures, arguments.only))
    started = time.perf_counter()
    found: list[dict[str, object]] = []
    for name in names:
        found += rows_of(name, measures)
        print(f"{name}: {len(found)} trees, {time.perf_counter() - started:.0f} s", flush=True)
    table = pd.DataFrame(found)
    lines = summarised(table)
    write_text(RESULTS / "defaults.csv", table.round(4).to_csv(index=False))
    write_text(RESULTS / "defaults-summary.csv", lines.round(4).to_csv(index=False))
    save_figure(RESULTS / "defaults.png", picture(table))
    facts = {
        "command": shlex.join(["python", "analysis/studies/defaults.py", *sys.argv[1:]]),
        "settings": {name: [builder, options] for name, (builder, options) in SETTINGS.items()},
        "labels": {name: get_labels(SETS[name]).digest for name in names},
        "tasks": f"{TASKS} of {SIZE} classes (half of them where there are fewer than ten), seed 0",
        "verdict": verdict(lines),
        "means": means(table).round(4).to_dict("index"),
        "seconds": round(time.perf_counter() - started),
        "versions": versions("numpy", "scipy", "sentence-transformers"),
        **stamp(),
    }
    write_json(RESULTS / "defaults.json", facts)
    print(lines.round(3).to_string(index=False))
    print(means(table).round(3).to_string())
    print(*(f"{key}: {value}" for key, value in verdict(lines).items()), sep="\n")
    print(f"tables written to {RESULTS}/defaults*")


if __name__ == "__main__":
    main()
