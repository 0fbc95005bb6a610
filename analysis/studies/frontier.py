"""Experts against the flat family: the recommended recipe, three seeds, every claim computed.

    make frontier          (trains, chooses on validation, prints the verdict on validation)
    python analysis/studies/frontier.py --split test      (once, for the final table)

The flat family has the tree networks' teacher, losses and epochs; the blending of pictures, which
costs it accuracy, it is spared. The tree's path, trained as the flat family is, shows what the tree
adds to its blocks. Writes ``results/frontier-<split>.csv`` (means over seeds), ``…-seeds.csv``,
``….json`` with the verdict, ``….png``.
"""

from __future__ import annotations

import argparse
import math

import pandas as pd
from matplotlib.figure import Figure
from recipes import (
    KINDS,
    RESULTS,
    TREE_SPEC,
    Runs,
    arguments_of,
    flat_family,
    flat_setting,
    icon_tasks,
    record,
    trained,
    tree_setting,
)

from taxonomy.evaluation.experts import mean_points, points
from taxonomy.plots import cost_accuracy_figure, save_figure
from taxonomy.studies.claims import claims, sentence
from taxonomy.studies.settings import Setting, mean_over_seeds, score_series

PATH, TREE = "tree path", "tree"

CLAIMED = ("coherent5", "coherent5_wordnet", "coherent5_llm-groups")
"""All coherent tasks of five classes; and by where they were drawn from, for the tree is of the
same language model as the one half of them, which flatters it."""


def settings() -> dict[str, Setting]:
    """Return the flat family, and the recommended tree network beside its path."""
    return flat_family() | {PATH: flat_setting(TREE_SPEC.path()), TREE: tree_setting()}


def is_flat(name: str) -> bool:
    """Tell whether a setting belongs to the flat family."""
    return name.startswith("flat ")


def picture(runs: Runs, split: str) -> Figure:
    """Draw accuracy over cost, means over seeds."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for (name, _), run in runs.items():
        table = points(run.spec, run.hierarchy, run.predictions(split), icon_tasks())
        tables.setdefault(name, []).append(table)
    keys = ["task", "kind", "reference", "size"]
    shown = {  # a task's mean over the seeds, for the seeds' tasks are the same ones
        name: pd.concat(of).groupby(keys, sort=False, dropna=False, as_index=False).mean()
        for name, of in tables.items()
    }
    flat = [name for name in shown if is_flat(name)]
    seeds = sorted({seed for _, seed in runs})
    note = f"{split} split; means of seeds {seeds}; bars: standard error over tasks"
    return cost_accuracy_figure(mean_points(shown), flat, 5, note, [PATH])


def main() -> None:
    """Train what is missing, then write the tables and print the verdict."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--split", choices=("val", "test"), default="val", help="[val]")
    arguments = arguments_of(__doc__, "frontier", "0,1,2", own)
    every = settings()
    runs = trained(arguments, every)
    validation = mean_over_seeds(score_series(runs, icon_tasks(), "val", KINDS))
    scores = score_series(runs, icon_tasks(), arguments.split, KINDS)
    means = mean_over_seeds(scores)
    print(means.round(4).to_string(index=False))
    stem = f"frontier-{arguments.split}"
    save_figure(RESULTS / f"{stem}.png", picture(runs, arguments.split))
    names = list(means["setting"])
    flat = [name for name in names if is_flat(name)]
    made: dict[str, object] = {}
    for kind in CLAIMED if flat and TREE in names else ():
        claim = claims(TREE, flat, means, validation, kind)
        print(f"{TREE}, {kind}\n{sentence(claim)}")
        made[kind] = {  # what is not finite JSON cannot hold
            what: value if isinstance(value, str) or math.isfinite(value) else None
            for what, value in claim.items()
        }
    record(stem, every, {"": means, "-seeds": scores}, claims=made)


if __name__ == "__main__":
    main()
